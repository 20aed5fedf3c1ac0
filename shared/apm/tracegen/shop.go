package tracegen

import (
	_ "embed"
	"encoding/json"
	"math/rand/v2"
	"time"

	"thinker/shared/apm"
)

//go:embed shop.json
var shopJSON []byte

// A shop is a system of some twenty services.
type shop struct {
	Entries    []string             `json:"entries"` // the operations that handle requests from outside
	Languages  []string             `json:"languages"`
	Rollouts   map[string]rollout   `json:"rollouts"` // by service
	Operations map[string]operation `json:"operations"`
}

// A rollout replaces a service's version in the middle of the window.
type rollout struct {
	Version string `json:"version"`
	Slower  int    `json:"slower"` // how many times slower than the previous version
}

// An operation describes a span of one service, and the operations it calls.
type operation struct {
	Service  string            `json:"service"`
	Name     string            `json:"name"`
	Resource string            `json:"resource"`
	Type     string            `json:"type"`
	Takes    time.Duration     `json:"takes_ns"` // typically, without its calls
	Tags     map[string]string `json:"tags"`
	Reader   string            `json:"reader"` // the operation that consumes the message sent by this one
	Calls    []call            `json:"calls"`
	Failure  *failure          `json:"failure"` // how the operation fails now and then
}

type call struct {
	To       string `json:"to"`
	Times    int    `json:"times"`    // one after the other; 0 means 1
	Together bool   `json:"together"` // starts at the same time as the call before it
}

type failure struct {
	Rate    float64 `json:"rate"` // 0 to 1
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Stack   string  `json:"stack"`
}

// readJSON decodes one of the package's embedded files.
func readJSON[T any](content []byte) (value T) {
	if err := json.Unmarshal(content, &value); err != nil {
		panic(err) // a mistake in the file, which every test finds
	}
	return value
}

// describe sets a finished span's error, its events, and the tags that vary.
func describe(random *rand.Rand, span *apm.Span, op operation, failed *failure) {
	for tag, value := range op.Tags {
		span.Meta[tag] = value
	}
	switch op.Type {
	case "web":
		span.Meta["http.status_code"] = statusCode(failed)
		span.Meta["usr.id"] = "user-" + string(rune('a'+random.IntN(26)))
		span.Metrics["cart.items"] = float64(random.IntN(12))
	case "sql":
		span.Metrics["db.row_count"] = float64(random.IntN(100))
	case "redis", "cache":
		if random.IntN(4) == 0 {
			attributes := map[string]any{"key": op.Resource, "bytes": int64(0)}
			span.Events = append(span.Events, apm.Event{Time: span.End(), Name: "cache.miss", Attributes: attributes})
		}
	}
	if failed == nil {
		return
	}
	span.Error = true
	span.Meta["error.message"], span.Meta["error.type"] = failed.Message, failed.Type
	span.Meta["error.stack"] = failed.Stack
	span.Events = append(span.Events, apm.Event{
		Time: span.Start + int64(span.Duration)*9/10, Name: "exception",
		Attributes: map[string]any{
			"exception.message": failed.Message, "exception.type": failed.Type, "exception.escaped": true,
			"retries": int64(2), "waited": 0.25,
		},
	})
}

func statusCode(failed *failure) string {
	if failed == nil {
		return "200"
	}
	return "500"
}
