package page

import (
	"context"
	"math"
	"slices"
	"time"

	"thinker/shared/apm/query"
)

// menus are the choices of environment and time range above a page.
type menus struct {
	Window
	Envs  []string // sorted; always includes the current one
	Place URL
}

// Menus prepares the menus for a window. They list the environments of all time, so
// that these do not come and go with the time range.
func (site *Site) Menus(ctx context.Context, p URL, win Window) (*menus, error) {
	const most = 20
	m := &menus{Window: win, Place: p}
	facets, err := site.CountValues(ctx, query.Selection{}, []query.Field{{Name: "env"}}, most)
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

// Ranges returns the time ranges to choose from.
func (m *menus) Ranges() []TimeRange { return Ranges() }

// RangeTitle returns the title of the time menu, or "" for a range that the reader
// gave.
func (m *menus) RangeTitle() string {
	if chosen, ok := RangeOf(m.Range); ok {
		return chosen.Title
	}
	if m.From != 0 || m.To != 0 {
		return ""
	}
	return "All time"
}

// Length returns how long a window with two ends is.
func (m *menus) Length() string {
	return Distance(time.Duration(min(uint64(m.To)-uint64(m.From), math.MaxInt64)))
}

// EnvTitle returns the title of the environment menu.
func (m *menus) EnvTitle() string {
	if m.Env == "" {
		return "all"
	}
	return Short(m.Env)
}

// EnvURL returns the address of the same page in another environment; "" is all.
func (m *menus) EnvURL(env string) string { return m.Place.With("env", env) }

// RangeURL returns the address of the same page in another time range.
func (m *menus) RangeURL(name string) string {
	return m.Place.With("range", name, "from", "", "to", "")
}

// Begin returns the start of the window, or nil if it is open.
func (m *menus) Begin() *Moment { return MomentOrNone(m.From) }

// End returns the end of the window, or nil if it is open.
func (m *menus) End() *Moment { return MomentOrNone(m.To) }
