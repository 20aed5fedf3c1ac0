package pictures

import (
	"encoding/json"
	"fmt"
	"io/fs"

	"thinker/shared/apm"
	"thinker/shared/apm/api"
)

// A recording has the traces of some requests, by a name for each request. It is
// stored in the format of the agent's API.
type recording map[string][]apm.Trace

// readRecording reads the recording of a step, for example step02.
func readRecording(files fs.FS, step string) (recording, error) {
	text, err := fs.ReadFile(files, step+".json")
	if err != nil {
		return nil, fmt.Errorf("read the recording of %s: %w", step, err)
	}
	var stored map[string][]api.Trace
	if err := json.Unmarshal(text, &stored); err != nil {
		return nil, fmt.Errorf("read the recording of %s: %w", step, err)
	}
	r := recording{}
	for request, traces := range stored {
		for _, trace := range traces {
			domain, err := trace.Domain()
			if err != nil {
				return nil, fmt.Errorf("read the recording of %s: %w", step, err)
			}
			r[request] = append(r[request], domain)
		}
	}
	return r, nil
}
