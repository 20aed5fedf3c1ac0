package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/spf13/cobra"

	"thinker/shared/apm/format"
)

func importCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import [flags] FILE…",
		Short: "Load traces written by apm export",
		Long: `apm import loads traces written by apm export into a running apm, and prints the
page of each.

A file contains one trace, several traces, or a list of them; - means standard
input. Spans that are already stored are replaced. If a file contains an error,
nothing of it is imported.`,
		Example: `  apm import slow.json
  apm export --addr box:8126 5577006791947779410 | apm import -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(cmd, errors.New("no files given. Add their names, or - for standard input"))
			}
			return nil
		},
	}
	addr := addrFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return importFiles(cmd, *addr, args) }
	return cmd
}

func importFiles(cmd *cobra.Command, addr string, files []string) error {
	base, err := agentURL(cmd, addr)
	if err != nil {
		return err
	}
	wrong := 0
	for _, name := range files {
		traces, err := readFile(name, cmd.InOrStdin())
		if err != nil && len(files) == 1 {
			return fmt.Errorf("import %w", err)
		}
		if err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "import %v\n", err)
			wrong++
			continue
		}
		for _, spans := range traces {
			if err := sendTrace(cmd.Context(), base, spans); err != nil {
				return fmt.Errorf("import %s into the apm at %s: %w", name, addr, err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "trace %d · %s · %s/trace/%[1]d\n",
				spans[0].TraceID, format.Count(len(spans), "span", "spans"), base)
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %s not imported", wrong, format.Count(len(files), "file", "files"))
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

// sendTrace sends a trace as tracers do. It splits a large one, since an agent limits the
// size of a payload. The agent joins the parts again.
func sendTrace(ctx context.Context, base string, spans []*pb.Span) error {
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
		_, err = send(ctx, http.MethodPost, base+"/v0.4/traces", body,
			"Content-Type", "application/msgpack", "X-Datadog-Trace-Count", "1")
		if err != nil {
			return err
		}
		spans = spans[n:]
	}
	return nil
}
