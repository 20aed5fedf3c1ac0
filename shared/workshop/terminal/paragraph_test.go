package terminal

import (
	"strings"
	"testing"
)

func TestParagraph(t *testing.T) {
	terminal := &Terminal{out: &strings.Builder{}, columns: func() int { return 60 }}
	got := terminal.Paragraph("  ", "Moves the thoughts\n\tinto SQLite, and reads them through a driver\a that is instrumented, so that … "+strings.Repeat("w", 70))
	want := "  Moves the thoughts into SQLite, and reads them through a\n  driver� that is instrumented, so that …\n  " + strings.Repeat("w", 70) + "\n"
	if got != want {
		t.Errorf("shows\n%s\nwant\n%s", got, want)
	}
}
