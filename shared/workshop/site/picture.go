package site

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"regexp"

	"thinker/shared/apm/guest"
)

// picturePath matches the paths of pictures, from the workshop's directory. The page
// serves no other files from there.
var picturePath = regexp.MustCompile(`^(?:step0[1-5]|shared)/pictures/[a-z0-9-]+\.svg$`)

// picture serves a picture at a path that picturePath matches. It opens only files
// within the workshop's directory, also where there are symbolic links.
func picture(dir, file string) (guest.Page, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return guest.Page{}, fmt.Errorf("open the workshop's directory: %w", err)
	}
	defer root.Close()
	picture, err := root.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return guest.Page{}, guest.Refuse(http.StatusNotFound,
			fmt.Sprintf("There is no picture %s. To restore it, run git restore %[1]s.", file))
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
