package main_test

import (
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
)

// TestDiff compares copies with steps. TestDiffs in package rules compares the steps.
func TestDiff(t *testing.T) {
	root := checkout.New(t)
	mine := filepath.Join(root, "mine")
	checkout.Copy(t, filepath.Join(root, "step02"), mine)
	file := filepath.Join(mine, "api", "trace.go")
	before, _, _ := strings.Cut(checkout.Read(t, file), "\n// inject")
	checkout.Write(t, file, before)
	checkout.Write(t, filepath.Join(mine, "api", "more.go"), "package main\n")
	for _, c := range []struct {
		arguments, want string
		code            int
	}{
		{"2 --dir mine", `Only in mine/api: more.go

--- mine/api/trace.go
+++ step02/api/trace.go

Two headers carry the ID of the trace and the ID of the span, both as decimal numbers.

@@ -34,3 +34,10 @@
 		}
 	})
 }
+
+// inject sets`, 0},
		{"2 --dir step02", "step02 and step02 have the same code.\n", 0},
		{"2 --dir nowhere", "workshop: read the code in nowhere: ", 2},
		{"2 --dir .", "workshop: read the code in .: ", 2},
		{"", "workshop: which step? Add its number: workshop diff 2\n", 2},
	} {
		got := call{"diff " + c.arguments, c.code, []string{c.want}}.check(t, root)
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("diff %s does not begin with\n%s", c.arguments, c.want)
		}
	}
}
