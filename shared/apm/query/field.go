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

// A Field is what a Term looks at: one of the reserved attributes, which are
// the span's own, or any of its tags, whose names are written with an @.
type Field struct {
	Name string // without the @
	Tag  bool   // it is written with an @
}

// reserved are the attributes that are written without an @. version is not a
// span's own but one of the three tags that every service is known by.
func reserved() []string {
	return []string{"duration", "env", "operation_name", "resource_name", "service", "span_id", "status", "trace_id", "type", "version"}
}

func (f Field) isReserved() bool { return !f.Tag && slices.Contains(reserved(), f.Name) }

// IsDuration tells whether the field is the span's duration, in nanoseconds,
// which may be written with or without an @.
func (f Field) IsDuration() bool { return f.Name == "duration" }

// isNumber tells whether the field can be compared.
func (f Field) isNumber() bool { return f.Tag || f.IsDuration() }

func (f Field) String() string {
	name := escape(f.Name)
	if f.Tag {
		return "@" + name
	}
	return name
}

// Columns returns the columns with the field's values. Of several values of a span, the
// first column's stands. The column of the status only has the spans that failed.
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

// ParseField reads a field as queries write it, and as String does: service,
// @http.status_code.
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

// Value is the span's value of the field as a text, and whether it has one: a
// number as its shortest decimal, an ID in decimal, the duration in
// nanoseconds. Of a tag that is there both as a text and as a number it is the
// text. An empty value of a reserved attribute is none.
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
	value := f.value(s)
	return value, value != ""
}

// value is that of a reserved attribute that is a text.
func (f Field) value(s *apm.Span) string {
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
