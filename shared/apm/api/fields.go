package api

import (
	"reflect"
	"strings"
)

// A Field documents a field of a JSON response. An element of a list is named as in
// services[].service, and an object with arbitrary names as in spans[].meta{}.
type Field struct{ Name, Doc string }

// Fields returns all fields of a response, which is a struct of this package, in order.
func Fields(response any) []Field { return fields(nil, reflect.TypeOf(response), "") }

// fields appends the fields of a struct, with a prefix before their names.
func fields(all []Field, of reflect.Type, prefix string) []Field {
	for i := range of.NumField() {
		field := of.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		doc := field.Tag.Get("doc")
		kind := field.Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		switch {
		case field.Anonymous:
			all = fields(all, kind, prefix)
		case kind.Kind() == reflect.Slice && isObject(kind.Elem()):
			all = fields(all, kind.Elem(), prefix+name+"[].")
		case kind.Kind() == reflect.Map:
			all = append(all, Field{prefix + name + "{}", doc})
		case isObject(kind):
			all = fields(all, kind, prefix+name+".")
		default:
			all = append(all, Field{prefix + name, doc})
		}
	}
	return all
}

// isObject reports whether JSON has an object for a type.
func isObject(of reflect.Type) bool {
	return of.Kind() == reflect.Struct && of != reflect.TypeFor[Time]()
}
