package runner

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A GoSetting is one of the go command's settings.
type GoSetting struct {
	Name, Value string
	Saved       bool // go env -w saved it; otherwise it is in the environment
}

func (s GoSetting) String() string { return s.Name + "=" + s.Value }

// GoSettings returns the settings that would make go reject the code of the workshop
// in root, find other libraries, or build for another system.
func GoSettings(root string) []GoSetting {
	saved := savedGoSettings()
	var ignored []GoSetting
	for _, c := range []struct {
		name string
		fits func(value string) bool
	}{
		{"GOFLAGS", func(flags string) bool { return !slices.ContainsFunc(strings.Fields(flags), unfit) }},
		{"GO111MODULE", func(value string) bool { return value != "off" }},
		{"GOWORK", func(value string) bool { return value == "off" || value == filepath.Join(root, "go.work") }},
		{"GOOS", func(value string) bool { return value == runtime.GOOS }},
		{"GOARCH", func(value string) bool { return value == runtime.GOARCH }},
	} {
		set := os.Getenv(c.name)
		value := cmp.Or(set, saved[c.name])
		if value != "" && !c.fits(value) {
			ignored = append(ignored, GoSetting{Name: c.name, Value: value, Saved: set == ""})
		}
	}
	return ignored
}

// unfit reports whether a flag in GOFLAGS may change the result of a build. The
// exceptions are flags that builds set themselves, and harmless ones.
func unfit(flag string) bool {
	name, _, _ := strings.Cut(flag, "=")
	return !slices.Contains([]string{"-trimpath", "-modcacherw", "-buildvcs", "-ldflags", "-p", "-v"}, name)
}

// GoEnv returns an environment in which go builds the steps of the workshop in root,
// and copies of them. It replaces the settings that GoSettings returns. An empty value
// wouldn't hide a setting that go env -w saved. If go has no directory for a cache,
// the cache is in DataDir.
func GoEnv(root string) []string {
	env := append(os.Environ(), "GO111MODULE=on", "GOWORK=off", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	flags := ""
	if slices.ContainsFunc(GoSettings(root), func(s GoSetting) bool { return s.Name == "GOFLAGS" }) {
		flags = "-buildvcs=false"
	}
	for _, cache := range MissingGoCaches() {
		dir, err := filepath.Abs(filepath.Join(DataDir(root), strings.ToLower(cache)))
		if err != nil {
			continue // go reports the missing cache
		}
		env = append(env, cache+"="+dir)
		flags = "-buildvcs=false -modcacherw" // so it can be deleted like the rest of DataDir
	}
	if flags != "" {
		env = append(env, "GOFLAGS="+flags)
	}
	return env
}

// MissingGoCaches returns the variable of each of go's caches that has no directory
// here, because HOME isn't set or isn't writable.
func MissingGoCaches() (missing []string) {
	saved := savedGoSettings()
	setting := func(name string) string { return cmp.Or(os.Getenv(name), saved[name]) }

	build := setting("GOCACHE")
	if dir, err := os.UserCacheDir(); build == "" && err == nil {
		build = filepath.Join(dir, "go-build")
	}
	modules := setting("GOMODCACHE")
	if paths := filepath.SplitList(setting("GOPATH")); modules == "" && len(paths) > 0 {
		modules = filepath.Join(paths[0], "pkg", "mod")
	} else if home, err := os.UserHomeDir(); modules == "" && err == nil {
		modules = filepath.Join(home, "go", "pkg", "mod")
	}
	if !isDirectory(build) {
		missing = append(missing, "GOCACHE")
	}
	if !isDirectory(modules) {
		missing = append(missing, "GOMODCACHE")
	}
	return missing
}

// isDirectory reports whether there is a directory. It creates a missing one.
func isDirectory(path string) bool { return filepath.IsAbs(path) && os.MkdirAll(path, 0o777) == nil }

// savedGoSettings returns what go env -w has saved.
func savedGoSettings() map[string]string {
	file := os.Getenv("GOENV")
	if dir, err := os.UserConfigDir(); file == "" && err == nil {
		file = filepath.Join(dir, "go", "env")
	}
	if file == "off" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil // nothing was saved
	}
	saved := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found {
			saved[name] = value
		}
	}
	return saved
}
