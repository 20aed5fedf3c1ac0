package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/format"
)

const importUsage = `apm import loads traces written by apm export into a running apm, and prints the
page of each.

Usage:
  apm import [flags] FILE…

  apm import slow.json
  apm export --addr box:8126 5577006791947779410 | apm import -

A file contains one trace, several traces, or a list of them; - means standard
input. Spans that are already stored are replaced. If a file contains an error,
nothing of it is imported.

Flags:
  --addr host:port   address of the running apm (default localhost:8126, or APM_ADDR)
  --help             show this help
`

// runImport sends the traces in files to a running apm.
func runImport(ctx context.Context, args []string, env func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("apm import", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the one line that matters
	addr := flags.String("addr", cmp.Or(env("APM_ADDR"), agent.DefaultAddr), "")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		_, err = io.WriteString(stdout, importUsage)
		return err
	} else if err != nil {
		return usageError{err, "apm import"}
	}
	if flags.NArg() == 0 {
		return usageError{errors.New("no files given. Add their names, or - for standard input"), "apm import"}
	}
	base, err := baseOf(*addr, "apm import")
	if err != nil {
		return err
	}
	wrong := 0
	for _, name := range flags.Args() {
		traces, err := readFile(name, stdin)
		if err != nil && flags.NArg() == 1 {
			return fmt.Errorf("import %w", err)
		}
		if err != nil {
			fmt.Fprintf(stderr, "import %v\n", err)
			wrong++
			continue
		}
		for _, spans := range traces {
			if err := send(ctx, base, spans); err != nil {
				return fmt.Errorf("import %s into the apm at %s: %w", name, *addr, err)
			}
			fmt.Fprintf(stdout, "trace %d · %s · %s/trace/%[1]d\n", spans[0].TraceID, format.Count(len(spans), "span", "spans"), base)
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %s not imported", wrong, format.Count(flags.NArg(), "file", "files"))
	}
	return nil
}

// readFile reads the traces in a file, each as a list of at least one span to send.
// Its error names the file.
func readFile(name string, stdin io.Reader) (traces [][]*pb.Span, err error) {
	var content []byte
	if name == "-" {
		name = "standard input"
		content, err = io.ReadAll(stdin)
	} else {
		content, err = os.ReadFile(name)
	}
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	exported, err := parseTraces(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i, trace := range exported {
		spans, err := trace.wire()
		if err != nil {
			return nil, fmt.Errorf("%s: trace %d: %w", name, i+1, err)
		}
		traces = append(traces, spans)
	}
	return traces, nil
}

// send sends a trace as tracers do. It splits a large one, since an agent limits the
// size of a payload. The agent joins the parts again.
func send(ctx context.Context, base string, spans []*pb.Span) error {
	const atOnce = 8 << 20 // bytes, about
	for len(spans) > 0 {
		n, size := 0, 0
		for n < len(spans) && (n == 0 || size+spans[n].Msgsize() <= atOnce) {
			size += spans[n].Msgsize()
			n++
		}
		body, err := pb.Traces{spans[:n]}.MarshalMsg(nil)
		if err != nil {
			return fmt.Errorf("encode a payload: %w", err)
		}
		if _, err := ask(ctx, http.MethodPost, base+"/v0.4/traces", body, "Content-Type", "application/msgpack", "X-Datadog-Trace-Count", "1"); err != nil {
			return err
		}
		spans = spans[n:]
	}
	return nil
}
