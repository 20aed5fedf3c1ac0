package query_test

import (
	"testing"

	"thinker/shared/apm/query"
)

func TestRefine(t *testing.T) {
	status := query.Field{Name: "status"}
	ok := query.Term{Field: status, Test: query.OneLine("ok")}
	for typed, want := range map[string][2]string{ // with status:ok, and without
		"":                               {"status:ok", ""},
		"  service:api  ":                {"service:api status:ok", "service:api"},
		"service:api   AND  duration:>1": {"service:api   AND  duration:>1 status:ok", "service:api duration:>1"},
		"a OR b":                         {"(a OR b) status:ok", "a OR b"},
		"(a OR b) c":                     {"(a OR b) c status:ok", "(a OR b) c"},
		"a OR b status:ok":               {"(a OR b AND status:ok) status:ok", "a OR b AND status:ok"},
		"status:ok x":                    {"status:ok x status:ok", "x"},
		`status:"ok"`:                    {`status:"ok" status:ok`, ""},
		"-status:ok":                     {"-status:ok status:ok", "-status:ok"},
		`@a:"b c" OR -(d e)`:             {`(@a:"b c" OR -(d AND e)) status:ok`, `@a:"b c" OR -(d AND e)`},
	} {
		q, err := query.Parse(typed)
		if err != nil {
			t.Fatal(err)
		}
		r := query.Refine(q, typed)
		if got := [2]string{r.With(ok), r.Without(ok)}; got != want {
			t.Errorf("%q: got %q", typed, got)
		}
	}
}
