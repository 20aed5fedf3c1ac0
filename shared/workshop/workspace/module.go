package workspace

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// addModule makes files a module of its own in dir. Its libraries are those of
// the step to be reached, so that nothing has to be downloaded on the way there.
func addModule(files lesson.Code, root string, step int, dir string) error {
	from := filepath.Join(root, runner.StepName(step))
	text, err := os.ReadFile(filepath.Join(from, "go.mod"))
	if err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(from, "go.sum"))
	if err != nil {
		return err
	}
	workSums, err := os.ReadFile(filepath.Join(root, "go.work.sum"))
	if err != nil {
		return err
	}
	module, err := modfile.Parse(filepath.Join(from, "go.mod"), text, nil)
	if err != nil {
		return err
	}
	if err := module.AddModuleStmt(fmt.Sprintf("thinker/try%02d", step)); err != nil {
		return err
	}
	for _, r := range module.Replace {
		if r.New.Version != "" || filepath.IsAbs(r.New.Path) {
			continue // no path, or one that holds anywhere
		}
		path := modulePath(root, dir, filepath.Join(from, filepath.FromSlash(r.New.Path)))
		if err := module.AddReplace(r.Old.Path, r.Old.Version, path, ""); err != nil {
			return err
		}
	}
	text, err = module.Format()
	if err != nil {
		return err
	}
	files["go.mod"], files["go.sum"] = string(text), string(sums)
	// The workshop's own go.work does not know this module: with one that does, go
	// and editors look no further.
	files["go.work"], files["go.work.sum"] = "go "+module.Go.Version+"\n\nuse .\n", string(workSums)
	return nil
}

// modulePath says from dir where to is: relatively within the workshop, which may
// be moved, and mounted elsewhere.
func modulePath(root, dir, to string) string {
	if within, err := filepath.Rel(root, dir); err == nil && filepath.IsLocal(within) {
		if path, err := filepath.Rel(dir, to); err == nil {
			return filepath.ToSlash(path)
		}
	}
	return filepath.ToSlash(to)
}
