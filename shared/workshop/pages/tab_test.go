package pages

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A look is a width, a colour scheme and whether scripts run.
type look struct {
	width     int64
	dark      bool
	noScripts bool
}

func (l look) String() string {
	name := fmt.Sprintf("%d-light", l.width)
	if l.dark {
		name = fmt.Sprintf("%d-dark", l.width)
	}
	if l.noScripts {
		name += "-without-scripts"
	}
	return name
}

const height = 900

// A tab is a test's tab in the browser. It records what goes wrong in it.
type tab struct {
	t      testing.TB
	ctx    context.Context
	origin string // of the agent whose pages it shows
	still  bool   // whether no scripts run, not even to wait for drawing

	mu         sync.Mutex
	shown      string // the page's own address, which may be answered 404
	cutOff     bool   // something was not loaded as the machine's network has changed
	complaints []string
	requested  []string
}

// networkChanged is the browser's error for pending requests if the machine's networks change,
// as they do when a container starts or ends. The page isn't the cause.
const networkChanged = "net::ERR_NETWORK_CHANGED"

// open opens a tab for the pages of the agent at origin.
func open(t testing.TB, origin string, l look) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(running(t))
	t.Cleanup(cancel)
	tab := &tab{t: t, ctx: ctx, origin: origin, still: l.noScripts}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	if err := chromedp.Listen(ctx, tab.note); err != nil {
		t.Fatal(err)
	}
	call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: l.noScripts})
	tab.lookAs(l)
	return tab
}

// lookAs changes the window's width and the colour scheme.
func (tab *tab) lookAs(l look) {
	tab.t.Helper()
	call(tab, emulation.SetDeviceMetricsOverride,
		emulation.SetDeviceMetricsOverrideParams{Width: l.width, Height: height, DeviceScaleFactor: 1})
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// call runs a browser command in the tab.
func call[P, R any](tab *tab, command cdp.Command[P, R], params P) R {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, waitLimit)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		tab.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

// visit opens a page and waits until it has settled. It retries if the network has changed
// meanwhile.
func (tab *tab) visit(path string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, waitLimit)
	defer cancel()
	for again := true; again; {
		tab.mu.Lock()
		tab.shown, tab.cutOff = tab.origin+path, false
		tab.mu.Unlock()
		err := chromedp.Do(ctx, chromedp.Navigate(tab.origin+path))
		if err == nil {
			tab.frames()
		} else if ctx.Err() != nil || !strings.Contains(err.Error(), networkChanged) {
			tab.t.Fatalf("open %s: %v", path, err)
		}
		tab.mu.Lock()
		again = err != nil || tab.cutOff
		tab.mu.Unlock()
	}
}

// frames waits until all changes are drawn.
func (tab *tab) frames() {
	tab.t.Helper()
	if tab.still {
		return
	}
	eval[bool](tab, `new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))))`)
}

// eval returns the value of an expression in the page, or of its promise. It works even if
// the page's own scripts don't run.
func eval[T any](tab *tab, expression string) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, waitLimit)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		tab.t.Fatalf("%.300s: %v", expression, err)
	}
	return value
}

// note records an event of the tab.
func (tab *tab) note(event any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	complain := func(format string, args ...any) {
		complaint := fmt.Sprintf(format, args...)
		if strings.Contains(complaint, networkChanged) {
			tab.cutOff = true
			return
		}
		tab.complaints = append(tab.complaints, complaint)
	}
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		complain("exception: %s", text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning ||
			e.Type == runtime.ConsoleAPICalledTypeAssert {
			for _, arg := range e.Args {
				complain("console.%s: %s%s", e.Type, arg.Value, arg.Description)
			}
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			if e.Entry.URL == tab.shown && e.Entry.Source == log.EntrySourceNetwork {
				return // a page that is itself an error's
			}
			complain("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		tab.requested = append(tab.requested, e.Request.URL)
		if strings.HasPrefix(e.Request.URL, "data:") && e.Type != network.ResourceTypeDocument {
			return // the browser's own icons; the page's policy allows none in it
		}
		if address, err := url.Parse(e.Request.URL); err != nil || address.Scheme+"://"+address.Host != tab.origin {
			complain("asked for %.200s, which is elsewhere", e.Request.URL)
		}
	case *network.EventLoadingFailed:
		// Where scripts do not run, the browser refuses to load them in advance.
		refused := tab.still && e.Type == network.ResourceTypeScript
		if !e.Canceled && !refused {
			complain("failed to load: %s", e.ErrorText)
		}
	case *page.EventJavascriptDialogOpening:
		complain("a dialog opened: %.200s", e.Message)
		go func() { // as an event's reader must not wait for an answer
			_, _ = chromedp.Call(tab.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{})
		}()
	}
}

// complained returns what went wrong since the tab was opened or complained was last called.
func (tab *tab) complained() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	said := tab.complaints
	tab.complaints = nil
	return said
}

// waitUntil waits for something outside of the page.
func (tab *tab) waitUntil(what string, happened func() bool) {
	tab.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	over := time.After(waitLimit)
	for !happened() {
		select {
		case <-tick.C:
		case <-over:
			tab.t.Fatalf("after %s, still waiting: %s", waitLimit, what)
		}
	}
}
