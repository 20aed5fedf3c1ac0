package bench

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/apm/internal/process"
)

func TestMain(m *testing.M) { os.Exit(process.Main(m)) }

// An apm is a process that is measured.
type apm struct {
	*process.APM
	b *testing.B // whose benchmark is running
}

// start runs apm with the flags given and those of the benchmark's own flag.
func start(b *testing.B, flags ...string) *apm {
	b.Helper()
	return &apm{process.Start(b, append(flags, strings.Fields(*apmFlags)...)...), b}
}

// reportSize reports the process's memory, and what its database
// takes on disk.
func (a *apm) reportSize() {
	a.b.Helper()
	if now, peak, known := a.Memory(); known {
		a.b.ReportMetric(now, "RSS-MB")
		a.b.ReportMetric(peak, "peak-RSS-MB")
	}
	var onDisk int64
	err := filepath.WalkDir(a.Data, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().IsRegular() {
			onDisk += info.Size()
		}
		return err
	})
	if err != nil {
		a.b.Fatal(err)
	}
	if onDisk > 0 {
		a.b.ReportMetric(float64(onDisk)/1e6, "MB-on-disk")
	}
}
