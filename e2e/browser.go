// Package e2e signs in to the real program with a real browser, as a person would.
//
//	program.go   builds and starts `sallyport demo`, reads who can sign in
//	browser.go   the browser
//	window.go    a tab of it, and going from page to page
//	act.go       what a person does there: fields by label, buttons and links by name
//	read.go      what a person reads there
//	names.go     how those are found: by the tree that assistive technology reads
//	page.go      what every page must be, looked at on each one
//	phone.go     the authenticator app, played by oathtool
//	picture.go   pictures of pages
//
// The journeys are the tests: each is walked with scripts and without, on a desktop's
// and on a phone's width.
package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Browser is a running Chromium, with an empty profile. It serves all the tests, any
// number at once: each Window has cookies of its own.
type Browser struct {
	Context context.Context // chromedp's, without a tab
	stop    context.CancelFunc

	mu   sync.Mutex
	idle []context.Context // tabs that wait for the next Window; a new one takes a second of work
}

// Chromium starts a browser whose profile is folder.
func Chromium(folder string) (*Browser, error) {
	path, err := findChromium()
	if err != nil {
		return nil, err
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(folder), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
	}
	for _, flag := range []string{
		"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync",
		"disable-dev-shm-usage", "disable-background-timer-throttling", "disable-renderer-backgrounding", "mute-audio",
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil { // starts it; a deadline here would be the browser's own
		cancel()
		stop()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return &Browser{Context: ctx, stop: func() { cancel(); stop() }}, nil
}

// Stop ends the browser.
func (b *Browser) Stop() { b.stop() }

// tab returns a tab without cookies and a function that gives it back, or closes it if
// it may not be used again.
func (b *Browser) tab() (tab context.Context, release func(reuse bool), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.idle); n > 0 {
		tab, b.idle = b.idle[n-1], b.idle[:n-1]
	} else {
		tab, _ = chromedp.NewContext(b.Context, chromedp.WithNewBrowserContext())
		if err := chromedp.Do(tab); err != nil { // makes it; a deadline here would be the tab's own
			return nil, nil, fmt.Errorf("open a tab: %w", err)
		}
	}
	return tab, func(reuse bool) {
		if !reuse || clean(tab) != nil {
			_ = chromedp.Cancel(tab) // its end is the browser's, at the latest
			return
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.idle = append(b.idle, tab)
	}, nil
}

// clean makes a tab forget where it was.
func clean(tab context.Context) error {
	ctx, cancel := context.WithTimeout(tab, patience)
	defer cancel()
	return chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		for _, forget := range []cdp.Command[cdp.Empty, cdp.Empty]{network.ClearBrowserCookies, network.ClearBrowserCache, page.ResetNavigationHistory} {
			if _, err := cdp.Call(ctx, tab, forget, cdp.Empty{}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// findChromium prefers the build of Debian's chromium that has no windows to draw: the same
// engine in a third of the time.
func findChromium() (string, error) {
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no chromium is installed; make deps installs it: %w", exec.ErrNotFound)
}
