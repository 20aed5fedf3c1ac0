package runner

import (
	"cmp"
	"os"
	"path/filepath"
)

// DataDir is where everything goes that is built and stored and that nobody
// edits: .workshop in root, unless WORKSHOP_DATA names another directory. A
// container has a volume for it, as the locks of databases do not work on every
// directory that is mounted from its host.
func DataDir(root string) string {
	return cmp.Or(os.Getenv("WORKSHOP_DATA"), filepath.Join(root, ".workshop"))
}
