package rules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"thinker/shared/apm/api"
	"thinker/shared/workshop/checkout"
)

// responses are the responses of the API, whose types only package api declares.
var responses = []any{
	api.Traces{}, api.Trace{}, api.Outline{}, api.Services{}, api.Resources{}, api.Breakdown{}, api.Facets{},
	api.TimeSpent{}, api.Dependencies{}, api.SpanSummary{}, api.Intake{}, api.Changed{}, api.Problem{},
}

// notTheAPI are struct types that have the same fields by chance, with the reason.
var notTheAPI = map[string]string{
	"apm/internal/web/page/fail.go status detail":        "an error, in Go only",
	"workshop/cmd/workshop/check_json.go trace_id spans": "the output of workshop check --json",
}

// TestAPI_DeclaredOnce finds struct types outside package api whose fields are fields of a
// type of the API: with JSON tags in any file, and without tags in a file that names an
// endpoint.
func TestAPI_DeclaredOnce(t *testing.T) {
	types := map[string]map[string]bool{}
	for _, response := range responses {
		collect(types, reflect.TypeOf(response))
	}
	unused := map[string]bool{}
	for name := range notTheAPI {
		unused[name] = true
	}
	root := filepath.Join(checkout.Root(t), "shared")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || filepath.Dir(path) == filepath.Join(root, "apm", "api") {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		endpoint := namesEndpoint(file)
		ast.Inspect(file, func(n ast.Node) bool {
			declared, ok := n.(*ast.StructType)
			if !ok {
				return true
			}
			names, tagged := jsonNames(declared)
			if like := typeWith(types, names); like != "" && (tagged || endpoint) {
				name, _ := filepath.Rel(root, path)
				name = filepath.ToSlash(name) + " " + strings.Join(names, " ")
				if notTheAPI[name] == "" {
					t.Errorf("%s declares a part of api.%s again: {%s}", set.Position(n.Pos()), like,
						strings.Join(names, ", "))
				}
				delete(unused, name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range unused {
		t.Errorf("there is no such type any more: %s", name)
	}
}

// collect adds the names of the fields of a struct type, and of the types of its fields.
func collect(types map[string]map[string]bool, of reflect.Type) {
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		collect(types, of.Elem())
		return
	case reflect.Struct:
	default:
		return
	}
	if types[of.Name()] != nil || of == reflect.TypeFor[api.Time]() {
		return
	}
	names := map[string]bool{}
	types[of.Name()] = names
	for _, field := range reflect.VisibleFields(of) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			names[name] = true
		}
		collect(types, field.Type)
	}
}

// typeWith returns a type of the API that has all of the fields, or "".
func typeWith(types map[string]map[string]bool, names []string) string {
	for like, fields := range types {
		missing := len(names) == 0
		for _, name := range names {
			missing = missing || !fields[name]
		}
		if !missing {
			return like
		}
	}
	return ""
}

// jsonNames returns the names of a struct's fields in JSON, and whether any has a tag.
func jsonNames(declared *ast.StructType) (names []string, tagged bool) {
	for _, field := range declared.Fields.List {
		if field.Tag != nil {
			tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("json")
			if name, _, _ := strings.Cut(tag, ","); name != "" {
				names, tagged = append(names, name), true
				continue
			}
		}
		if field.Names == nil {
			names = append(names, "embedded")
		}
		for _, name := range field.Names {
			if name.IsExported() {
				names = append(names, strings.ToLower(name.Name))
			} else {
				names = append(names, "unexported") // JSON can't set it
			}
		}
	}
	return names, tagged
}

// namesEndpoint reports whether a file has a text with the path of an endpoint.
func namesEndpoint(file *ast.File) (found bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		text, ok := n.(*ast.BasicLit)
		found = found || ok && text.Kind == token.STRING && strings.Contains(text.Value, "/api/")
		return !found
	})
	return found
}
