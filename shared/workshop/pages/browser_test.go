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

var screenshots = flag.String("screenshots", "", "have TestPages write a picture of each page into this directory")

// browser is the one that all tests share, each in a tab of its own.
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

// running is the browser, started if it is not yet.
func running(t testing.TB) context.Context {
	t.Helper()
	path := need.Chromium(t)
	browser.start.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path),
			chromedp.Flag("hide-scrollbars", false), // which take room
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

// patience is how long a tab is waited for.
const patience = 30 * time.Second
