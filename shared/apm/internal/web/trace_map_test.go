package web

import (
	"fmt"
	"strings"
	"testing"

	"thinker/shared/apm"
)

func TestATracesMapTellsWhoTookTheTime(t *testing.T) {
	w, _ := newTest()
	m := w.traceMap(workshop(), func(service string) string { return "?find=service:" + service })
	var got []string
	for _, n := range m.Nodes {
		got = append(got, fmt.Sprintf("%s: %s; %s %t %s", n.Service, strings.Join(n.Lines, ", "), n.Errors, n.Failed, n.URL))
	}
	for _, e := range m.Edges {
		got = append(got, fmt.Sprintf("%s, %t", strings.NewReplacer("\u2068", "", "\u2069", "").Replace(e.Title), e.Failed))
	}
	want := `thinker-api: 0.436 % of exec time, 1 span;  false ?find=service:thinker-api
thinker-microservice: 99.4 % of exec time, 2 spans; 1 error true ?find=service:thinker-microservice
sqlite.db: 0.121 % of exec time, 1 span;  false ?find=service:sqlite.db
redis: 0.0397 % of exec time, 1 span;  false ?find=service:redis
thinker-api → thinker-microservice: 1 call · avg 502 ms · max 502 ms, false
thinker-microservice → sqlite.db: 1 call · avg 610 µs · max 610 µs, false`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if m := w.traceMap(apm.NewTrace(1, nil), nil); len(m.Nodes) != 0 {
		t.Errorf("%+v", m)
	}
}
