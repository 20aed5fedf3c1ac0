package web

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
	content     []byte
	contentType string
	etag        string
}

// loadAssets reads a directory of files into memory.
func loadAssets(directory fs.FS) map[string]asset {
	types := map[string]string{
		".css": "text/css; charset=utf-8",
		".mjs": "text/javascript; charset=utf-8",
		".svg": "image/svg+xml",
	}
	assets := map[string]asset{}
	entries, err := fs.ReadDir(directory, ".")
	if err != nil {
		panic(err) // cannot happen: the files are embedded
	}
	for _, entry := range entries {
		content, err := fs.ReadFile(directory, entry.Name())
		if err != nil {
			panic(err) // cannot happen either
		}
		sum := sha256.Sum256(content)
		assets[entry.Name()] = asset{
			content:     content,
			contentType: types[path.Ext(entry.Name())],
			etag:        fmt.Sprintf("%q", hex.EncodeToString(sum[:8])),
		}
	}
	return assets
}

// serveAsset sends a file that pages load.
func (site *Site) serveAsset(rw http.ResponseWriter, r *http.Request) error {
	file, ok := site.static[r.PathValue("file")]
	if !ok {
		return failure{http.StatusNotFound, fmt.Sprintf("There is no page at %s.", r.URL.Path)}
	}
	// Asked for again with every page, sent again only after an update.
	rw.Header().Set("Cache-Control", "no-cache")
	rw.Header().Set("ETag", file.etag)
	rw.Header().Set("Content-Type", file.contentType)
	http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(file.content))
	return nil
}

// addAssets adds the files of a directory, which pages load from /static/ and the
// prefix.
func (site *Site) addAssets(prefix string, directory fs.FS) {
	for name, file := range loadAssets(directory) {
		site.static[prefix+name] = file
	}
}

// sub is a directory of the embedded files.
func sub(files fs.FS, dir string) fs.FS {
	directory, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // cannot happen: the name is a constant
	}
	return directory
}
