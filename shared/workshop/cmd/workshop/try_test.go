package main_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/workspace"
)

func TestTry(t *testing.T) {
	root := checkout.New(t)
	for _, c := range []struct {
		arguments, want string
		code            int
	}{
		{"", "workshop: which step? Add its number: workshop try 2\n", 2},
		{"2 3", "workshop: which step? Add its number: workshop try 2\n", 2},
		{"9", "workshop: there is no step \"9\": use a number from 1 to 5\n", 2},
		{"2", `Step 2: manual headers

Your copy is in .workshop/try02. Changes there don't touch the original steps.

Connect the two traces: the api sends its trace and span IDs in two headers,
X-Datadog-Trace-Id and X-Datadog-Parent-Id. The microservice continues that trace.

  open   .workshop/try02 in your editor
  read   step02/README.md for the exercise and its hints
  run    WORKSHOP up --step 2 --dir .workshop/try02
  check  WORKSHOP check 2
`, 0},
		{"2", "\nYour copy is in .workshop/try02, as you left it. To start over, add --reset.\n", 0},
		{"2 --reset", "\nYour previous copy is now in .workshop/try02.before-", 0},
	} {
		call{"try " + c.arguments, c.code, []string{c.want}}.check(t, root)
	}
}

func TestStatus(t *testing.T) {
	root := checkout.New(t)
	for _, c := range []struct {
		before func() error
		want   string
	}{
		{func() error { return nil }, `
  Step 1: the untraced link
  Step 2: manual headers
  Step 3: automatic propagation
  Step 4: SQLite store
  Step 5: Redis cache

Next: step 1

  WORKSHOP try 1
`},
		{func() error {
			if _, err := workspace.Copy(root, 2, false); err != nil {
				return err
			}
			return reach(root, 1, workspace.CopyDir(root, 1))
		}, `
✓ Step 1: the untraced link        completed 2 Jan 2026, 12:00 in .workshop/try01
  Step 2: manual headers           started in .workshop/try02
  Step 3: automatic propagation
  Step 4: SQLite store
  Step 5: Redis cache

Next: step 2

  WORKSHOP check 2
`},
		{func() error { return reach(root, 2, filepath.Join(root, "step02")) }, // the original
			"\nNext: step 2\n"},
		{func() error { return reach(root, 4, filepath.Join(root, "mine")) }, // as check says
			"\nNext: step 5\n"},
		{func() error {
			for step := 2; step <= runner.Steps; step++ {
				if err := reach(root, step, filepath.Join(root, "mine")); err != nil {
					return err
				}
			}
			return nil
		}, "\n✓ Step 5: Redis cache              completed 2 Jan 2026, 12:00 in mine\n\nAll steps are complete.\n"},
	} {
		if err := c.before(); err != nil {
			t.Fatal(err)
		}
		call{"status", 0, []string{strings.TrimPrefix(c.want, "\n")}}.check(t, root)
	}
	file := filepath.Join(workspace.Dir(root), "reached.json")
	checkout.Write(t, file, "{")
	got, code := run(t, root, nil, "status")
	if said := strings.Join(strings.Fields(got), " "); code != 0 ||
		!strings.HasPrefix(said, "read your progress: "+filepath.ToSlash(file)+" is damaged. ") ||
		!strings.Contains(said, "Next: step 1") {
		t.Errorf("with a damaged record it ends with %d and says\n%s", code, got)
	}
}

func reach(root string, step int, dir string) error {
	return workspace.Reach(root, workspace.Reached{Step: step, Dir: dir,
		At: time.Date(2026, 1, 2, 12, 0, 0, 0, time.Local)})
}
