// Package need says what a test needs of the machine it runs on. Without it the
// test is skipped with its reason, but in CI (where CI is set) it fails, so that
// nothing goes untested unnoticed.
package need

import (
	"os"
	"os/exec"
	"testing"
)

// Program returns the path of a program in the PATH.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, "%s is not installed", name)
	}
	return path
}

// Missing ends the test for a reason that lies in the machine.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
