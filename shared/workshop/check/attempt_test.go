package check_test

import (
	"testing"

	"thinker/shared/workshop/check/attempts"
)

func TestRun_HonestVariants(t *testing.T) { attempts.Honest(t) }

func TestRun_StartsAndSolutions(t *testing.T) { attempts.StartsAndSolutions(t) }

func TestRun_ServiceEnds(t *testing.T) { attempts.ServiceEnds(t) }
