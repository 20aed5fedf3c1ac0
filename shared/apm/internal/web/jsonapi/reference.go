package jsonapi

import (
	"embed"
	"net/http"
	"net/url"
	"strings"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

//go:embed templates examples
var files embed.FS

// A reference documents the API.
type reference struct{ *page.Site }

func newReference(site *page.Site) reference { return reference{site.With(files, "templates/*.html")} }

type referencePage struct {
	page.Frame
	Endpoints []endpoint
	Problem   string        // the response to an invalid request
	last      []apm.Summary // the trace that arrived last, if there is one
}

func (ref reference) show(rw http.ResponseWriter, r *http.Request) error {
	last, _, err := ref.Traces.Search(r.Context(), query.Request{Limit: 1})
	if err != nil {
		return err
	}
	docs := page.Docs{Name: "Spans API", URL: "https://docs.datadoghq.com/api/latest/spans/"}
	return ref.Render(rw, http.StatusOK, "reference.html", referencePage{
		ref.Frame(r, "", "API", docs), endpoints(), example("problem.json"), last,
	})
}

// ExampleURL returns the URL of an endpoint's example for the trace that arrived last. It
// is empty if the example needs a trace and there is none.
func (p referencePage) ExampleURL(e endpoint) string { return exampleURL(e.Example, p.last) }

func exampleURL(example string, last []apm.Summary) string {
	if !strings.Contains(example, "{") {
		return example
	}
	if len(last) == 0 || last[0].Service == "" {
		return ""
	}
	service := url.PathEscape(last[0].Service)
	if strings.Contains(example, "query=") {
		service = url.QueryEscape(query.Literal(last[0].Service).String())
	}
	return strings.NewReplacer("{trace}", page.FormatID(last[0].TraceID), "{service}", service).Replace(example)
}

// ID returns the endpoint's fragment in the page's address.
func (e endpoint) ID() string {
	return strings.ToLower(e.Method) + strings.NewReplacer("/", "-", "{", "", "}", "").Replace(e.Path)
}

// Answer returns an example response.
func (e endpoint) Answer() string { return example(e.Sample) }

// Fields returns the fields of the response.
func (e endpoint) Fields() []api.Field { return api.Fields(e.Response) }

// example returns the content of a file in examples; it is empty without a name.
func example(name string) string {
	content, _ := files.ReadFile("examples/" + name) // fails without a name
	return string(content)
}
