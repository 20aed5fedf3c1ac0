package workspace

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"

	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

// addModule makes files a module in dir. It requires the libraries of the finished step,
// so that the learner has nothing to download.
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
			continue // not a relative path
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
	// The workshop's go.work doesn't contain this module. With its own go.work, go and
	// editors look no further.
	files["go.work"], files["go.work.sum"] = "go "+module.Go.Version+"\n\nuse .\n", string(workSums)
	return nil
}

// modulePath returns the path from dir to another directory: a relative one within the
// workshop, which may be moved or mounted elsewhere.
func modulePath(root, dir, to string) string {
	if within, err := filepath.Rel(root, dir); err == nil && filepath.IsLocal(within) {
		if path, err := filepath.Rel(dir, to); err == nil {
			return filepath.ToSlash(path)
		}
	}
	return filepath.ToSlash(to)
}
