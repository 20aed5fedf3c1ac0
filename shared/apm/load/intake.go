package load

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// intake is what GET /api/intake answers, as far as it matters here.
type intake struct {
	Since  string `json:"since"` // when the agent began to count
	Spans  int    `json:"spans"`
	Losses []struct {
		Reason string `json:"reason"`
		Count  int    `json:"count"`
	} `json:"losses"`
}

// askIntake asks an agent what it has taken in.
func askIntake(ctx context.Context, client *http.Client, url string) (intake, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/intake", nil)
	if err != nil {
		return intake{}, err
	}
	response, err := client.Do(request)
	if err != nil {
		return intake{}, fmt.Errorf("read its counters: %w", err)
	}
	defer response.Body.Close()
	var answer intake
	if response.StatusCode != http.StatusOK {
		return intake{}, fmt.Errorf("read its counters: it responded with %s. Is it an apm?", response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return intake{}, fmt.Errorf("read its counters: %w. Is it an apm?", err)
	}
	return answer, nil
}
