package web

import (
	"fmt"
	"net/http"
)

// apiClear serves DELETE /api/traces: it deletes all traces.
func (w *Web) apiClear(rw http.ResponseWriter, r *http.Request) error {
	if err := w.Traces.Clear(r.Context()); err != nil {
		return fmt.Errorf("clear the traces: %w", err)
	}
	rw.WriteHeader(http.StatusNoContent)
	return nil
}
