package doctor

import "testing"

func TestRefusal_OneLine(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"localhost:5001 did not answer"}`: "localhost:5001 did not answer",
		`{"error":"step03 isn't running: thinker stopped unexpectedly (exit status 0). Its last output:\n  time=…"}`: "step03 isn't running: thinker stopped unexpectedly (exit status 0)",
		"no such path\n": "no such path",
	} {
		if got := refusal(body); got != want {
			t.Errorf("%s\nis told as %q, want %q", body, got, want)
		}
	}
}
