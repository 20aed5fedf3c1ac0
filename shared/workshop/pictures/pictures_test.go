package pictures

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
)

func draw(t *testing.T) map[string][]byte {
	t.Helper()
	pictures, err := Draw(t.Context(), os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	return pictures
}

// TestDraw_FilesAreUpToDate compares the pictures with the files that READMEs show.
func TestDraw_FilesAreUpToDate(t *testing.T) {
	root := checkout.Root(t)
	pictures := draw(t)
	for path, want := range pictures {
		checkout.Compare(t, filepath.Join(root, filepath.FromSlash(path)), string(want))
	}
	files, err := filepath.Glob(filepath.Join(root, "s*", "pictures", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		path, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		if _, drawn := pictures[filepath.ToSlash(path)]; !drawn {
			t.Errorf("%s is drawn by nothing: delete it", path)
		}
	}
}

// TestDraw_Budget limits what a clone downloads for the pictures.
func TestDraw_Budget(t *testing.T) {
	const most = 600 << 10
	bytes := 0
	for _, picture := range draw(t) {
		bytes += len(picture)
	}
	if bytes > most {
		t.Errorf("the pictures have %d bytes, more than %d", bytes, most)
	}
}

// TestPictures_StayOutOfBuilds checks that a new picture changes neither the lessons' diffs
// nor what Docker builds.
func TestPictures_StayOutOfBuilds(t *testing.T) {
	root := checkout.Root(t)
	for step := 1; step <= runner.Steps; step++ {
		code, err := lesson.Solution(root, step)
		if err != nil {
			t.Fatal(err)
		}
		for file := range code {
			if strings.Contains(file, "pictures") {
				t.Errorf("%s is part of the code of step %d", file, step)
			}
		}
	}
	ignored := checkout.Read(t, filepath.Join(root, ".dockerignore"))
	// The file excludes everything, and then includes some directories.
	rules := strings.Fields(ignored)
	included, left := slices.Index(rules, "!step0*"), slices.Index(rules, "step0*/pictures")
	if !slices.Contains(rules, "*") || left < included || slices.Contains(rules, "!shared") ||
		slices.Contains(rules, "!shared/pictures") {
		t.Errorf("the pictures are in the Docker context: %q", rules)
	}
}

// TestDraw_IsSafeAndLegible checks that a picture loads and runs nothing, has a description
// and colours for dark pages, and has no text that is too small to read.
func TestDraw_IsSafeAndLegible(t *testing.T) {
	allowed := []string{"svg", "title", "desc", "style", "g", "rect", "line", "path", "circle", "text"}
	fontSize := regexp.MustCompile(`font(?:-size)?:([\d.]+)px`)
	for path, picture := range draw(t) {
		said := map[string]string{}
		name := ""
		for decoder := xml.NewDecoder(bytes.NewReader(picture)); ; {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			switch token := token.(type) {
			case xml.StartElement:
				name = token.Name.Local
				if !slices.Contains(allowed, name) {
					t.Errorf("%s has a <%s>", path, name)
				}
				for _, attr := range token.Attr {
					if strings.HasPrefix(attr.Name.Local, "on") || attr.Name.Local == "href" {
						t.Errorf("%s: <%s %s>", path, name, attr.Name.Local)
					}
				}
			case xml.CharData:
				said[name] += string(token)
			}
		}
		if said["title"] == "" || len(said["desc"]) < 40 {
			t.Errorf("%s is described as %q: %q", path, said["title"], said["desc"])
		}
		if !strings.Contains(said["style"], "prefers-color-scheme:dark") || strings.Contains(said["style"], "url(") ||
			strings.Contains(said["style"], "@import") {
			t.Errorf("%s: its style is %s", path, said["style"])
		}
		for _, size := range fontSize.FindAllStringSubmatch(said["style"], -1) {
			if px, err := strconv.ParseFloat(size[1], 64); err != nil || px < 12 {
				t.Errorf("%s has text of %s px", path, size[1])
			}
		}
	}
}
