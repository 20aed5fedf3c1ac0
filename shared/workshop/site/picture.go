package site

import (
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"

	"thinker/shared/apm/guest"
	"thinker/shared/workshop/runner"
)

// picturePath matches the paths of pictures, from the workshop's directory. The page
// serves no other files from there.
var picturePath = regexp.MustCompile(`^(?:step0[1-5]|shared)/pictures/[a-z0-9-]+\.svg$`)

// image writes a picture of the workshop. Of any other, it writes the alternative
// text.
func (m *markdown) image(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	to, err := url.Parse(string(node.(*ast.Image).Destination))
	if err != nil || to.Scheme != "" || to.Host != "" {
		return ast.WalkContinue, nil
	}
	file := path.Join(runner.StepName(m.step), to.Path)
	if !picturePath.MatchString(file) {
		return ast.WalkContinue, nil
	}
	if entering {
		_, err = fmt.Fprintf(w, `<img src="%s/%s" alt="%s">`, home, file, html.EscapeString(textOf(node, source)))
	}
	return ast.WalkSkipChildren, err
}

// textOf returns the text within a node.
func textOf(node ast.Node, source []byte) string {
	var text strings.Builder
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			text.Write(t.Segment.Value(source))
			if t.SoftLineBreak() {
				text.WriteString(" ")
			}
		}
		return ast.WalkContinue, nil
	})
	return text.String()
}

// picture serves a picture at a path that picturePath matches. It opens only files
// within the workshop's directory, also where there are symbolic links.
func (s *site) picture(file string) (guest.Page, error) {
	root, err := os.OpenRoot(s.Root)
	if err != nil {
		return guest.Page{}, fmt.Errorf("open the workshop's directory: %w", err)
	}
	defer root.Close()
	picture, err := root.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return guest.Page{}, guest.Refuse(http.StatusNotFound, fmt.Sprintf("There is no picture %s. To restore it, run git restore %[1]s.", file))
	} else if err != nil {
		return guest.Page{}, fmt.Errorf("open a picture: %w", err)
	}
	defer picture.Close()
	const most = 1 << 20 // bytes
	svg, err := io.ReadAll(io.LimitReader(picture, most))
	if err != nil {
		return guest.Page{}, fmt.Errorf("read a picture: %w", err)
	}
	return guest.Page{Picture: svg}, nil
}
