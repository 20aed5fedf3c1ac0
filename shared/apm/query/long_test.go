package query

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"thinker/shared/apm"
)

// TestMatch_LongPatterns compares searches for patterns that nearly fit at many positions
// with a simple, slow matcher.
func TestMatch_LongPatterns(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func(n int, likely float64, alphabet string) string {
		var b strings.Builder
		for letters := []rune(alphabet); n > 0; n-- {
			if random.Float64() < likely {
				b.WriteByte('a')
			} else {
				b.WriteRune(letters[random.IntN(len(letters))])
			}
		}
		return b.String()
	}
	found := map[bool]int{}
	for range 200 {
		value := text(random.IntN(3000), 0.98, "aAbäÄ -")
		pattern := "a" + text(random.IntN(200), 0.97, "ab??ä")
		if start := random.IntN(len(value) + 1); random.IntN(3) > 0 { // a pattern that fits, or nearly does
			part := strings.ToValidUTF8(value[start:min(len(value), start+random.IntN(200))], "")
			pattern = "a" + strings.Map(func(r rune) rune {
				if r == ' ' || r == '-' || random.IntN(50) == 0 {
					return '?'
				}
				return r
			}, part)
		}
		if random.IntN(2) == 0 {
			at := random.IntN(len(pattern) + 1)
			pattern = strings.ToValidUTF8(pattern[:at], "?") + "*" + strings.ToValidUTF8(pattern[at:], "?")
		}
		if random.IntN(2) == 0 {
			pattern = "*" + pattern + "*"
		}
		span := &apm.Span{Resource: value, Meta: map[string]string{"_t": value}}
		for query, want := range map[string]bool{
			"@_t:" + pattern: simpleMatch(pattern, value, false),
			pattern:          simpleMatch(pattern, value, true),
		} {
			found[want]++
			if got := parse(t, query).Match(span); got != want {
				t.Fatalf("%q in %q: got %v, want %v", query, value, got, want)
			}
		}
	}
	if found[true] < 20 || found[false] < 20 {
		t.Errorf("got %v, want at least 20 matches and 20 mismatches", found)
	}
}

// simpleMatch reports whether a pattern fits a whole value or, if words is set, words in
// it. It follows all ways to fit the pattern.
func simpleMatch(pattern, value string, words bool) bool {
	tokens, runes := []rune(pattern), []rune(value)
	if words {
		tokens, runes = []rune(strings.ToLower(pattern)), []rune(strings.ToLower(value))
	}
	word := func(at int) bool {
		return at >= 0 && at < len(runes) &&
			(unicode.IsLetter(runes[at]) || unicode.IsDigit(runes[at]) || runes[at] == '_')
	}
	ways := map[int]bool{} // the tokens of the pattern that fit up to here, for each way
	for at := 0; ; at++ {
		if at == 0 || words && (tokens[0] == '*' || !word(at-1) || !word(at)) {
			ways[0] = true
		}
		for i := range tokens {
			if ways[i] && tokens[i] == '*' {
				ways[i+1] = true
			}
		}
		if ways[len(tokens)] &&
			(at == len(runes) || words && (tokens[len(tokens)-1] == '*' || !word(at-1) || !word(at))) {
			return true
		}
		if at == len(runes) {
			return false
		}
		next := map[int]bool{}
		for i := range ways {
			switch {
			case i == len(tokens):
			case tokens[i] == '*':
				next[i] = true
			case tokens[i] == '?' || tokens[i] == runes[at]:
				next[i+1] = true
			}
		}
		ways = next
	}
}
