package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// patience is how long a person, and a test, waits for anything on a page.
const patience = 30 * time.Second

// Way is how a person looks at the pages.
type Way struct {
	Width   int64 // CSS pixels
	Scripts bool
}

func (w Way) String() string {
	if w.Scripts {
		return fmt.Sprintf("%d px with scripts", w.Width)
	}
	return fmt.Sprintf("%d px without scripts", w.Width)
}

// Window is one tab of one person's browser. Its methods end the test when something is
// not as it must be.
type Window struct {
	t       *testing.T
	browser *Browser
	ctx     context.Context
	base    string // the program's address, without a slash at the end
	way     Way
	still   bool  // stops a page from refreshing itself, which would pull it away from a reader
	status  int64 // of the last page

	mu      sync.Mutex
	strange []string // what the browser complained about since the last page
}

// Open opens a window with no cookies.
func Open(t *testing.T, browser *Browser, base string, way Way) *Window {
	t.Helper()
	tab, release, err := browser.tab()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { release(!t.Failed()) })
	return start(t, tab, &Window{browser: browser, base: base, way: way})
}

// Another opens a second tab of the same browser, with the same cookies.
func (w *Window) Another() *Window {
	w.t.Helper()
	tab, cancel := chromedp.NewContext(w.ctx)
	w.t.Cleanup(cancel)
	if err := chromedp.Do(tab); err != nil { // makes it; a deadline here would be the tab's own
		w.t.Fatalf("open a tab: %v", err)
	}
	return start(w.t, tab, w)
}

// start makes a window of a tab, for the same program and the same way of looking as like.
func start(t *testing.T, tab context.Context, like *Window) *Window {
	t.Helper()
	ctx, cancel := context.WithCancel(tab) // ends what is listened to
	t.Cleanup(cancel)
	w := &Window{t: t, browser: like.browser, ctx: ctx, base: like.base, way: like.way}
	if err := chromedp.Listen(ctx, w.hear); err != nil {
		t.Fatalf("listen to the browser: %v", err)
	}
	w.do("set up the window", func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := cdp.Call(ctx, tab, log.Enable, cdp.Empty{}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, tab, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !w.way.Scripts})
		return err
	})
	w.Resize(w.way.Width)
	return w
}

// Resize makes the window as wide as width; narrow ones are phones.
func (w *Window) Resize(width int64) {
	w.t.Helper()
	w.way.Width = width
	w.do("resize", func(ctx context.Context, tab *chromedp.Target) error {
		height := int64(900)
		if width < 600 {
			height = 780
		}
		_, err := cdp.Call(ctx, tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600,
		})
		return err
	})
}

// Go opens a path of the program, as if typed into the address line.
func (w *Window) Go(path string) {
	w.t.Helper()
	w.load("open "+path, chromedp.Navigate(w.base+path))
}

// Reload is the browser's reload button; a form that was sent is sent again.
func (w *Window) Reload() {
	w.t.Helper()
	w.load("reload", chromedp.Reload())
}

// GoBack is the browser's back button. What comes may be a page that the browser kept, or
// its question whether to send a form again.
func (w *Window) GoBack() {
	w.t.Helper()
	w.status = 0
	var to string
	w.do("go back", func(ctx context.Context, tab *chromedp.Target) error {
		history, err := cdp.Call(ctx, tab, page.GetNavigationHistory, cdp.Empty{})
		if err != nil {
			return err
		}
		if history.CurrentIndex == 0 {
			return fmt.Errorf("this is the first page")
		}
		entry := history.Entries[history.CurrentIndex-1]
		to = entry.URL
		_, err = cdp.Call(ctx, tab, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: entry.ID})
		return err
	})
	came := func(at string) bool { return at == to || strings.HasPrefix(at, "chrome-error:") }
	if at, ok := w.until(`document.readyState === "complete" ? location.href : ""`, came); !ok {
		w.t.Fatalf("the back button leads to %q, want %q", at, to)
	}
}

// Cookies are what the browser would send to the program.
func (w *Window) Cookies() []*network.Cookie {
	w.t.Helper()
	return read(w, "read the cookies", func(ctx context.Context, tab *chromedp.Target) ([]*network.Cookie, error) {
		kept, err := cdp.Call(ctx, tab, network.GetCookies, network.GetCookiesParams{URLs: []string{w.base + "/"}})
		return kept.Cookies, err
	})
}

// SetCookies puts cookies back, as a thief would who copied them.
func (w *Window) SetCookies(cookies []*network.Cookie) {
	w.t.Helper()
	w.do("set cookies", func(ctx context.Context, tab *chromedp.Target) error {
		for _, c := range cookies {
			if _, err := cdp.Call(ctx, tab, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: w.base + "/"}); err != nil {
				return err
			}
		}
		return nil
	})
}

// load runs an action that leads to another page, waits for it and looks whether it is
// what every page must be.
func (w *Window) load(what string, action chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, action)
	if err != nil {
		w.fatal(what, err)
	}
	if response == nil {
		w.fatal(what, fmt.Errorf("no page came"))
	}
	w.status = response.Status
	if w.still {
		w.do("stop the page", func(ctx context.Context, tab *chromedp.Target) error {
			_, err := cdp.Call(ctx, tab, page.StopLoading, cdp.Empty{})
			return err
		})
	}
	w.inspect(what)
}

// do runs something that stays on the page.
func (w *Window) do(what string, f func(ctx context.Context, tab *chromedp.Target) error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Func(f)); err != nil {
		w.fatal(what, err)
	}
}

// fatal ends the test and says where the person was.
func (w *Window) fatal(what string, err error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Location())
	shown, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
	w.t.Fatalf("%s: %v\nat %s, where the page says:\n%s", what, err, at, shown)
}

// read is do with a value.
func read[T any](w *Window, what string, action chromedp.Action[T]) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		w.fatal(what, err)
	}
	return v
}

// evaluate asks the page by a script of the test's own; the browser runs it even where
// the page's scripts are off.
func evaluate[T any](w *Window, script string) T {
	w.t.Helper()
	return read(w, "ask the page", chromedp.Evaluate[T](script))
}

// within polls a condition until it holds, or reports that it did not in time. The longer it
// takes the less often it asks: a question has a whole page laid out.
func within(d time.Duration, holds func() bool) bool {
	end := time.Now().Add(d)
	for pause := 25 * time.Millisecond; ; pause = min(pause*3/2, 250*time.Millisecond) {
		if holds() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
		time.Sleep(pause)
	}
}
