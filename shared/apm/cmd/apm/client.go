package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"thinker/shared/apm/format"
)

// send sends a request to a running apm and returns the body of its response. Headers
// are name, value, name, value.
func send(ctx context.Context, method, url string, body []byte, headers ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, unreached(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusNoContent {
		return nil, refusal(response)
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read its response: %w", err)
	}
	return answer, nil
}

// refusal returns the error in a response. An apm's pages send problem details; its
// intake sends text, like the Agent's.
func refusal(response *http.Response) error {
	const longest = 1000 // characters
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	var problem struct{ Detail string }
	switch {
	case err == nil && json.Unmarshal(body, &problem) == nil && problem.Detail != "":
		return errors.New(format.Printable(problem.Detail, longest))
	case err == nil && response.Header.Get("Datadog-Agent-Version") != "" && len(strings.TrimSpace(string(body))) > 0:
		return errors.New(format.Printable(string(body), longest))
	}
	return fmt.Errorf("it responded with %s. Is it an apm?", response.Status)
}

// unreached explains what to do if nothing is listening.
func unreached(err error) error {
	var refused *net.OpError
	if errors.As(err, &refused) && refused.Op == "dial" {
		return errors.New("nothing is listening there. Start apm, or give its address: --addr host:port")
	}
	return err
}
