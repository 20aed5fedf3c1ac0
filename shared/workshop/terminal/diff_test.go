package terminal

import "testing"

func TestDiff(t *testing.T) {
	hunk := "@@ -1,3 +1,2 @@\n \tkept\n--- a comment\n+\tnew \x1b[2J\n"
	plain := New(nil)
	if got, want := plain.Diff(hunk), "@@ -1,3 +1,2 @@\n \tkept\n--- a comment\n+\tnew �[2J\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	coloured := &Terminal{colours: true}
	want := "\x1b[2m@@ -1,3 +1,2 @@\x1b[0m\n \tkept\n\x1b[31m--- a comment\x1b[0m\n\x1b[32m+\tnew �[2J\x1b[0m\n"
	if got := coloured.Diff(hunk); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
