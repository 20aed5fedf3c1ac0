package runner

import (
	"cmp"
	"os"
	"path/filepath"
)

// DataDir returns the directory for builds and data: .workshop in root, or
// WORKSHOP_DATA. A container uses a volume, since file locks don't work on every
// directory mounted from its host.
func DataDir(root string) string {
	return cmp.Or(os.Getenv("WORKSHOP_DATA"), filepath.Join(root, ".workshop"))
}
