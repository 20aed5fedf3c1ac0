package query

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"thinker/shared/apm"
)

// Groupable returns the reserved attributes whose values many spans share.
func Groupable() (fields []Field) {
	for _, name := range []string{"env", "operation_name", "resource_name", "service", "status", "type", "version"} {
		fields = append(fields, Field{Name: name})
	}
	return fields
}

// A Field is the attribute that a Term tests: a reserved one, or a tag, whose name is
// written with an @.
type Field struct {
	Name string // without the @
	Tag  bool   // whether it's written with an @
}

// reserved returns the attributes that are written without an @. They include env and
// version: these are tags, but every service sets them.
func reserved() []string {
	return []string{
		"duration", "env", "operation_name", "resource_name", "service",
		"span_id", "status", "trace_id", "type", "version",
	}
}

func (f Field) isReserved() bool { return !f.Tag && slices.Contains(reserved(), f.Name) }

// IsDuration reports whether the field is the span's duration, in nanoseconds. It may be
// written with or without an @.
func (f Field) IsDuration() bool { return f.Name == "duration" }

// isNumber reports whether comparisons and ranges can test the field.
func (f Field) isNumber() bool { return f.Tag || f.IsDuration() }

func (f Field) String() string {
	name := escape(f.Name)
	if f.Tag {
		return "@" + name
	}
	return name
}

// Columns returns the columns with the field's values. If a span has a value in several,
// the first column's counts. The column of the status only has the spans that failed.
func (f Field) Columns() []Column {
	switch {
	case f.IsDuration():
		return []Column{Duration}
	case f.Tag:
		return []Column{{TextTag, f.Name}, {NumberTag, f.Name}}
	}
	switch f.Name {
	case "trace_id":
		return []Column{TraceID}
	case "span_id":
		return []Column{SpanID}
	case "service":
		return []Column{Service}
	case "operation_name":
		return []Column{Operation}
	case "resource_name":
		return []Column{Resource}
	case "type":
		return []Column{Type}
	case "status":
		return []Column{Failed}
	default: // env and version
		return []Column{{TextTag, f.Name}}
	}
}

// ParseField parses a field as queries and String write it: service, @http.status_code.
func ParseField(text string) (Field, error) {
	p := &parser{query: text, runes: []rune(text)}
	field, err := p.field()
	if err == nil && !p.atEnd() {
		err = p.expected(p.at, fmt.Sprintf(`no %q in an attribute's name`, string(p.peek())))
	}
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		return Field{}, fmt.Errorf("field %.40q: expected %s", text, syntax.Expected)
	}
	return field, err
}

// Value returns the span's value of the field as a text, and whether the span has one.
// A number is its shortest decimal, an ID is decimal, the duration is in nanoseconds.
// If a tag is both a text and a number, Value returns the text. A reserved attribute with
// an empty value counts as missing.
func (f Field) Value(s *apm.Span) (string, bool) {
	if f.IsDuration() {
		return strconv.FormatInt(int64(s.Duration), 10), true
	}
	if f.Tag {
		if text, ok := s.Meta[f.Name]; ok {
			return text, true
		}
		number, ok := s.Metrics[f.Name]
		if !ok {
			return "", false
		}
		return strconv.FormatFloat(number, 'f', -1, 64), true
	}
	switch f.Name {
	case "trace_id":
		return strconv.FormatUint(s.TraceID, 10), true
	case "span_id":
		return strconv.FormatUint(s.SpanID, 10), true
	}
	value := f.text(s)
	return value, value != ""
}

// text returns the span's value of a reserved attribute that isn't a number.
func (f Field) text(s *apm.Span) string {
	switch f.Name {
	case "operation_name":
		return s.Name
	case "resource_name":
		return s.Resource
	case "service":
		return s.Service
	case "type":
		return s.Type
	case "status":
		if s.Error {
			return "error"
		}
		return "ok"
	default: // env and version
		return s.Meta[f.Name]
	}
}
