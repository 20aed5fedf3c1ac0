package main_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"thinker/shared/workshop/checkout"
	"thinker/shared/workshop/need"
)

// edited copies a step's code to a directory in root and edits a file: the pairs are the
// old and the new text.
func edited(t *testing.T, root, step, name, file string, pairs ...string) {
	t.Helper()
	dir := filepath.Join(root, name)
	checkout.Copy(t, filepath.Join(root, step), dir)
	for i := 0; i < len(pairs); i += 2 {
		checkout.Edit(t, filepath.Join(dir, filepath.FromSlash(file)), pairs[i], pairs[i+1])
	}
}

// TestCheck_ServiceListensElsewhere wants an error that names the address a service
// listens on instead of the given one.
func TestCheck_ServiceListensElsewhere(t *testing.T) {
	t.Parallel()
	const serves = "return serve.HTTP(ctx, *addr,"
	root, port, other := checkout.New(t), need.Port(t), need.Port(t)
	edited(t, root, "step01", "everywhere", "thinker/main.go", serves,
		fmt.Sprintf(`_ = addr; return serve.HTTP(ctx, ":%d",`, port))
	edited(t, root, "step01", "local", "api/main.go", serves,
		fmt.Sprintf(`_ = addr; return serve.HTTP(ctx, "127.0.0.1:%d",`, other))
	edited(t, root, "step01", "nowhere", "thinker/main.go",
		"return serve.HTTP(ctx, *addr, router, tracer.Flush)", "_, _ = addr, router\n	<-ctx.Done()\n	return nil")
	for dir, want := range map[string]string{
		"everywhere": fmt.Sprintf("thinker listens on :%d, not on the address in LISTEN_ADDR", port),
		"local":      fmt.Sprintf("api listens on 127.0.0.1:%d, not on the address in LISTEN_ADDR", other),
		"nowhere": "thinker did not become healthy: in 30s it did not listen on any port. " +
			"Its run function must call serve.HTTP",
	} {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			call{"check 1 --dir " + dir, 2, []string{"workshop: could not check " + dir + ": " + want}}.check(t, root)
		})
	}
}

// port returns the port of a URL.
func port(url string) string { return url[strings.LastIndex(url, ":")+1:] }
