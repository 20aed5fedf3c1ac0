package pages

import (
	"context"
	"flag"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"thinker/shared/workshop/need"
)

var screenshots = flag.String("screenshots", "", "directory into which TestPages writes a picture of each page")

// browser is shared by all tests. Each test has its own tab.
var browser struct {
	start sync.Once
	ctx   context.Context
	err   error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if browser.ctx != nil {
		_ = chromedp.Cancel(browser.ctx) // it ends either way
	}
	os.Exit(code)
}

// running returns the browser, and starts it if necessary.
func running(t testing.TB) context.Context {
	t.Helper()
	path := need.Chromium(t)
	browser.start.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path),
			chromedp.Flag("hide-scrollbars", false), // so that they take up space
			chromedp.Flag("lang", "en-GB"),
		)
		allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
		browser.ctx, _ = chromedp.NewContext(allocator)
		browser.err = chromedp.Do(browser.ctx)
	})
	if browser.err != nil {
		t.Fatalf("start %s: %v", path, browser.err)
	}
	return browser.ctx
}

// waitLimit limits each wait for a tab.
const waitLimit = 30 * time.Second
