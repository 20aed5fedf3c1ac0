package lesson

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"iter"
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
func (c Code) headerSets() (sets []headerSet) {
	functions := c.functions("api")
	for _, f := range functions {
		for call := range nodes[*ast.CallExpr](f.Body) {
			if set, ok := f.headerSet(call); ok {
				sets = append(sets, f.leadingTo(set, call, functions)...)
			}
		}
	}
	return sets
}

// headerSet reads a call that sets a trace header.
func (f function) headerSet(call *ast.CallExpr) (set headerSet, ok bool) {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || method.Sel.Name != "Set" && method.Sel.Name != "Add" || len(call.Args) != 2 {
		return headerSet{}, false
	}
	set = headerSet{file: f.file, on: f.text(method.X), context: f.arguments(call)}
	if name, ok := call.Args[0].(*ast.BasicLit); ok {
		text, _ := strconv.Unquote(name.Value)
		set.header = http.CanonicalHeaderKey(text)
	}
	right, other := "TraceID", "SpanID"
	if set.header == parentHeader {
		right, other = other, right
	}
	if f.mentions(call.Args[1], other) && !f.mentions(call.Args[1], right) {
		set.swapped = "span.Context()." + other + "()"
	}
	return set, set.header == traceHeader || set.header == parentHeader
}

// leadingTo returns a header set as its callers make it: one for each call of f that
// passes what the header is set on.
func (f function) leadingTo(set headerSet, call *ast.CallExpr, functions []function) (sets []headerSet) {
	base, rest, _ := strings.Cut(set.on, ".")
	at := slices.Index(f.parameters(), base)
	for _, caller := range functions {
		for call := range nodes[*ast.CallExpr](caller.Body) {
			if at >= 0 && name(call.Fun) == f.Name.Name && at < len(call.Args) {
				passed := set
				passed.on = strings.TrimSuffix(caller.text(call.Args[at])+"."+rest, ".")
				passed.context, passed.missed = caller.arguments(call), caller.missed(passed.on, call)
				sets = append(sets, passed)
			}
		}
	}
	if sets == nil {
		set.missed = f.missed(set.on, call)
		if at >= 0 && set.missed == "" {
			set.missed = fmt.Sprintf("The api never calls %s, which sets them.", f.Name.Name)
		}
		sets = append(sets, set)
	}
	return sets
}

// whereSet says where the headers went that the request to the microservice lacks.
func (c Code) whereSet() string {
	sets := c.headerSets()
	for _, set := range sets {
		if set.missed != "" {
			return set.missed
		}
	}
	if len(sets) > 0 {
		return fmt.Sprintf("The api sets them on %s, but that isn't the request it sends, or that code doesn't run.",
			sets[0].on)
	}
	return "Set them on req, before serve.Fetch sends it."
}

// A function is one in a learner's file.
type function struct {
	*ast.FuncDecl
	file, source string
}

// functions returns those of a service.
func (c Code) functions(service string) (functions []function) {
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if !strings.HasPrefix(name, service+"/") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, c[name], parser.SkipObjectResolution)
		if err != nil {
			continue // the code that runs compiles
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
				functions = append(functions, function{f, name, c[name]})
			}
		}
	}
	return functions
}

// nodes returns the nodes of a type at and below another.
func nodes[N ast.Node](root ast.Node) iter.Seq[N] {
	return func(yield func(N) bool) {
		for node := range ast.Preorder(root) {
			if n, ok := node.(N); ok && !yield(n) {
				return
			}
		}
	}
}

// text returns the source of a node.
func (f function) text(n ast.Node) string { return f.source[n.Pos()-1 : n.End()-1] }

func (f function) arguments(call *ast.CallExpr) string {
	return f.source[call.Lparen : call.Rparen-1]
}

func (f function) parameters() (names []string) {
	for _, field := range f.Type.Params.List {
		for _, parameter := range field.Names {
			names = append(names, parameter.Name)
		}
	}
	return names
}

// parameterType returns the type of a parameter of f, or of a function literal in it.
func (f function) parameterType(name string) (found string) {
	for t := range nodes[*ast.FuncType](f.FuncDecl) {
		for _, field := range t.Params.List {
			for _, parameter := range field.Names {
				if parameter.Name == name {
					found = f.text(field.Type)
				}
			}
		}
	}
	return found
}

// missed says why the request to the microservice doesn't get a header that a call
// in f sets on an expression.
func (f function) missed(on string, call *ast.CallExpr) string {
	base, _, _ := strings.Cut(on, ".")
	switch f.parameterType(base) {
	case "*http.Request":
		return fmt.Sprintf("The api sets them on %s. That's the request it received. "+
			"Set them on the request that it sends: req.Header.", on)
	case "http.ResponseWriter":
		return "The api sets them on its own response. Set them on the request that it sends: req.Header."
	}
	var sends *ast.CallExpr
	for other := range nodes[*ast.CallExpr](f.Body) {
		if n := name(other.Fun); n == "Fetch" || n == "Do" {
			sends = other
		}
	}
	if sends != nil && call.Pos() > sends.Pos() {
		return fmt.Sprintf("The api sets them after %s has sent the request. Set them before.", f.text(sends.Fun))
	}
	return ""
}

// mentions reports whether an expression calls a method of this name, also by a
// variable that is set from it.
func (f function) mentions(value ast.Expr, method string) bool {
	for id := range nodes[*ast.Ident](value) {
		if strings.HasPrefix(id.Name, method) || f.assigned(id.Name, method) {
			return true
		}
	}
	return false
}

// assigned reports whether a variable is set from an expression with this method.
func (f function) assigned(variable, method string) bool {
	for assignment := range nodes[*ast.AssignStmt](f.Body) {
		for i, left := range assignment.Lhs {
			if f.text(left) == variable && len(assignment.Rhs) == len(assignment.Lhs) &&
				strings.Contains(f.text(assignment.Rhs[i]), "."+method) {
				return true
			}
		}
	}
	return false
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
