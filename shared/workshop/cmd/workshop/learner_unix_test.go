//go:build unix

package main_test

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
)

// TestThinkDoctorLoad runs the commands while a step is running, and after it has ended.
func TestThinkDoctorLoad(t *testing.T) {
	// It uses its own workshop, since the doctor would find containers of this one.
	root := checkout.New(t)
	up := start(t, root, 1)
	up.until("Ctrl-C stops everything")
	run := func(code int, arguments ...string) string {
		t.Helper()
		output, got := run(t, root, nil, append(arguments, up.flags...)...)
		if got != code || strings.Contains(output, "\x1b") {
			t.Errorf("workshop %s exits with %d, want %d; it says\n%s", strings.Join(arguments, " "), got, code, output)
		}
		return normal(output)
	}

	thought := `war: “One is left with the horrible feeling now that war settles nothing; that to win a
war is as disastrous as to lose one.” Agatha Christie
art: Subject unknown

GET /think/?subject=war&subject=art   200   N ms   http://localhost:PORT/trace/ID
  thinker-api http.request  GET /think/ BAR N ms

GET /?subject=war&subject=art   200   N ms   http://localhost:PORT/trace/ID
  thinker-microservice http.request  GET / BAR N ms
    think              subject:war BAR N ms
    think              subject:art BAR N ms
      ✗ error main.unknownSubject: no thought on subject "art"

One request produced 2 traces: the trace was not propagated from one service to the next.
`
	if got := run(0, "think", "war", "art", "--step", "1"); got != thought {
		t.Errorf("it shows\n%s\nwant\n%s", got, thought)
	}
	if got := run(1, "think", "war", "--step", "2"); !strings.HasSuffix(got,
		"\nworkshop: step01 is running, not step02. To start that: WORKSHOP up --step 2\n") {
		t.Errorf("of another step it says\n%s", got)
	}
	if got := run(1, "think", strings.Repeat("x", 65)); !strings.Contains(got, "\nGET /think/?subject=xxx") ||
		!strings.HasSuffix(got, "\nworkshop: the api responded with 400\n") {
		t.Errorf("of a request that is refused it says\n%s", got)
	}
	if got := run(0, "think", "war", "--repeat", "2"); strings.Count(got, "\nGET /think/") != 2 {
		t.Errorf("of two requests it shows\n%s", got)
	}

	load := regexp.MustCompile(`(?s)requests +20 +20\n  errors +0 +0\n  p50 +N ms +N ` +
		`ms\n.*http://localhost:PORT/resource\?`)
	if got := run(0, "load", "--for", "1s"); !load.MatchString(got) {
		t.Errorf("of a load it shows\n%s", got)
	}
	if got := run(0, "doctor"); !strings.HasSuffix(got, "\nNo problem found.\n") || strings.Contains(got, "✗") ||
		!strings.Contains(got, "No variable hides or changes traces (checked: thinker-api, thinker-microservice, ") {
		t.Errorf("the doctor says\n%s", got)
	}

	up.interrupt(0)
	for _, command := range []string{"think war", "load"} {
		got := run(1, strings.Fields(command)...)
		if !strings.Contains(got, "\n  ✗ agent                 Nothing is listening at "+
			"http://localhost:PORT.\n                          → Start a step: ") {
			t.Errorf("with nothing there, %s says\n%s", command, got)
		}
	}
	if got := run(1, "doctor"); !strings.HasSuffix(got,
		"\n3 checks failed. Start with the first, agent: it may have caused the others.\n") {
		t.Errorf("with nothing there, the doctor says\n%s", got)
	}
	var report struct {
		Passed bool
		Checks []struct{ Name, State, Says, Next string }
	}
	if err := json.Unmarshal([]byte(run(1, "doctor", "--json")), &report); err != nil || report.Passed ||
		len(report.Checks) < 10 || report.Checks[2].State != "failed" || report.Checks[2].Next == "" {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestCompletion(t *testing.T) {
	program := workshop(t)
	for line, want := range map[string]string{
		"think w":           "war\nwork\n",
		"think war --step ": "1\n2\n3\n4\n5\n",
		"load --mix war,m":  "war,music\nwar,mankind\n",
		"do":                "doctor\tFind out why there is no trace\n",
	} {
		output, err := exec.CommandContext(need.Context(t), program,
			append([]string{"__complete"}, strings.Split(line, " ")...)...).Output()
		if got, _, _ := strings.Cut(string(output), ":"); err != nil || got != want {
			t.Errorf("workshop %s completes to %q, %v, want %q", line, got, err, want)
		}
	}
}
