package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"thinker/shared/apm/api"
	"thinker/shared/apm/format"
	"thinker/shared/apm/tracegen"
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
	agent, err := remoteAt(cmd, addr)
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
		for _, trace := range traces {
			for _, payload := range trace.payloads {
				if err := tracegen.SendPayload(cmd.Context(), agent.URL, payload); err != nil {
					return agent.fail("import "+name+" into", err)
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "trace %d · %s · %s/trace/%[1]d\n",
				trace.id, format.Count(trace.spans, "span", "spans"), agent.URL)
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %s not imported", wrong, format.Count(len(files), "file", "files"))
	}
	return nil
}

// readFile reads the traces in a file. Its error names the file.
func readFile(name string, stdin io.Reader) (traces []encodedTrace, err error) {
	var content []byte
	if name == "-" {
		name = "standard input"
		content, err = io.ReadAll(stdin)
	} else {
		content, err = os.ReadFile(name)
	}
	if path, ok := errors.AsType[*os.PathError](err); ok {
		err = path.Err
	}
	if err == nil {
		traces, err = parseTraces(content)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return traces, nil
}

// parseTraces reads one trace, several after one another, or lists of them.
func parseTraces(content []byte) (traces []encodedTrace, err error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	for {
		var document json.RawMessage
		err := decoder.Decode(&document)
		syntax, _ := errors.AsType[*json.SyntaxError](err)
		switch {
		case errors.Is(err, io.EOF) && len(traces) == 0:
			return nil, fmt.Errorf("it contains no trace: %w", api.ErrNotTrace)
		case errors.Is(err, io.EOF):
			return traces, nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil, errors.New("incomplete JSON: it ends in the middle of a trace")
		case syntax != nil:
			line := 1 + bytes.Count(content[:min(int(syntax.Offset), len(content))], []byte("\n"))
			return nil, fmt.Errorf("not JSON: line %d: %w", line, err)
		case err != nil:
			return nil, err
		}
		parts := []json.RawMessage{document}
		if document[0] == '[' {
			if err := json.Unmarshal(document, &parts); err != nil {
				return nil, err
			}
		}
		for _, part := range parts {
			trace, err := parseTrace(part)
			if err != nil {
				return nil, fmt.Errorf("trace %d: %w", len(traces)+1, err)
			}
			traces = append(traces, trace)
		}
	}
}

// An encodedTrace is a trace to send. See decisions/export-and-import.md.
type encodedTrace struct {
	id       uint64
	spans    int
	payloads [][]byte
}

func parseTrace(part json.RawMessage) (encoded encodedTrace, err error) {
	if part[0] != '{' {
		return encoded, api.ErrNotTrace
	}
	var exported api.Trace
	decoder := json.NewDecoder(bytes.NewReader(part))
	decoder.UseNumber() // in the attributes of events: whole numbers stay what they are
	err = decoder.Decode(&exported)
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return encoded, fmt.Errorf("%s: unexpected %s: %w", kind.Field, kind.Value, api.ErrNotTrace)
	} else if err != nil {
		return encoded, err
	}
	trace, err := exported.Domain()
	if err != nil {
		return encoded, err
	}
	if len(exported.Spans) == 0 {
		return encoded, errors.New("it has no spans")
	}
	seen := map[string]bool{}
	for i, span := range exported.Spans {
		if seen[span.SpanID] {
			err = fmt.Errorf("another span has the same span_id %s", span.SpanID)
		} else {
			err = checkSpan(span)
		}
		if err != nil {
			return encoded, fmt.Errorf("span %d: %w", i+1, err)
		}
		seen[span.SpanID] = true
	}
	encoded = encodedTrace{id: trace.ID, spans: len(trace.Spans)}
	encoded.payloads, err = tracegen.Payloads(trace.Spans)
	return encoded, err
}

// checkSpan returns an error for a value that a payload can't hold.
func checkSpan(s api.Span) error {
	switch {
	case s.Start < 0:
		return fmt.Errorf("start %d is before 1970", s.Start)
	case s.Duration < 0:
		return fmt.Errorf("duration %d is negative", s.Duration)
	case s.Error != 0 && s.Error != 1:
		return fmt.Errorf("error %d is neither 0 nor 1", s.Error)
	}
	for i, event := range s.Events {
		if event.Time < 0 {
			return fmt.Errorf("event %d: time %d is before 1970", i+1, event.Time)
		}
	}
	return nil
}
