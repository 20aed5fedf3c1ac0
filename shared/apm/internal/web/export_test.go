package web

import "thinker/shared/apm/internal/web/page"

// Routes returns all routes.
func (w *Web) Routes() []page.Route { return w.routes }
