package query

import (
	"strconv"
	"strings"
	"time"
)

// A Number is what an attribute is compared with. A duration may have a unit; without one
// it's in nanoseconds.
type Number struct {
	Value float64
	Unit  string // ns, us, ms, s, m, h or ""
}

// scaled returns the number without its unit: a duration in nanoseconds.
func (n Number) scaled() float64 { return n.Value * float64(unitSize(n.Unit)) }

func (n Number) String() string { return strconv.FormatFloat(n.Value, 'f', -1, 64) + n.Unit }

// unitSize returns a unit's nanoseconds: 1 for "", 0 for an unknown unit.
func unitSize(unit string) time.Duration {
	switch unit {
	case "", "ns":
		return time.Nanosecond
	case "us":
		return time.Microsecond
	case "ms":
		return time.Millisecond
	case "s":
		return time.Second
	case "m":
		return time.Minute
	case "h":
		return time.Hour
	default:
		return 0
	}
}

// parseNumber reads digits with or without a unit.
func parseNumber(text string) (Number, bool) {
	digits := strings.TrimRight(text, "nuµμmsh")
	unit := strings.NewReplacer("µ", "u", "μ", "u").Replace(text[len(digits):])
	onlyDigits := strings.Trim(digits, "0123456789.eE+-") == "" // not Inf, NaN or hexadecimal
	if !onlyDigits || unitSize(unit) == 0 {
		return Number{}, false
	}
	value, err := strconv.ParseFloat(digits, 64)
	return Number{value, unit}, err == nil
}

// A Comparison compares a value with a number. A text is parsed as a number; other texts
// don't match.
type Comparison struct {
	Operator string // <, <=, >, >=, or "" for an equal duration
	Number   Number
}

// MatchNumber implements Test.
func (c Comparison) MatchNumber(value float64) bool {
	number := c.Number.scaled()
	switch c.Operator {
	case "<":
		return value < number
	case "<=":
		return value <= number
	case ">":
		return value > number
	case ">=":
		return value >= number
	default:
		return value == number
	}
}

// MatchText implements Test.
func (c Comparison) MatchText(value string) bool { return asNumber(value, c.MatchNumber) }

func (c Comparison) String() string { return c.Operator + c.Number.String() }

// A Range tests whether a value is between two numbers.
type Range struct{ Low, High Bound }

// A Bound is an end of a Range.
type Bound struct {
	Number    Number
	Exclusive bool // whether the number itself is outside: { or } instead of [ or ]
	Open      bool // whether the range is unlimited at this end: *
}

// MatchNumber implements Test.
func (r Range) MatchNumber(value float64) bool {
	low, high := r.Low.Number.scaled(), r.High.Number.scaled()
	above := r.Low.Open || value > low || value == low && !r.Low.Exclusive
	below := r.High.Open || value < high || value == high && !r.High.Exclusive
	return above && below
}

// MatchText implements Test.
func (r Range) MatchText(value string) bool { return asNumber(value, r.MatchNumber) }

func (r Range) String() string {
	left, right := "[", "]"
	if r.Low.Exclusive {
		left = "{"
	}
	if r.High.Exclusive {
		right = "}"
	}
	return left + r.Low.String() + " TO " + r.High.String() + right
}

func (b Bound) String() string {
	if b.Open {
		return "*"
	}
	return b.Number.String()
}

func asNumber(text string, match func(float64) bool) bool {
	value, err := strconv.ParseFloat(text, 64)
	return err == nil && match(value)
}
