//go:build unix

package readme

import "testing"

// NewRunnerAt is NewRunner for a step that is healthy once these paths answer,
// by address.
func NewRunnerAt(t testing.TB, dir string, health map[string]string, env ...string) *Runner {
	t.Helper()
	s := open(t, dir, env...)
	s.health = health
	return &Runner{session: s}
}
