package terminal_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"thinker/shared/apm"
	"thinker/shared/apm/colour"
	"thinker/shared/workshop/terminal"
)

func TestTerminal_Trace(t *testing.T) {
	ms := int64(time.Millisecond)
	trace := apm.NewTrace(7, []apm.Span{
		{SpanID: 1, Service: "thinker-api", Name: "http.request", Resource: "GET /think/",
			Start: 1000 * ms, Duration: 100 * time.Millisecond,
			Meta: map[string]string{"http.method": "GET", "http.url": "http://localhost:5000/think/?subject=war&subject=art",
				"http.status_code": "200"}},
		{SpanID: 2, ParentID: 1, Service: "thinker-api", Name: "http.request", Resource: "http.request",
			Start:    1010 * ms,
			Duration: 80 * time.Millisecond,
			Meta:     map[string]string{"http.url": "http://localhost:5001/"}},
		{SpanID: 3, ParentID: 2, Service: "thinker-microservice", Name: "think", Resource: "think",
			Start: 1050 * ms, Duration: 40 * time.Millisecond, Error: true,
			Meta: map[string]string{"subject": "art", "error.type": "main.unknownSubject",
				"error.message": "no thought\x1b[2J on \"art\""}},
		{SpanID: 4, ParentID: 3, Service: "sqlite.db", Name: "sqlite.query",
			Resource: "SELECT\n\tid FROM thought WHERE subject = ? AND quote IS NOT NULL ORDER BY id",
			Start:    1089 * ms, Duration: 300 * time.Microsecond},
		{SpanID: 5, ParentID: 99, Service: "thinker-microservice", Name: "late", Resource: "late",
			Start: 1099 * ms, Duration: 1 * time.Millisecond},
	})
	got := shown(t, trace)
	want := `
GET /think/?subject=war&subject=art   200   100 ms   http://localhost:8126/trace/7
  thinker-api              http.request  GET /think/                                ▇▇▇▇▇▇▇▇▇▇▇▇▇▇    100 ms
    http.request           http://localhost:5001/                                    ▇▇▇▇▇▇▇▇▇▇▇▇      80 ms
      thinker-microservice think  subject:art                                              ▇▇▇▇▇▇      40 ms
        ✗ error main.unknownSubject: no thought�[2J on "art"
        sqlite.db          sqlite.query  SELECT id FROM thought WHERE subject = ? …             ▇     300 µs
  thinker-microservice     late                                                                  ▇      1 ms
    └ its parent, span 99, has not arrived
`
	if got != want {
		t.Errorf("shows\n%s\nwant\n%s", got, want)
	}
}

// TestTerminal_MarkedTrace has remarks below the spans that they are about, and none that
// is wider than the terminal, or moves its cursor.
func TestTerminal_MarkedTrace(t *testing.T) {
	var out strings.Builder
	screen := terminal.NewLike(&out, terminal.Look{Width: width(60)})
	trace := apm.NewTrace(7, []apm.Span{
		{SpanID: 1, Service: "thinker-api", Name: "http.request", Resource: "GET /think/", Duration: 100 * time.Millisecond},
		{SpanID: 2, ParentID: 1, Service: "thinker-microservice", Name: "think", Duration: 50 * time.Millisecond},
	})
	screen.MarkedTrace(trace, "", &colour.Palette{},
		map[uint64]string{2: "ended\x1b[2J " + strings.Repeat("long before ", 9)})
	want := `
GET /think/   OK   100 ms
  thinker-api            GET /think/ ▇▇▇▇▇▇▇▇▇▇▇    100 ms
    thinker-microservice think       ▇▇▇▇▇▇          50 ms
      ↑ ended�[2J long before long before long before long …
`
	if out.String() != want {
		t.Errorf("shows\n%s\nwant\n%s", &out, want)
	}
}

