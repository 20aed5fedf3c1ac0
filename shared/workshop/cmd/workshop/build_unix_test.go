//go:build unix

package main_test

import (
	"testing"

	"thinker/shared/workshop/checkout"
)

// TestCheck_GoBuildFails makes builds fail for reasons outside the code.
func TestCheck_GoBuildFails(t *testing.T) {
	root := checkout.New(t)
	workshop(t) // before the go command is replaced
	for build, want := range map[string]string{
		"kill -9 $$": "workshop: could not check the original step01: go build of step01 was killed (signal: " +
			"killed), most likely for lack of memory. Close other programs, then run this again\n",
		"echo 'thinker/step01/api: /go/pkg/tool/link: signal: killed' >&2; exit 1": "go build of step01 was killed (exit " +
			"status 1), most likely for lack of memory. Close other programs, then run this again\nthinker/step01/api: " +
			"/go/pkg/tool/link: signal: killed\n",
		"exit 3": "workshop: could not check the original step01: go build of step01 failed (exit status 3) without a " +
			"message. To see more, run go build -x ./api ./thinker in ",
	} {
		t.Run(build, func(t *testing.T) {
			fakeGo(t, build)
			call{"check 1", 2, []string{want}}.check(t, root)
		})
	}
}
