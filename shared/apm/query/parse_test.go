package query

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestParse compares the printed form of each parsed query.
func TestParse(t *testing.T) {
	for query, want := range map[string]string{
		"":    "",
		" \t": "",
		// terms
		"service:thinker-api":          "service:thinker-api",
		"operation_name:http.request":  "operation_name:http.request",
		`resource_name:"GET /think/"`:  `resource_name:"GET /think/"`,
		`resource_name:GET\ /think/`:   `resource_name:"GET /think/"`,
		"env:workshop version:step03":  "env:workshop AND version:step03",
		"trace_id:1 span_id:2":         "trace_id:1 AND span_id:2",
		"status:error type:web":        "status:error AND type:web",
		"@http.status_code:500":        "@http.status_code:500",
		"@subject:war":                 "@subject:war",
		`@user.first\ name:myvalue`:    `@user.first\ name:myvalue`,
		`@url:*user\=JaneDoe*`:         `@url:*user\=JaneDoe*`,
		`@url:http\://localhost/think`: `@url:"http://localhost/think"`,
		`@quote:"\"say\" \\ this"`:     `@quote:"\"say\" \\ this"`,
		`@empty:""`:                    `@empty:""`,
		"war":                          "war",
		`"hello dolly"`:                `"hello dolly"`,
		`\-x "AND" "-y" \@z`:           `"-x" AND "AND" AND "-y" AND "@z"`,
		"and or not to":                "and AND or AND not AND to",
		"a-b foo_bar /think/":          "a-b AND foo_bar AND /think/",
		// wildcards
		"service:web*":             "service:web*",
		"service:*mongo":           "service:*mongo",
		"@url:data**x":             "@url:data*x",
		"-@http.status_code:*":     "-@http.status_code:*",
		`@my:hello?world @b:a\*\?`: `@my:hello?world AND @b:"a*?"`,
		`"*te?t*" *NETWORK*`:       `"*te?t*" AND *NETWORK*`,
		"*":                        "*",
		`a*\ b`:                    `a*\ b`,
		// operators
		"authentication AND failure":  "authentication AND failure",
		"authentication OR password":  "authentication OR password",
		"authentication AND -failure": "authentication AND -failure",
		"a && b || c":                 "a AND b OR c",
		"a b OR c d":                  "a AND b OR c AND d",
		"a (b OR c) d":                "a AND (b OR c) AND d",
		"(a (b c)) ((d))":             "a AND b AND c AND d",
		"a OR (b OR c)":               "a OR b OR c",
		"NOT a b":                     "-a AND b",
		"NOT (a b) -(c OR d)":         "-(a AND b) AND -(c OR d)",
		"NOT -a":                      "--a",
		"(a)(b)c":                     "a AND b AND c",
		"(hostname OR env:prod)":      "hostname OR env:prod",
		"NOT(a)":                      "-a",
		// groups of values
		"env:(prod OR test)":            "env:prod OR env:test",
		"service:(a b*) x":              "service:a AND service:b* AND x",
		"@n:(>5 AND -[7 TO 8])":         "@n:>5 AND -@n:[7 TO 8]",
		"-@s:(500 OR (502 OR \"5 3\"))": `-(@s:500 OR @s:502 OR @s:"5 3")`,
		// comparisons and ranges
		"@http.response_time:>100":        "@http.response_time:>100",
		"@n:<1 @n:<=-2.50 @n:>=1e3":       "@n:<1 AND @n:<=-2.5 AND @n:>=1000",
		`@n:>\-1`:                         "@n:>-1",
		"@http.status_code:[400 TO 499]":  "@http.status_code:[400 TO 499]",
		"@n:{400 TO 499} @n:[ 1 TO 2 }":   "@n:{400 TO 499} AND @n:[1 TO 2}",
		"@n:[* TO 5] @n:{5 TO *]":         "@n:[* TO 5] AND @n:{5 TO *]",
		"duration:>200ms":                 "duration:>200ms",
		"@duration:>200ms":                "@duration:>200ms",
		"duration:<=1.5s OR duration:>2m": "duration:<=1.5s OR duration:>2m",
		"duration:[10µs TO 1h]":           "duration:[10us TO 1h]",
		"duration:>5us duration:>1000000": "duration:>5us AND duration:>1000000",
		"duration:10ns duration:*":        "duration:10ns AND duration:*",
	} {
		parsed, err := Parse(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := parsed.String(); got != want {
			t.Errorf("%s parses as %s, want %s", query, got, want)
		}
		reparsed, err := Parse(want)
		if err != nil || reparsed.String() != want {
			t.Errorf("%s does not parse to itself: %s, %v", want, reparsed, err)
		}
	}
}

func TestParse_Errors(t *testing.T) {
	for _, c := range []struct {
		query    string
		offset   int
		expected string // the beginning
	}{
		{"service:", 8, `a value right after "service:"`},
		{"service: api", 8, `a value right after "service:"`},
		{"@", 1, `an attribute's name after "@"`},
		{"@:5", 1, `an attribute's name after "@"`},
		{`@"":5`, 1, `an attribute's name after "@"`},
		{"@a*:5", 1, "an attribute's name without wildcards"},
		{"@subject", 8, `":" and a value after @subject`},
		{"@subject war", 8, `":" and a value after @subject`},
		{"a http.status_code:500", 2, `"@" before http.status_code (only duration, env, `},
		{"resource:GET", 0, `resource_name, or "@" before resource`},
		{"operation:think", 0, `operation_name, or "@" before operation`},
		{"serv*:x", 0, `"@" before serv*`},
		{"service:>5", 8,
			"a value of service to match exactly: only duration and attributes with @ take comparisons and ranges"},
		{"service:[1 TO 2]", 8, "a value of service to match exactly: only duration"},
		{"duration:>fast", 10, "a duration such as 200ms"},
		{"duration:fast", 9, "a duration such as 200ms"},
		{"duration:2*", 9, "a duration such as 200ms"},
		{"duration:>5d", 10, "a duration such as 200ms"},
		{"@n:>many", 4, "a number"},
		{"@n:>", 4, "a number"},
		{"@n:>0x10", 4, "a number"},
		{"@n:>1e999", 4, "a number"},
		{"@n:>5ms", 4, "a number without a unit"},
		{"@n:[400", 7, `"TO"`},
		{"@n:[400 to 499]", 8, `"TO"`},
		{"@n:[400 TO ]", 11, "a number"},
		{"@n:[400 TO 499", 14, `"]" or "}"`},
		{"@n:[a TO b]", 4, "a number"},
		{"@n:[1 TO 2]x", 11, "a space before the next term"},
		{"AND b", 0, "a term; to search for the word itself, put AND in quotes"},
		{"a AND", 5, "a term such as"},
		{"a OR OR b", 5, "a term; "},
		{"a NOT", 5, "a term such as"},
		{"a - b", 3, `a term right after "-"`},
		{"(a", 2, `")"`},
		{"a)", 1, `a "(" earlier`},
		{"()", 1, "a term such as"},
		{"env:(prod", 9, `")"`},
		{"env:()", 5, `a value right after "env:"`},
		{"env:(a OR service:b)", 17, `a space; if : is part`},
		{`"war`, 4, "a closing quote"},
		{`war\`, 4, `a character after "\"`},
		{`"war\`, 5, `a character after "\"`},
		{`"a"b`, 3, "a space before the next term"},
		{"a(b)", 1, "a space before the next term"},
		{"@url:http://x", 9, `a space; if : is part`},
		{`ärger:x`, 0, `"@" before ärger`},
		{`ä ö @n:>x`, 8, "a number"}, // in characters, not bytes
		{strings.Repeat("(", 101) + "a", 100, "at most 100 nested parentheses"},
		{strings.Repeat("-", 101) + "a", 100, "at most 100 nested parentheses"},
	} {
		_, err := Parse(c.query)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		if syntax.Offset != c.offset || !strings.HasPrefix(syntax.Expected, c.expected) || syntax.Query != c.query {
			t.Errorf("%s: at %d expected %s; want at %d %s", c.query, syntax.Offset, syntax.Expected, c.offset,
				c.expected)
		}
	}
}

func TestSyntaxError_Caret(t *testing.T) {
	_, err := Parse("ä\n@n:>x y")
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Caret() != "ä @n:>x y\n      ^" {
		t.Errorf("%v:\n%s", err, syntax.Caret())
	}
	if want := "at character 7 of the query: expected a number"; err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if _, err = Parse("service:"); err.Error() != `at the end of the query: expected a value right after "service:"` {
		t.Error(err)
	}
}

// TestParse_PrintedQueries checks that random trees print as queries that parse to themselves.
func TestParse_PrintedQueries(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		query := Query{randomExpr(random, 4)}.String()
		parsed, err := Parse(query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		// A random tree may have an And within an And, which Parse flattens. It prints the
		// same.
		if parsed.String() != query {
			t.Fatalf("%s parses as %s", query, parsed)
		}
	}
}

func randomExpr(random *rand.Rand, depth int) Expr {
	number := func() Number {
		return Number{Value: float64(random.IntN(2001)-1000) / 8,
			Unit: []string{"", "ns", "us", "ms", "s", "m", "h"}[random.IntN(7)]}
	}
	bound := func() Bound {
		if random.IntN(4) == 0 {
			return Bound{Open: true, Exclusive: random.IntN(2) == 0}
		}
		return Bound{Number: number(), Exclusive: random.IntN(2) == 0}
	}
	some := func() (parts []Expr) {
		for range 2 + random.IntN(2) {
			parts = append(parts, randomExpr(random, depth-1))
		}
		return parts
	}
	kinds := 8
	if depth == 0 {
		kinds = 5
	}
	switch random.IntN(kinds) {
	case 0:
		return NewText(randomPattern(random))
	case 1:
		return Term{Field{Name: reserved()[1+random.IntN(len(reserved())-1)]}, randomPattern(random)}
	case 2:
		return Term{Field{Name: randomText(random) + "x", Tag: true}, randomPattern(random)}
	case 3:
		return Term{Field{Name: "duration", Tag: random.IntN(2) == 0},
			Comparison{[]string{"", "<", "<=", ">", ">="}[random.IntN(5)], number()}}
	case 4:
		return Term{Field{Name: "duration"}, Range{bound(), bound()}}
	case 5:
		return Not{randomExpr(random, depth-1)}
	case 6:
		return And(some())
	default:
		return Or(some())
	}
}

func randomText(random *rand.Rand) string {
	var b strings.Builder
	for range random.IntN(5) {
		b.WriteString([]string{"a", "Z", "7", "-", "@", " ", "\n", `\`, `"`, "*", "?", ":", "(", "]", "ä", "\u3000",
			"=", "AND", "TO"}[random.IntN(19)])
	}
	return b.String()
}

func randomPattern(random *rand.Rand) Pattern {
	if random.IntN(2) == 0 {
		return Literal(randomText(random))
	}
	p := Pattern{segments: [][]rune{[]rune(randomText(random))}}
	for range random.IntN(3) {
		p.segments = append(p.segments, []rune(randomText(random)+"b"))
	}
	p.segments = append(p.segments, append([]rune(randomText(random)), anyRune))
	return p
}

func TestParse_MaxTerms(t *testing.T) {
	if _, err := Parse(strings.Repeat("a ", maxTerms)); err != nil {
		t.Error(err)
	}
	_, err := Parse(strings.Repeat("a ", maxTerms+1))
	syntax, ok := errors.AsType[*SyntaxError](err)
	if !ok || syntax.Offset != 2*maxTerms || !strings.Contains(syntax.Error(), "at most 200 terms") {
		t.Errorf("%v", err)
	}
}