func TestTerminal_TraceOfManySpans(t *testing.T) {
	spans := []apm.Span{{SpanID: 1, Service: "s", Name: "root", Duration: time.Second}}
	for i := range 100 {
		spans = append(spans, apm.Span{
			SpanID: uint64(i + 2), ParentID: uint64(i + 1), Service: "s", Name: fmt.Sprint("span", i), Start: int64(i),
			Duration: time.Millisecond,
		})
	}
	got := shown(t, apm.NewTrace(7, spans))
	if !strings.HasSuffix(got, "\n  … and 61 more spans on the trace's page\n") {
		t.Errorf("shows\n%s", got)
	}
	for line := range strings.Lines(got) {
		if n := len([]rune(line)); n > 111 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
}

// TestTerminal_TraceOfWideCharacters has the columns stand where they do for others.
func TestTerminal_TraceOfWideCharacters(t *testing.T) {
	spans := []apm.Span{{SpanID: 1, Service: "s", Name: "http.request", Resource: "GET /", Duration: time.Second}}
	for i, subject := range []string{"war", "思考", "e\u0301te\u0301", strings.Repeat("思", 40)} {
		spans = append(spans, apm.Span{
			SpanID: uint64(i + 2), ParentID: 1, Service: "s", Name: "think", Resource: "think", Start: int64(i),
			Duration: time.Second,
			Meta:     map[string]string{"subject": subject},
		})
	}
	got := shown(t, apm.NewTrace(7, spans))
	for _, want := range []string{
		"  s       http.request  GET /                                      ▇",
		"    think subject:war                                              ▇",
		"    think subject:思考                                             ▇",
		"    think subject:e\u0301te\u0301                                              ▇",
		"    think subject:思思思思思思思思思思思思思思思思思思思思思思思…  ▇",
	} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("it shows\n%s\nwithout\n%s", got, want)
		}
	}
}

func TestTerminal_TraceInColour(t *testing.T) {
	var out strings.Builder
	screen := terminal.NewLike(&out, terminal.Look{Colours: true, Width: width(110)})
	t.Setenv("COLORTERM", "truecolor")
	palette := &colour.Palette{}
	screen.Trace(apm.NewTrace(7, []apm.Span{{SpanID: 1, Service: "s", Name: "n", Duration: 1, Error: true}}), "page",
		palette)
	c := palette.Of("s")
	for _, want := range []string{fmt.Sprintf("\x1b[38;2;%d;%d;%dms\x1b[0m", c.R, c.G, c.B), "\x1b[31m✗ error"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q without %q", &out, want)
		}
	}
}

func TestTerminal_Log(t *testing.T) {
	var out strings.Builder
	screen := terminal.New(&out)
	screen.Log("api", `time=2026-01-02T03:04:05.678Z level=INFO msg=listening address=127.0.0.1:5000`)
	screen.Log("thinker", `time=2026-01-02T03:04:05.678Z level=WARN msg="no Redis"`)
	screen.Progress("building %s", "x") // not on a file
	screen.Log("thinker", "panic: \x1b]0;title\a")
	want := "    api │ listening address=127.0.0.1:5000\nthinker │ level=WARN msg=\"no Redis\"\nthinker │ panic: " +
		"�]0;title�\n"
	if out.String() != want {
		t.Errorf("shows\n%s\nwant\n%s", &out, want)
	}
}

func shown(t *testing.T, trace apm.Trace) string {
	t.Helper()
	var out strings.Builder
	terminal.New(&out).Trace(trace, fmt.Sprintf("http://localhost:8126/trace/%d", trace.ID), &colour.Palette{})
	return out.String()
}

func TestTerminal_Diff(t *testing.T) {
	hunk := "@@ -1,3 +1,2 @@\n \tkept\n--- a comment\n+\tnew \x1b[2J\n"
	plain := terminal.New(io.Discard)
	if got, want := plain.Diff(hunk), "@@ -1,3 +1,2 @@\n \tkept\n--- a comment\n+\tnew �[2J\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	coloured := terminal.NewLike(io.Discard, terminal.Look{Colours: true, Width: width(110)})
	want := "\x1b[2m@@ -1,3 +1,2 @@\x1b[0m\n \tkept\n\x1b[31m--- a comment\x1b[0m\n\x1b[32m+\tnew �[2J\x1b[0m\n"
	if got := coloured.Diff(hunk); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTerminal_Item(t *testing.T) {
	var out strings.Builder
	screen := terminal.NewLike(&out, terminal.Look{Width: width(60)})
	text := "http://localhost:5000 is held by macOS, for AirPlay.\a"
	screen.Item(terminal.No, "thinker-api", text, "→ Switch it off.")
	screen = terminal.NewLike(&out, terminal.Look{Screen: true, Colours: true, Width: width(60)})
	screen.Item(terminal.Yes, "Go", text)
	screen.Item(terminal.Neither, "Docker", "It is not here.")
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

func TestTerminal_Paragraph(t *testing.T) {
	screen := terminal.NewLike(io.Discard, terminal.Look{Width: width(60)})
	got := screen.Paragraph("  ", "Moves the thoughts\n\tinto SQLite, and reads them through a driver\a that is "+
		"instrumented, so that … "+strings.Repeat("w", 70))
	want := "  Moves the thoughts into SQLite, and reads them through a\n  driver� that is instrumented, so that …\n  " +
		strings.Repeat("w", 70) + "\n"
	if got != want {
		t.Errorf("shows\n%s\nwant\n%s", got, want)
	}
}

// width returns a width that doesn't change.
func width(columns int) func() int { return func() int { return columns } }
