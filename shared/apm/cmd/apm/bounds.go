package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"thinker/shared/apm/agent"
	"thinker/shared/apm/format"
)

// defaultDB is the file that stores traces.
const defaultDB = ".workshop/traces.db"

// boundMemory makes the runtime collect garbage less often while there is little of
// it, and more often near the memory limit: apm runs beside other programs. Go's own
// variables take precedence.
func boundMemory(env func(string) string) {
	if env("GOGC") == "" {
		debug.SetGCPercent(300)
	}
	if env("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(180 << 20)
	}
}

// units returns the units of numbers of bytes.
func units() []string { return []string{"KiB", "MiB", "GiB"} }

// parseBytes parses a number of bytes such as 512MiB.
func parseBytes(text string) (int, error) {
	digits, factor := text, 1
	for i, unit := range units() {
		if number, ok := strings.CutSuffix(text, unit); ok {
			digits, factor = number, 1<<(10*(i+1))
		}
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > math.MaxInt/factor || n*factor < 1<<20 {
		return 0, errors.New("use a size of 1MiB or more, such as 512MiB or 2GiB")
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

// isSet reports whether a flag was given.
func isSet(flags *flag.FlagSet, name string) (set bool) {
	flags.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// ignored makes git ignore the default directory if apm creates it: it may be inside a
// repository.
func ignored(db string) error {
	directory := filepath.Dir(defaultDB)
	if filepath.Clean(db) != filepath.Clean(defaultDB) {
		return nil
	}
	if err := os.Mkdir(directory, 0o700); errors.Is(err, fs.ErrExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("could not create %s: %w. To store traces elsewhere: --db FILE, or --memory", db, err)
	}
	if err := os.WriteFile(filepath.Join(directory, ".gitignore"), []byte("*\n"), 0o600); err != nil {
		return fmt.Errorf("make git ignore %s: %w", directory, err)
	}
	return nil
}

// stores returns a line about where traces are stored, and how many there are already.
func stores(a *agent.Agent, db string) string {
	if db == "" {
		return "Traces are stored in memory, until apm stops"
	}
	text := "Traces are stored in " + absolute(db)
	if n := a.Store().Retention().Traces; n > 0 {
		text += " (" + format.Count(n, "trace", "traces") + ")"
	}
	return text
}

func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// otherPort returns a port to try if the one of addr is in use.
func otherPort(addr string) int {
	if strings.HasSuffix(addr, ":9126") {
		return 9127
	}
	return 9126
}
