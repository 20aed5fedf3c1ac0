package web

import (
	"context"
	"slices"

	"thinker/shared/apm/search"
)

// menus let the reader choose the window of a page.
type menus struct {
	window
	Envs  []string // there are; the current one is always among them
	Place place
}

// menus prepares the menus for a window. Which environments there are is
// nothing that a choice of time changes, so they do not come and go with it.
func (w *Web) menus(ctx context.Context, p place, win window) (*menus, error) {
	const most = 20
	m := &menus{window: win, Place: p}
	facets, err := w.countValues(ctx, search.Selection{}, []search.Field{{Name: "env"}}, most)
	if err != nil {
		return nil, err
	}
	for _, facet := range facets {
		for _, value := range facet.Values {
			m.Envs = append(m.Envs, value.Value)
		}
	}
	if win.Env != "" && !slices.Contains(m.Envs, win.Env) {
		m.Envs = append(m.Envs, win.Env)
	}
	slices.Sort(m.Envs)
	return m, nil
}

// Ranges are what may be chosen.
func (m *menus) Ranges() []timeRange { return ranges() }

// RangeTitle is what the menu of times says.
func (m *menus) RangeTitle() string {
	if chosen, ok := rangeOf(m.Range); ok {
		return chosen.Title
	}
	if m.window.Chosen() {
		return "Custom"
	}
	return "All time"
}

// EnvTitle is what the menu of environments says.
func (m *menus) EnvTitle() string {
	if m.Env == "" {
		return "all"
	}
	return short(m.Env)
}

// EnvURL is the same page in another environment; in all for "".
func (m *menus) EnvURL(env string) string { return m.Place.With("env", env) }

// RangeURL is the same page in another time.
func (m *menus) RangeURL(name string) string {
	return m.Place.With("range", name, "from", "", "to", "")
}

// Begin and End are the window's time; nil where it is open.
func (m *menus) Begin() *moment { return momentOrNone(m.From) }

func (m *menus) End() *moment { return momentOrNone(m.To) }
