package main_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
)

// TestCheck_BoundsResponses checks code that responds without end, and code that
// redirects check to another server.
func TestCheck_BoundsResponses(t *testing.T) {
	t.Parallel()
	root := checkout.New(t)
	other, asked := countRequests(t)
	const route = `router.Handle("/think/", traced("GET /think/", a.think))`
	edited(t, root, "step01", "endless", "api/main.go", route, `_ = a
	router.HandleFunc("/think/", func(w http.ResponseWriter, r *http.Request) {
		for written := 1; written > 0; {
			written, _ = w.Write(make([]byte, 1<<16))
		}
	})`)
	edited(t, root, "step01", "redirect", "api/main.go", route, fmt.Sprintf(`_ = a
	router.Handle("/think/", http.RedirectHandler(%q, http.StatusFound))`, other))
	for dir, want := range map[string]string{
		"endless": "the response to GET /think/?subject=war is longer than 1 MiB. Look for a loop that writes to it\n",
		"redirect": "GET /think/?subject=war redirects to " + other +
			". Redirects aren't followed: respond to the request itself\n",
	} {
		want = "workshop: could not check " + dir + ": " + want
		call{"check 1 --hints 0 --dir " + dir, 2, []string{want}}.check(t, root)
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("another server was sent %d requests", n)
	}
}

// TestCheck_BoundsLogLines checks a service that prints a line of 512 MB.
func TestCheck_BoundsLogLines(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says in /proc how much memory a process took")
	}
	root := checkout.New(t)
	edited(t, root, "step01", "long", "thinker/main.go", "	return serve.HTTP(", `	x := string(make([]byte, 1<<16))
	for range 8192 {
		print(x)
	}
	println()
	println("after the long line")
	return serve.HTTP(`)
	cmd := exec.CommandContext(need.Context(t), workshop(t), "check", "1", "--dir", "long", "--logs")
	cmd.Dir = root
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cut, after := false, false
	for lines := bufio.NewScanner(output); lines.Scan(); {
		cut = cut || strings.HasSuffix(lines.Text(), " … (cut: the line is longer than 8 KiB)")
		if strings.HasSuffix(lines.Text(), "│ after the long line") {
			after = true
			if peak := peakMemory(t, cmd.Process.Pid); peak > 256<<20 {
				t.Errorf("the command took %d MB for a log line", peak>>20)
			}
		}
	}
	if err := cmd.Wait(); !cut || !after || err != nil {
		t.Errorf("line cut: %v; next line shown: %v; the command ends with %v", cut, after, err)
	}
}

// TestThinkAndLoad_BoundResponses uses another program on the api's port.
func TestThinkAndLoad_BoundResponses(t *testing.T) {
	t.Parallel()
	other, asked := countRequests(t)
	var sent atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/healthz":
		case r.URL.Query().Get("subject") == "war":
			for {
				n, err := w.Write(make([]byte, 1<<16))
				if sent.Add(int64(n)); err != nil {
					return
				}
			}
		default:
			http.Redirect(w, r, other, http.StatusFound)
		}
	}))
	defer api.Close()
	_, _, _, flags := freePorts(t)
	where := " " + strings.Join(flags, " ") + " --api-port " + port(api.URL)
	for arguments, want := range map[string]string{
		"think war": "workshop: the response of thinker-api at http://localhost:" + port(api.URL) +
			" is longer than 1 MiB. Look for a loop in the api that writes the response\n",
		"think music":                   "a redirect to " + other + ", which this command doesn't\nfollow",
		"load --rps 1 --for 1s":         "",
		"load --rps 1 --for 1s --mix a": "",
	} {
		call{arguments + where, 1, []string{want}}.check(t, ".")
	}
	api.Close() // which waits for its requests
	if n := sent.Load(); n > 100<<20 {
		t.Errorf("%d MB of two responses were read", n>>20)
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("another server was sent %d requests", n)
	}
}

// countRequests starts a server that should receive no request.
func countRequests(t *testing.T) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	t.Cleanup(server.Close)
	return server.URL, requests
}

// peakMemory returns the peak memory of a running process, in bytes.
func peakMemory(t *testing.T, pid int) int64 {
	t.Helper()
	status := checkout.Read(t, fmt.Sprintf("/proc/%d/status", pid))
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindStringSubmatch(status)
	if found == nil {
		t.Fatalf("no peak memory in\n%s", status)
	}
	kB, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kB << 10
}
