package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
)

// agentVersion is the Agent's release whose wire types we decode with.
// Tracers read it to learn what they may send.
const agentVersion = "7.85.1"

// info is the answer to /info: from it a tracer learns what its Agent can do.
type info struct {
	body  []byte
	state string // SHA-256 of body, with which tracers notice a change
}

func newInfo() info {
	body, err := json.Marshal(map[string]any{
		"version": agentVersion,
		// Not all that is served is listed. Tracers that find /v0.6/stats begin
		// to compute statistics and may drop spans; those that find one of the
		// proxies begin to send what nobody here reads.
		"endpoints": []string{
			"/v0.3/traces", "/v0.3/services",
			"/v0.4/traces", "/v0.4/services",
			"/v0.5/traces", "/v0.7/traces", "/v1.0/traces",
		},
		"client_drop_p0s":    false,
		"span_events":        true,
		"long_running_spans": false,
		"peer_tags":          []string{},
		// No statsd_port: it would override the client's own.
		"config": map[string]any{"default_env": "none"},
	})
	if err != nil {
		panic(err) // cannot happen: the value is a constant
	}
	sum := sha256.Sum256(body)
	return info{body: body, state: hex.EncodeToString(sum[:])}
}

func (in *Intake) serveInfo(w http.ResponseWriter, _ *http.Request, _ *visit) error {
	return write(w, http.StatusOK, string(in.info.body))
}
