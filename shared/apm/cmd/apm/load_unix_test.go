//go:build unix

package main

import (
	"os"
	"strings"
	"testing"
)

func TestLoad_Interrupted(t *testing.T) {
	addr := running(t)
	cmd := playApm(t, "load", "--addr", addr, "--for", "1h", "--rate", "6000")
	var out strings.Builder
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for sent := false; !sent; { // until the first of it is there
		found, _, err := try(t, "search", "--addr", addr, "--limit", "1", "service:sqlite.db")
		if err != nil {
			t.Fatal(err)
		}
		sent = found != ""
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(out.String(), "0 missing") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
