package page

import "net/http"

// A Route is a page or an endpoint of the API.
type Route struct {
	Pattern string // of http.ServeMux, with a method: GET /trace/{id}
	Serve   Handler
}

// A Handler responds to a request, or returns an error, which Fail turns into a response.
type Handler func(rw http.ResponseWriter, r *http.Request) error
