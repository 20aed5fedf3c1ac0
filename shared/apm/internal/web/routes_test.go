package web_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"thinker/shared/apm/internal/webtest"
)

func TestRoutes_Documented(t *testing.T) {
	site := webtest.New(t)
	var served, documented []string
	for _, route := range site.Routes() {
		if strings.Contains(route.Pattern, " /api/") {
			served = append(served, route.Pattern)
		}
	}
	heading := regexp.MustCompile(`<h2><code>(.*)</code></h2>`)
	for _, match := range heading.FindAllStringSubmatch(site.Get("/api").Body.String(), -1) {
		documented = append(documented, match[1])
	}
	slices.Sort(served)
	slices.Sort(documented)
	if !slices.Equal(served, documented) {
		t.Errorf("serves\n%s\ndocuments\n%s", strings.Join(served, "\n"), strings.Join(documented, "\n"))
	}
}
