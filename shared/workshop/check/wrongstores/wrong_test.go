package wrongstores

import (
	"testing"

	"thinker/shared/workshop/check/attempts"
)

func TestRun_WrongAttempts(t *testing.T) { attempts.Wrong(t, 4, 5) }
