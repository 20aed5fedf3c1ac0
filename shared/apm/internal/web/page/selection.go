package page

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"thinker/shared/apm/format"
	"thinker/shared/apm/query"
)

// Selection reads the parameters that select spans: query, env, scope, from and to.
// usual is the default scope.
func Selection(r *http.Request, usual query.Scope) (s query.Selection, err error) {
	if s.Query, err = ParseQuery(r); err != nil {
		return s, err
	}
	if s.Scope, err = ParseScope(r); err != nil {
		return s, err
	}
	if r.URL.Query().Get("scope") == "" {
		s.Scope = usual
	}
	if s.From, err = instant(r, "from"); err != nil {
		return s, err
	}
	if s.To, err = instant(r, "to"); err != nil {
		return s, err
	}
	return s, NarrowBy(&s, r, "env", "env")
}

// NarrowBy limits a selection to spans whose field has the value of a parameter, if the
// parameter is set.
func NarrowBy(s *query.Selection, r *http.Request, parameter, field string) error {
	const longest = 1000 // bytes
	value := r.URL.Query().Get(parameter)
	if len(value) > longest {
		return Failure{http.StatusBadRequest, fmt.Sprintf("The parameter %s is too long: %s bytes, the limit is %s.", parameter, format.Number(len(value)), format.Number(longest))}
	}
	if value != "" {
		s.Query = And(s.Query, field, value)
	}
	return nil
}

// And returns the query ANDed with a term for a reserved attribute.
func And(q query.Query, field, value string) query.Query {
	term := query.Term{Field: query.Field{Name: field}, Test: query.Literal(value)}
	if q.Expr == nil {
		return query.Query{Expr: term}
	}
	return query.Query{Expr: query.And{term, q.Expr}}
}

// MaxQueryLength limits a query in bytes, since it runs on every span.
const MaxQueryLength = 4096

// ParseQuery reads the parameter query. Its error may be a SyntaxError.
func ParseQuery(r *http.Request) (query.Query, error) {
	text := r.URL.Query().Get("query")
	if len(text) > MaxQueryLength {
		return query.Query{}, Failure{http.StatusBadRequest, fmt.Sprintf("The query is too long: %s bytes, the limit is %s.", format.Number(len(text)), format.Number(MaxQueryLength))}
	}
	return query.Parse(text)
}

// ParseScope reads the parameter scope.
func ParseScope(r *http.Request) (query.Scope, error) {
	text := r.URL.Query().Get("scope")
	scope, err := query.ParseScope(text)
	if err != nil {
		return scope, Failure{http.StatusBadRequest, fmt.Sprintf("Unknown scope %.40q: use all, service-entry or root.", text)}
	}
	return scope, nil
}

// instant reads a time in nanoseconds since the Unix epoch or in RFC 3339; 0 without the
// parameter. A time without a zone, as browsers send it from an input field, is in UTC.
func instant(r *http.Request, name string) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	if nanoseconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return nanoseconds, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if err != nil {
			at, err = time.Parse(layout, text)
		}
	}
	if err != nil {
		return 0, Failure{http.StatusBadRequest, fmt.Sprintf("Invalid %s=%.40q: use nanoseconds since the Unix epoch, or a time such as 2006-01-02T15:04:05Z.", name, text)}
	}
	if latest := time.Unix(0, math.MaxInt64); at.After(latest) {
		at = latest // what has no number of nanoseconds is after every span
	}
	return at.UnixNano(), nil
}
