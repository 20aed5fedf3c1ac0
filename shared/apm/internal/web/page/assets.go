package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"time"
)

// An asset is a file that pages load.
type asset struct {
	Content     []byte
	ContentType string
	Etag        string
}

// loadAssets reads a directory into memory. It panics if it can't, since files are embedded.
func loadAssets(files fs.FS, directory string) map[string]asset {
	types := map[string]string{
		".css": "text/css; charset=utf-8",
		".mjs": "text/javascript; charset=utf-8",
		".svg": "image/svg+xml",
	}
	assets := map[string]asset{}
	entries, err := fs.ReadDir(files, directory)
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		content, err := fs.ReadFile(files, path.Join(directory, entry.Name()))
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(content)
		assets[entry.Name()] = asset{
			Content:     content,
			ContentType: types[path.Ext(entry.Name())],
			Etag:        fmt.Sprintf("%q", hex.EncodeToString(sum[:8])),
		}
	}
	return assets
}

// ServeAsset sends a file that pages load.
func (site *Site) ServeAsset(rw http.ResponseWriter, r *http.Request) error {
	file, ok := site.Static[r.PathValue("file")]
	if !ok {
		return Failure{http.StatusNotFound, fmt.Sprintf("There is no page at %s.", r.URL.Path)}
	}
	// Browsers ask for it with every page, and get it only after an update.
	rw.Header().Set("Cache-Control", "no-cache")
	rw.Header().Set("ETag", file.Etag)
	rw.Header().Set("Content-Type", file.ContentType)
	http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(file.Content))
	return nil
}

// AddAssets adds the files of a directory. Pages load them from /static/ and the prefix.
func (site *Site) AddAssets(prefix string, directory fs.FS) {
	for name, file := range loadAssets(directory, ".") {
		site.Static[prefix+name] = file
	}
}
