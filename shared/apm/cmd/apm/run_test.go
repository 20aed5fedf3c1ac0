package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestMain makes the test program act as apm, or as a traced command.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "play-apm":
			os.Args = append([]string{"apm"}, os.Args[2:]...)
			main()
			return
		case "play-command":
			os.Exit(command(os.Args[2:]))
		}
	}
	os.Exit(m.Run())
}

// command follows instructions in order and returns its exit code.
func command(todo []string) int {
	for _, what := range todo {
		verb, value, _ := strings.Cut(what, "=")
		switch verb {
		case "send": // a payload in a file, to the path that follows it
			file, path, _ := strings.Cut(value, "@")
			payload, err := os.ReadFile(file)
			if err != nil {
				panic(err)
			}
			sendTo(path, "application/msgpack", string(payload))
		case "send-traces": // as many
			n, _ := strconv.Atoi(value)
			for id := range n {
				const span = `[[{"trace_id":%d,"span_id":1,"service":"s","name":"n","duration":1}]]`
				sendTo("/v0.4/traces", "application/json", fmt.Sprintf(span, id+1))
			}
		case "send-text":
			sendTo("/v0.4/traces", "application/json", value)
		case "echo":
			fmt.Fprintln(os.Stderr, "echoing")
			_, _ = io.Copy(os.Stdout, os.Stdin)
		case "until-told": // by a signal
			told := make(chan os.Signal, 1)
			signal.Notify(told, relayed()...)
			fmt.Println("waiting")
			fmt.Println("told:", <-told)
		case "exit":
			code, _ := strconv.Atoi(value)
			return code
		}
	}
	return 0
}

func sendTo(path, contentType, payload string) {
	response, err := http.Post(os.Getenv("DD_TRACE_AGENT_URL")+path, contentType, strings.NewReader(payload))
	if err != nil {
		panic(err)
	}
	response.Body.Close()
}

// self returns the program that acts as apm and as the command.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// playApm returns apm with its arguments.
func playApm(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), self(t), append([]string{"play-apm"}, args...)...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // else each takes a second
	return cmd
}

// playRun returns apm run with a command that follows instructions.
func playRun(t *testing.T, todo ...string) *exec.Cmd {
	t.Helper()
	return playApm(t, append([]string{"run", "--", self(t), "play-command"}, todo...)...)
}

// ended runs apm until it ends.
func ended(t *testing.T, cmd *exec.Cmd) (stdout, stderr string, code int) {
	t.Helper()
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), problems.String(), cmd.ProcessState.ExitCode()
}

func TestRun_PrintsTheTraces(t *testing.T) {
	testdata := filepath.Join("..", "..", "internal", "intake", "testdata")
	stdout, stderr, code := ended(t, playRun(t,
		"send="+filepath.Join(testdata, "dd-trace-go.v1-v1.74.8-v0.4.msgpack")+"@/v0.4/traces",
		"send="+filepath.Join(testdata, "dd-trace-go-v2.12.0-v1.0.msgpack")+"@/v1.0/traces",
		"exit=3"))
	const tree = `  thinker-api · http.request · GET /think/ · http.status_code:200
    thinker-api · http.request · http.request
      thinker-microservice · http.request · GET /
        thinker-microservice · think · think · subject:war
          sqlite.db · sqlite.query · SELECT id, quote, author, subject FROM thought WHERE subject = ?
        thinker-microservice · think · think · subject:art · error *errors.errorString: subject unknown: art (without a stack)
`
	want := "\napm: 2 traces\n\ntrace 8452478705885544601 · 4.27 ms\n" + tree +
		"\ntrace 2714384985157700851 · 4.92 ms\n" + tree
	if stdout != "" || stderr != want || code != 3 {
		t.Errorf("exit code %d\n%s%s\nwant\n%s", code, stdout, stderr, want)
	}
}

func TestRun_InputAndOutput(t *testing.T) {
	cmd := playRun(t, "echo", "send-traces=1")
	cmd.Stdin = strings.NewReader("to be \x00 or not\n")
	stdout, stderr, code := ended(t, cmd)
	if stdout != "to be \x00 or not\n" || code != 0 ||
		!strings.HasPrefix(stderr, "echoing\n\napm: 1 trace\n\ntrace 1 · 1 ns\n  s · n\n") {
		t.Errorf("exit code %d\n%q\n%s", code, stdout, stderr)
	}
}

func TestRun_ManyTraces(t *testing.T) {
	_, stderr, _ := ended(t, playRun(t, "send-traces=23"))
	if !strings.HasPrefix(stderr, "\napm: 23 traces\n\n… 3 earlier traces not shown\n\ntrace 4 ") ||
		strings.Count(stderr, "\ntrace ") != mostReported || !strings.HasSuffix(stderr, "\ntrace 23 · 1 ns\n  s · n\n") {
		t.Errorf("%s", stderr)
	}
}

func TestRun_NoTrace(t *testing.T) {
	for name, c := range map[string]struct {
		do   string
		want string
	}{
		"nothing came": {"exit=0", "apm: no trace arrived: nothing was sent to DD_TRACE_AGENT_URL. Start a tracer"},
		"an empty one": {"send-text=[]", "apm: no trace arrived: a tracer connected but sent no span."},
		"a broken one": {"send-text=[[{",
			"apm: no trace arrived: what arrived was refused\napm: refused 1 payload or span: malformed\n"},
		"without an ID": {`send-text=[[{"service":"s"}]]`, "apm: refused 1 payload or span: span without trace or span ID\n"},
	} {
		if _, stderr, code := ended(t, playRun(t, c.do)); !strings.Contains(stderr, c.want) || code != 0 {
			t.Errorf("%s: exit code %d\n%s", name, code, stderr)
		}
	}
}

func TestRun_NotStarted(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
		code int
	}{
		"no command": {nil, "apm: no command given. Add one after --. See apm run --help\n", 2},
		"a flag": {[]string{"-v", "go"},
			"apm: unknown shorthand flag: 'v' in -v. The command's own flags go after --. See apm run --help\n", 2},
		"no such command": {[]string{"--", "no-such-command"}, "apm: run: command \"no-such-command\" not found\n", 127},
		"no such file":    {[]string{"--", filepath.Join(t.TempDir(), "none")}, "apm: run: command ", 127},
	} {
		_, stderr, code := ended(t, playApm(t, append([]string{"run"}, c.args...)...))
		if !strings.HasPrefix(stderr, c.want) || strings.Count(stderr, "\n") != 1 || code != c.code {
			t.Errorf("%s: exit code %d, want %d\n%s", name, code, c.code, stderr)
		}
	}
}
