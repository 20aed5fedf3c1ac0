package lesson

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A headerSet is a place in the api's code that sets one of the trace headers. No
// trace shows a header that was set on the wrong request, so the code has to.
type headerSet struct {
	file    string
	header  string
	swapped string // the expression with the other header's ID; empty if it isn't that
	on      string // the expression whose header it sets; the caller's for a parameter
	missed  string // why the request to the microservice doesn't get it; empty if it does
	context string // the arguments of the call that sets it, or leads to it
}

// headerSets finds where the api's code sets the trace headers.
func (s *story) headerSets() (sets []headerSet) {
	var functions []function
	for _, name := range slices.Sorted(maps.Keys(s.Code)) {
		if !strings.HasPrefix(name, "api/") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, s.Code[name], parser.SkipObjectResolution)
		if err != nil {
			continue // the code that runs compiles
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
				functions = append(functions, function{f, name})
			}
		}
	}
	for _, f := range functions {
		f.calls(func(call *ast.CallExpr) {
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || method.Sel.Name != "Set" && method.Sel.Name != "Add" || len(call.Args) != 2 {
				return
			}
			header := ""
			if name, ok := call.Args[0].(*ast.BasicLit); ok {
				text, _ := strconv.Unquote(name.Value)
				header = http.CanonicalHeaderKey(text)
			}
			right := map[string]string{traceHeader: "TraceID", parentHeader: "SpanID"}[header]
			other := map[string]string{traceHeader: "SpanID", parentHeader: "TraceID"}[header]
			if right == "" {
				return
			}
			set := headerSet{file: f.file, header: header, on: types.ExprString(method.X)}
			if f.mentions(call.Args[1], other) && !f.mentions(call.Args[1], right) {
				set.swapped = "span.Context()." + other + "()"
			}
			base, rest, _ := strings.Cut(set.on, ".")
			at, called := f.parameter(base), false
			for _, caller := range functions {
				caller.calls(func(call *ast.CallExpr) {
					if at >= 0 && name(call.Fun) == f.Name.Name && at < len(call.Args) {
						called = true
						set.on, set.context = strings.TrimSuffix(types.ExprString(call.Args[at])+"."+rest, "."), arguments(call)
						set.missed = caller.missed(set.on, call)
						sets = append(sets, set)
					}
				})
			}
			if called {
				return
			}
			set.missed, set.context = f.missed(set.on, call), arguments(call)
			if at >= 0 && set.missed == "" {
				set.missed = fmt.Sprintf("The api never calls %s, which sets them.", f.Name.Name)
			}
			sets = append(sets, set)
		})
	}
	return sets
}

// whereSet says where the headers went that the request to the microservice lacks.
func (s *story) whereSet() string {
	sets := s.headerSets()
	for _, set := range sets {
		if set.missed != "" {
			return set.missed
		}
	}
	if len(sets) > 0 {
		return fmt.Sprintf("The api sets them on %s, but that isn't the request it sends, or that code doesn't run.", sets[0].on)
	}
	return "Set them on req, before serve.Fetch sends it."
}

// setsFrom reports whether a call that sets headers has this argument.
func (s *story) setsFrom(argument string) bool {
	return slices.ContainsFunc(s.headerSets(), func(set headerSet) bool { return strings.Contains(set.context, argument) })
}

// all joins the Go files of a service.
func (c Code) all(service string) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if strings.HasPrefix(name, service+"/") && strings.HasSuffix(name, ".go") {
			out.WriteString(c[name])
		}
	}
	return out.String()
}

type function struct {
	*ast.FuncDecl
	file string
}

func (f function) calls(visit func(*ast.CallExpr)) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			visit(call)
		}
		return true
	})
}

// parameter returns the position of a parameter, or -1.
func (f function) parameter(name string) int {
	at := 0
	for _, field := range f.Type.Params.List {
		for _, parameter := range field.Names {
			if parameter.Name == name {
				return at
			}
			at++
		}
	}
	return -1
}

// parameterType returns the type of a parameter of f, or of a function literal in it.
func (f function) parameterType(name string) (found string) {
	ast.Inspect(f.FuncDecl, func(n ast.Node) bool {
		if t, ok := n.(*ast.FuncType); ok {
			for _, field := range t.Params.List {
				for _, parameter := range field.Names {
					if parameter.Name == name {
						found = types.ExprString(field.Type)
					}
				}
			}
		}
		return true
	})
	return found
}

// missed says why the request to the microservice doesn't get a header that a call
// in f sets on an expression.
func (f function) missed(on string, call *ast.CallExpr) string {
	base, _, _ := strings.Cut(on, ".")
	switch f.parameterType(base) {
	case "*http.Request":
		return fmt.Sprintf("The api sets them on %s. That's the request it received. Set them on the request that it sends: req.Header.", on)
	case "http.ResponseWriter":
		return "The api sets them on its own response. Set them on the request that it sends: req.Header."
	}
	var sent token.Pos
	sends := ""
	f.calls(func(other *ast.CallExpr) {
		if n := name(other.Fun); n == "Fetch" || n == "Do" {
			sent, sends = other.Pos(), types.ExprString(other.Fun)
		}
	})
	if sends != "" && call.Pos() > sent {
		return fmt.Sprintf("The api sets them after %s has sent the request. Set them before.", sends)
	}
	return ""
}

// mentions reports whether an expression calls a method of this name, also by a
// variable that is set from it.
func (f function) mentions(value ast.Expr, method string) (found bool) {
	ast.Inspect(value, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			found = found || strings.HasPrefix(id.Name, method) || f.assigned(id.Name, method)
		}
		return true
	})
	return found
}

// assigned reports whether a variable is set from an expression with this method.
func (f function) assigned(variable, method string) (found bool) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		assignment, ok := n.(*ast.AssignStmt)
		if !ok || len(assignment.Lhs) != len(assignment.Rhs) {
			return true
		}
		for i, left := range assignment.Lhs {
			if types.ExprString(left) == variable && strings.Contains(types.ExprString(assignment.Rhs[i]), "."+method) {
				found = true
			}
		}
		return true
	})
	return found
}

// name returns the last part of what is called: Set of header.Set.
func name(called ast.Expr) string {
	switch f := called.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func arguments(call *ast.CallExpr) string {
	var out []string
	for _, argument := range call.Args {
		out = append(out, types.ExprString(argument))
	}
	return strings.Join(out, ", ")
}
