package pages

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"thinker/shared/apm"
	"thinker/shared/apm/format"
	"thinker/shared/workshop/client"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/need"
	"thinker/shared/workshop/runner"
)

// TestLessons plays the first and the last step's requests to their real services:
// what the pages say of each trace is what the API says.
func TestLessons(t *testing.T) {
	running(t)
	for _, step := range []int{1, runner.Steps} {
		t.Run(runner.StepName(step), func(t *testing.T) {
			s, traces := played(t, step)
			for _, width := range []int64{1280, 420} {
				tab := open(t, s.origin, look{width: width})
				tab.visit("/traces")
				tab.rows(traces)
				tab.fits(width)
				for _, trace := range traces {
					tab.visit(fmt.Sprintf("/trace/%d?view=waterfall", trace.ID))
					tab.traced(trace)
					tab.fits(width)
				}
				for _, service := range services(traces) {
					tab.visit("/service?service=" + service)
					tab.shows([]string{service, "Resources"})
					tab.fits(width)
				}
				tab.healthy()
			}
		})
	}
}

// played is the site of a step whose requests have been answered, and its traces
// by the API.
func played(t *testing.T, step int) (*site, []apm.Trace) {
	t.Helper()
	root, err := runner.FindRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	ports := runner.Ports{API: need.Port(t), Thinker: need.Port(t)}
	up, err := runner.Up(need.Context(t), runner.Options{
		Root: root, Target: runner.Target{Step: step}, Ports: ports, Race: race, Dir: t.TempDir(),
		Env:      []string{"THINK_DELAY=20ms"},
		Building: func(string) {},
		Log:      func(string, string) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = up.Stop() }) // the browser may hold on to a connection
	if _, err := lesson.Play(need.Context(t), fmt.Sprintf("http://localhost:%d", ports.API), step); err != nil {
		t.Fatal(err)
	}
	// A service that has stopped has sent every span it will ever send.
	if err := up.StopServices(); err != nil {
		t.Fatal(err)
	}
	traces, err := (&client.Client{Agent: up.Agent.URL()}).Traces(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return &site{t: t, agent: up.Agent, origin: up.Agent.URL()}, traces
}

// rows fails unless the list has a row for each trace, with its figures.
func (tab *tab) rows(traces []apm.Trace) {
	tab.t.Helper()
	rows := eval[map[string]string](tab, `Object.fromEntries([...document.querySelectorAll("tr[data-trace]")].map(row => [row.dataset.trace, row.innerText.replace(/\s+/g, " ")]))`)
	if len(rows) != len(traces) {
		tab.t.Errorf("the list has %d rows for %d traces", len(rows), len(traces))
	}
	for _, trace := range traces {
		row := rows[fmt.Sprint(trace.ID)]
		for _, figure := range []string{format.Duration(trace.Duration()), fmt.Sprint(len(trace.Spans)), trace.Entry().Service, trace.Entry().StatusCode()} {
			if !strings.Contains(row, figure) {
				tab.t.Errorf("trace %d: its row says %q, not %q", trace.ID, row, figure)
			}
		}
	}
}

// traced fails unless a trace's page has its figures, and those of its spans.
func (tab *tab) traced(trace apm.Trace) {
	tab.t.Helper()
	said := strings.Join(strings.Fields(eval[string](tab, `document.querySelector("main").textContent`)), " ")
	figures := []string{format.Duration(trace.Duration()), fmt.Sprintf("%d span", len(trace.Spans)), fmt.Sprintf("%d service", len(trace.Services()))}
	for i := range trace.Spans {
		figures = append(figures, format.Duration(trace.Spans[i].Duration))
	}
	for _, figure := range figures {
		if !strings.Contains(said, figure) {
			tab.t.Errorf("the page of trace %d does not say %q", trace.ID, figure)
		}
	}
}

// services are those that took part in any trace.
func services(traces []apm.Trace) (all []string) {
	for _, trace := range traces {
		all = append(all, trace.Services()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
