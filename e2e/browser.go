// Package e2e signs in to the real program with a real browser, as a person would.
//
//	program.go   builds and starts `sallyport demo`, reads who can sign in
//	browser.go   the browser
//	window.go    what a person does in it: fields by label, buttons and links by name
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

	"github.com/chromedp/chromedp"
)

// Chromium starts a browser with an empty profile in folder. It serves all the tests:
// each Window has cookies of its own.
func Chromium(folder string) (context.Context, context.CancelFunc, error) {
	path, err := findChromium()
	if err != nil {
		return nil, nil, err
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
		return nil, nil, fmt.Errorf("start %s: %w", path, err)
	}
	return ctx, func() { cancel(); stop() }, nil
}

func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no chromium is installed; make deps installs it: %w", exec.ErrNotFound)
}
