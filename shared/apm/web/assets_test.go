package web

import "testing"

// TestAssetsAreLight holds what all pages load together to 150 KB, uncompressed:
// they are to open at once.
func TestAssetsAreLight(t *testing.T) {
	w, _ := newTest()
	bytes := 0
	for _, file := range w.static {
		bytes += len(file.content)
	}
	if bytes == 0 || bytes >= 150_000 {
		t.Errorf("scripts, styles and pictures come to %d bytes", bytes)
	}
}
