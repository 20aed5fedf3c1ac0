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

// The parameters of pages and of the API. An invalid value is a failure that names the
// parameter.

// MaxQueryLength limits a query in bytes, since it runs on every span.
const MaxQueryLength = 4096

// maxParameter limits other texts in bytes.
const maxParameter = 1000

// invalid returns a failure whose text is like that of fmt.Sprintf.
func invalid(detail string, values ...any) error {
	return Failure{http.StatusBadRequest, fmt.Sprintf(detail, values...)}
}

// ParseSearch parses the parameters query and scope; without a scope, it is usual. The
// error may be a query.SyntaxError. The scope is valid even then.
func ParseSearch(r *http.Request, usual query.Scope) (q query.Query, scope query.Scope, err error) {
	text, name := r.URL.Query().Get("query"), r.URL.Query().Get("scope")
	if scope, err = query.ParseScope(name); err != nil {
		return q, scope, invalid("Unknown scope %.40q: use all, service-entry or root.", name)
	}
	if name == "" {
		scope = usual
	}
	if len(text) > MaxQueryLength {
		return q, scope, invalid("The query is too long: %s bytes, the limit is %s.",
			format.Number(len(text)), format.Number(MaxQueryLength))
	}
	q, err = query.Parse(text)
	return q, scope, err
}

// parseTimes parses the parameters from and to: nanoseconds since the Unix epoch, or a
// time in RFC 3339; 0 for none. A time without a zone, as browsers send it from an input
// field, is in UTC.
func parseTimes(r *http.Request) (from, to int64, err error) {
	for _, bound := range []struct {
		name string
		at   *int64
	}{{"from", &from}, {"to", &to}} {
		text := r.URL.Query().Get(bound.name)
		if text == "" {
			continue
		}
		if *bound.at, err = strconv.ParseInt(text, 10, 64); err == nil {
			continue
		}
		var at time.Time
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04"} {
			if at, err = time.Parse(layout, text); err == nil {
				break
			}
		}
		if err != nil {
			return 0, 0, invalid("Invalid %s=%.40q: use nanoseconds since the Unix epoch, "+
				"or a time such as 2006-01-02T15:04:05Z.", bound.name, text)
		}
		if latest := time.Unix(0, math.MaxInt64); at.After(latest) {
			at = latest // a time without a number of nanoseconds is after every span
		}
		*bound.at = at.UnixNano()
	}
	return from, to, nil
}

// ParseSelection parses the parameters that select spans: query, env, scope, from and to.
// usual is the default scope.
func ParseSelection(r *http.Request, usual query.Scope) (s query.Selection, err error) {
	if s.Query, s.Scope, err = ParseSearch(r, usual); err != nil {
		return s, err
	}
	if s.From, s.To, err = parseTimes(r); err != nil {
		return s, err
	}
	return s, NarrowBy(&s, r, "env", "env")
}

// ParseSelectionWithin is ParseSelection with an error for an empty time range.
func ParseSelectionWithin(r *http.Request, usual query.Scope) (query.Selection, error) {
	s, err := ParseSelection(r, usual)
	if err == nil && s.From != 0 && s.To != 0 && s.To <= s.From {
		err = invalid("Invalid time range: to=%d must be after from=%d.", s.To, s.From)
	}
	return s, err
}

// NarrowBy limits a selection to spans whose field has the value of a parameter, if the
// parameter is set.
func NarrowBy(s *query.Selection, r *http.Request, parameter, field string) error {
	value := r.URL.Query().Get(parameter)
	if len(value) > maxParameter {
		return tooLong(parameter, value)
	}
	if value != "" {
		s.Query = And(s.Query, field, value)
	}
	return nil
}

func tooLong(parameter, value string) error {
	return invalid("The parameter %s is too long: %s bytes, the limit is %s.",
		parameter, format.Number(len(value)), format.Number(maxParameter))
}

// And returns the query ANDed with a term for a reserved attribute.
func And(q query.Query, field, value string) query.Query {
	term := query.Term{Field: query.Field{Name: field}, Test: query.Literal(value)}
	if q.Expr == nil {
		return query.Query{Expr: term}
	}
	return query.Query{Expr: query.And{term, q.Expr}}
}

// ParseNumber returns a whole number from the query, or absent if there is none.
func ParseNumber(r *http.Request, name string, absent, least, most uint64) (uint64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return absent, nil
	}
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil || value < least || value > most {
		return 0, invalid("Invalid %s=%.40q: use a whole number from %d to %d.", name, text, least, most)
	}
	return value, nil
}

// ParseBool returns a boolean from the query; the default is false.
func ParseBool(r *http.Request, name string) (bool, error) {
	switch text := r.URL.Query().Get(name); text {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, invalid("Invalid %s=%.40q: use true or false.", name, text)
	}
}

// ParseFields returns attributes from the query; each is a separate parameter.
func ParseFields(r *http.Request, name string, most int) (all []query.Field, err error) {
	texts := r.URL.Query()[name]
	if len(texts) > most {
		return nil, invalid("Too many %s parameters: %s, the limit is %d.", name, format.Number(len(texts)), most)
	}
	for _, text := range texts {
		if len(text) > maxParameter {
			return nil, tooLong(name, text)
		}
		field, err := query.ParseField(text)
		if err != nil {
			return nil, invalid("Invalid %s=%.40q: %v.", name, text, err)
		}
		all = append(all, field)
	}
	return all, nil
}
