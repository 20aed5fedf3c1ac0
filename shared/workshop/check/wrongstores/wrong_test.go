package wrongstores

import (
	"testing"

	"thinker/shared/workshop/check/attempts"
)

func TestWrongAttempts(t *testing.T) { attempts.Wrong(t, 4, 5) }
