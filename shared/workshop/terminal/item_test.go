package terminal

import (
	"strings"
	"testing"
)

func TestItem(t *testing.T) {
	var out strings.Builder
	terminal := &Terminal{out: &out, columns: func() int { return 60 }}
	text := "http://localhost:5000 is held by macOS, for AirPlay.\a"
	terminal.Item(No, "thinker-api", text, "→ Switch it off.")
	terminal.screen, terminal.colours = true, true
	terminal.Item(Yes, "Go", text)
	terminal.Item(Neither, "Docker", "It is not here.")
	want := `  ✗ thinker-api           http://localhost:5000 is held by macOS, for AirPlay.�
                          → Switch it off.
  [32m✓[0m Go                    http://localhost:5000 is held by
                          macOS, for AirPlay.�
  [2m–[0m Docker                It is not here.
`
	if got := strings.ReplaceAll(out.String(), "\x1b", ""); got != want {
		t.Errorf("shows\n%s\nwant\n%s", got, want)
	}
}
