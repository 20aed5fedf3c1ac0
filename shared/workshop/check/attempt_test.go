package check_test

import (
	"testing"

	"thinker/shared/workshop/check/attempts"
)

func TestHonestVariants(t *testing.T) { attempts.Honest(t) }

func TestStartsAndSolutions(t *testing.T) { attempts.StartsAndSolutions(t) }

func TestAServiceEnds(t *testing.T) { attempts.ServiceEnds(t) }
