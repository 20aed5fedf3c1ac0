package workspace_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/workspace"
)

func TestReach(t *testing.T) {
	root := t.TempDir()
	if reached, err := workspace.Progress(root); err != nil || len(reached) != 0 {
		t.Fatalf("at first: %v, %v", reached, err)
	}
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for i, r := range []workspace.Reached{
		{Step: 2, Dir: workspace.CopyDir(root, 2)},
		{Step: 1, Dir: filepath.Join(root, "step01")}, // as it came
		{Step: 2, Dir: t.TempDir()},                   // again
		{Step: 1, Dir: workspace.CopyDir(root, 1)},    // and by oneself
		{Step: 1, Dir: filepath.Join(root, "step01")},
	} {
		r.At = noon.Add(time.Duration(i) * time.Hour)
		if err := workspace.Reach(root, r); err != nil {
			t.Fatal(err)
		}
	}
	reached, err := workspace.Progress(root)
	if err != nil || len(reached) != 2 {
		t.Fatalf("two lessons were reached: %v, %v", reached, err)
	}
	for i, want := range []workspace.Reached{
		{Step: 1, Dir: ".workshop/try01", At: noon.Add(3 * time.Hour)},
		{Step: 2, Dir: ".workshop/try02", At: noon},
	} {
		if got := reached[i]; got.Step != want.Step || got.Dir != want.Dir || !got.At.Equal(want.At) || got.Given() {
			t.Errorf("reached %+v, want %+v", got, want)
		}
	}
}

func TestReach_Concurrent(t *testing.T) {
	root := t.TempDir()
	var all sync.WaitGroup
	for step := 1; step <= 20; step++ {
		all.Go(func() {
			if err := workspace.Reach(root, workspace.Reached{Step: step, Dir: root, At: time.Now()}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if reached, err := workspace.Progress(root); err != nil || len(reached) != 20 {
		t.Errorf("%d lessons, %v; want 20", len(reached), err)
	}
}

func TestReach_DamagedRecord(t *testing.T) {
	for _, text := range []string{"", "{", "[]", "null", `{"version":1,"reached":{}}`} {
		root := t.TempDir()
		reach := func() error { return workspace.Reach(root, workspace.Reached{Step: 3, Dir: root, At: time.Now()}) }
		if err := reach(); err != nil {
			t.Fatal(err)
		}
		checkout.Write(t, filepath.Join(workspace.Dir(root), "reached.json"), text)
		if _, err := workspace.Progress(root); err == nil || !strings.Contains(err.Error(), "reached.json is damaged") {
			t.Errorf("%q is read: %v", text, err)
		}
		err := reach()
		if err == nil || !strings.Contains(err.Error(),
			" is damaged. A new one was started, and the damaged one was renamed to ") {
			t.Fatalf("%q is written over: %v", text, err)
		}
		_, aside, _ := strings.Cut(err.Error(), "renamed to ")
		if checkout.Read(t, aside) != text {
			t.Errorf("%s holds %q, want %q", aside, checkout.Read(t, aside), text)
		}
		if reached, err := workspace.Progress(root); err != nil || len(reached) != 1 {
			t.Errorf("afterwards: %v, %v", reached, err)
		}
	}
}

func TestReach_NewerVersion(t *testing.T) {
	root := t.TempDir()
	if err := workspace.Reach(root, workspace.Reached{Step: 1, Dir: root}); err != nil {
		t.Fatal(err)
	}
	file, newer := filepath.Join(workspace.Dir(root), "reached.json"), `{"version":2,"lessons":{}}`
	checkout.Write(t, file, newer)
	err := workspace.Reach(root, workspace.Reached{Step: 2, Dir: root})
	if err == nil || !strings.Contains(err.Error(), "was written by a newer version of the workshop") ||
		checkout.Read(t, file) != newer {
		t.Errorf("a newer record: %v, and then %s", err, checkout.Read(t, file))
	}
}
