package web

import (
	"fmt"
	"net/http"
	"strconv"

	"thinker/shared/apm"
	"thinker/shared/apm/search"
)

// How the API reads what its addresses ask for. Whatever cannot be read, or is
// out of bounds, is a failure that names it.

// number reads a whole number from the query, or gives absent where it is not
// there.
func number(r *http.Request, name string, absent, least, most uint64) (uint64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return absent, nil
	}
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil || value < least || value > most {
		return 0, failure{http.StatusBadRequest, fmt.Sprintf("%s=%.40q is not a whole number from %d to %d.", name, text, least, most)}
	}
	return value, nil
}

// yes reads whether something is wanted; without a word it is not.
func yes(r *http.Request, name string) (bool, error) {
	switch text := r.URL.Query().Get(name); text {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, failure{http.StatusBadRequest, fmt.Sprintf("%s=%.40q is neither true nor false.", name, text)}
	}
}

// fields reads attributes, each a parameter of its own.
func fields(r *http.Request, name string, most int) ([]search.Field, error) {
	const longest = 1000 // bytes
	texts := r.URL.Query()[name]
	if len(texts) > most {
		return nil, failure{http.StatusBadRequest, fmt.Sprintf("There are %s %s parameters; there may be %d.", apm.FormatNumber(len(texts)), name, most)}
	}
	var all []search.Field
	for _, text := range texts {
		if len(text) > longest {
			return nil, failure{http.StatusBadRequest, fmt.Sprintf("%s has %s bytes; it may have %s.", name, apm.FormatNumber(len(text)), apm.FormatNumber(longest))}
		}
		field, err := search.ParseField(text)
		if err != nil {
			return nil, failure{http.StatusBadRequest, fmt.Sprintf("%s=%.40q is not an attribute: %v.", name, text, err)}
		}
		all = append(all, field)
	}
	return all, nil
}

// selectionWithin reads which spans to look at, within a time that is one.
func selectionWithin(r *http.Request, usual search.Scope) (search.Selection, error) {
	s, err := selection(r, usual)
	if err == nil && s.From != 0 && s.To != 0 && s.To <= s.From {
		err = failure{http.StatusBadRequest, fmt.Sprintf("to=%d is not after from=%d.", s.To, s.From)}
	}
	return s, err
}
