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

	"thinker/shared/apm"
	"thinker/shared/apm/agent"
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

// ignored has git pass over the default directory, if that is to be made: it may
// be in somebody's repository.
func ignored(db string) error {
	directory := filepath.Dir(defaultDB)
	if filepath.Clean(db) != filepath.Clean(defaultDB) {
		return nil
	}
	if err := os.Mkdir(directory, 0o700); errors.Is(err, fs.ErrExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("traces cannot be kept in %s: %w; --db FILE keeps them elsewhere, --memory nowhere", db, err)
	}
	if err := os.WriteFile(filepath.Join(directory, ".gitignore"), []byte("*\n"), 0o600); err != nil {
		return fmt.Errorf("have git ignore %s: %w", directory, err)
	}
	return nil
}

// keeps says where traces are kept, and how many there are already.
func keeps(a *agent.Agent, db string) string {
	if db == "" {
		return "traces are kept in memory, until apm ends"
	}
	kept := "traces are kept in " + absolute(db)
	if n := a.Store().Retention().Traces; n > 0 {
		kept += " (" + apm.FormatCount(n, "trace", "traces") + ")"
	}
	return kept
}

func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// otherPort is one to try where that of addr is taken.
func otherPort(addr string) int {
	if strings.HasSuffix(addr, ":9126") {
		return 9127
	}
	return 9126
}
