package page

import (
	"fmt"
	"net/http"
	"strconv"

	"thinker/shared/apm/format"
	"thinker/shared/apm/query"
)

// The parameters of the API. An invalid value is a failure that names the parameter.

// ParseNumber returns a whole number from the query, or absent if there is none.
func ParseNumber(r *http.Request, name string, absent, least, most uint64) (uint64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return absent, nil
	}
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil || value < least || value > most {
		return 0, Failure{http.StatusBadRequest, fmt.Sprintf("Invalid %s=%.40q: use a whole number from %d to %d.", name, text, least, most)}
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
		return false, Failure{http.StatusBadRequest, fmt.Sprintf("Invalid %s=%.40q: use true or false.", name, text)}
	}
}

// ParseFields returns attributes from the query; each is a separate parameter.
func ParseFields(r *http.Request, name string, most int) ([]query.Field, error) {
	const longest = 1000 // bytes
	texts := r.URL.Query()[name]
	if len(texts) > most {
		return nil, Failure{http.StatusBadRequest, fmt.Sprintf("Too many %s parameters: %s, the limit is %d.", name, format.Number(len(texts)), most)}
	}
	var all []query.Field
	for _, text := range texts {
		if len(text) > longest {
			return nil, Failure{http.StatusBadRequest, fmt.Sprintf("The parameter %s is too long: %s bytes, the limit is %s.", name, format.Number(len(text)), format.Number(longest))}
		}
		field, err := query.ParseField(text)
		if err != nil {
			return nil, Failure{http.StatusBadRequest, fmt.Sprintf("Invalid %s=%.40q: %v.", name, text, err)}
		}
		all = append(all, field)
	}
	return all, nil
}

// ParseSelectionWithin is selection with an error for an empty time range.
func ParseSelectionWithin(r *http.Request, usual query.Scope) (query.Selection, error) {
	s, err := Selection(r, usual)
	if err == nil && s.From != 0 && s.To != 0 && s.To <= s.From {
		err = Failure{http.StatusBadRequest, fmt.Sprintf("Invalid time range: to=%d must be after from=%d.", s.To, s.From)}
	}
	return s, err
}
