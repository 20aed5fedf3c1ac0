package web

import (
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"thinker/shared/apm"
	"thinker/shared/apm/api"
	"thinker/shared/apm/internal/web/page"
	"thinker/shared/apm/query"
)

// referencePage documents the API.
type referencePage struct {
	page.Frame
	Endpoints []endpointSection
	Problem   string // an answer to what cannot be answered
}

type endpointSection struct {
	endpoint
	ID     string // of the section, to link to
	URL    string // of the example; empty where there is nothing to show, or it is not for looking
	Answer string
	Fields []api.Field
}

// showReference serves GET /api.
func (w *Web) showReference(rw http.ResponseWriter, r *http.Request) error {
	last, _, err := w.Search(r.Context(), query.Request{Limit: 1})
	if err != nil {
		return err
	}
	data := referencePage{Frame: w.Frame(r, "", "API", page.Docs{Name: "Spans API", URL: "https://docs.datadoghq.com/api/latest/spans/", Lacks: ""}), Problem: w.examples["problem.json"]}
	for _, e := range endpoints() {
		section := endpointSection{endpoint: e, ID: sectionID(e), Answer: w.examples[e.Sample]}
		if e.Response != nil {
			section.Fields = api.Fields(e.Response)
		}
		if e.Method == http.MethodGet {
			section.URL = exampleURL(e.Example, last)
		}
		data.Endpoints = append(data.Endpoints, section)
	}
	return w.Render(rw, http.StatusOK, "reference.html", data)
}

// exampleURL is an example's address with what has arrived last; empty where
// it needs that and nothing has.
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

// sectionID is the endpoint in the letters of an address.
func sectionID(e endpoint) string {
	return strings.ToLower(e.Method) + strings.NewReplacer("/", "-", "{", "", "}", "").Replace(e.Path)
}

// loadExamples reads the answers that the API's page shows.
func loadExamples(files fs.FS) map[string]string {
	examples := map[string]string{}
	directory := page.Sub(files, "examples")
	entries, err := fs.ReadDir(directory, ".")
	if err != nil {
		panic(err) // cannot happen: the files are embedded
	}
	for _, entry := range entries {
		content, err := fs.ReadFile(directory, entry.Name())
		if err != nil {
			panic(err) // cannot happen either
		}
		examples[entry.Name()] = string(content)
	}
	return examples
}
