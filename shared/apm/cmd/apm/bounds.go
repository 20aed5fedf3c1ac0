package main

import (
	"flag"
	"fmt"
	"math"
	"runtime/debug"
	"strconv"
	"strings"
)

// defaultDB is where traces are kept.
const defaultDB = ".workshop/traces.db"

// boundMemory has the runtime collect garbage less often while there is little
// of it, and more often before the process takes more memory than a tool that
// runs beside others should. Whoever sets Go's own variables knows better.
func boundMemory(env func(string) string) {
	if env("GOGC") == "" {
		debug.SetGCPercent(300)
	}
	if env("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(180 << 20)
	}
}

// units are the endings of numbers of bytes.
func units() []string { return []string{"KiB", "MiB", "GiB"} }

// parseBytes reads a number of bytes, as in 512MiB.
func parseBytes(text string) (int, error) {
	digits, factor := text, 1
	for i, unit := range units() {
		if number, ok := strings.CutSuffix(text, unit); ok {
			digits, factor = number, 1<<(10*(i+1))
		}
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > math.MaxInt/factor || n*factor < 1<<20 {
		return 0, fmt.Errorf("want a number of bytes, 1MiB or more, as in 512MiB or 2GiB")
	}
	return n * factor, nil
}

func formatBytes(n int) string {
	text := strconv.Itoa(n)
	for i, unit := range units() {
		if factor := 1 << (10 * (i + 1)); n%factor == 0 {
			text = strconv.Itoa(n/factor) + unit
		}
	}
	return text
}

// isSet tells whether a flag was given.
func isSet(flags *flag.FlagSet, name string) (set bool) {
	flags.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}
