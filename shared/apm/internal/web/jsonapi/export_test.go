package jsonapi

// ReadExample returns the content of a file in examples.
func ReadExample(name string) string { return example(name) }

// ExampleURL returns the URL of an example for the trace that arrived last.
var ExampleURL = exampleURL

// Endpoints returns the documented endpoints.
func Endpoints() []endpoint { return endpoints() }
