package pictures

import (
	"strings"
	"testing"

	"thinker/shared/apm"
)

// TestRow_Place holds that labels beside short bars neither overlap nor leave the
// picture, also when they are many or long.
func TestRow_Place(t *testing.T) {
	r := &row{}
	for i := range 6 {
		at := margin + float64(i%2)*(width-2*margin-minBar) + float64(i)
		r.bars = append(r.bars, bar{span: &apm.Span{Name: "redis.command", Resource: strings.Repeat("get ", 1+9*i)}, x: at, width: minBar})
	}
	r.spread()
	r.place()
	for line, taken := range r.labels {
		for i, a := range taken {
			if line > 0 && (a.from < margin || a.to > width-margin) {
				t.Errorf("line %d: a label leaves the picture: %v", line, a)
			}
			for _, b := range taken[:i] {
				if a.from < b.to-1 && b.from < a.to-1 && !(line == 0 && b.to-b.from < 2*minBar+1) {
					t.Errorf("line %d: %v and %v overlap", line, a, b)
				}
			}
		}
	}
	if len(r.labels) < 3 {
		t.Errorf("the labels are on %d lines", len(r.labels))
	}
}
