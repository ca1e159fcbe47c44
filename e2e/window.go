package e2e

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
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
	t      *testing.T
	ctx    context.Context
	base   string // the program's address, without a slash at the end
	way    Way
	status int64 // of the last page

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
	return start(t, tab, base, way)
}

// Another opens a second tab of the same browser, with the same cookies.
func (w *Window) Another() *Window {
	w.t.Helper()
	tab, cancel := chromedp.NewContext(w.ctx)
	w.t.Cleanup(cancel)
	if err := chromedp.Do(tab); err != nil { // makes it; a deadline here would be the tab's own
		w.t.Fatalf("open a tab: %v", err)
	}
	return start(w.t, tab, w.base, w.way)
}

func start(t *testing.T, tab context.Context, base string, way Way) *Window {
	t.Helper()
	ctx, cancel := context.WithCancel(tab) // ends what is listened to
	t.Cleanup(cancel)
	w := &Window{t: t, ctx: ctx, base: base, way: way}
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
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !way.Scripts})
		return err
	})
	w.Resize(way.Width)
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

// hear notes what must never happen: a script's error, a breach of the content policy, a
// request to another host.
func (w *Window) hear(event any) {
	var complaint string
	switch e := event.(type) {
	case *log.EventEntryAdded:
		// The browser also logs each answer that is not 200 here; those are meant.
		if e.Entry.Level != log.EntryLevelError || e.Entry.Source == log.EntrySourceNetwork {
			return
		}
		complaint = string(e.Entry.Source) + ": " + e.Entry.Text
	case *runtime.EventExceptionThrown:
		complaint = "script: " + (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error()
	case *network.EventRequestWillBeSent:
		if strings.HasPrefix(e.Request.URL, w.base+"/") || strings.HasPrefix(e.Request.URL, "data:") || e.Request.URL == "about:blank" {
			return
		}
		complaint = "request to another host: " + e.Request.URL
	default:
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.strange = append(w.strange, complaint)
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

// Fill types text into the field with that label, over what is there.
func (w *Window) Fill(label, text string) {
	w.t.Helper()
	w.do("fill "+label, func(ctx context.Context, tab *chromedp.Target) error {
		node, err := find(ctx, tab, fields, exactly(label))
		if err != nil {
			return err
		}
		if err := click(ctx, tab, node, 3); err != nil { // three clicks select what is there
			return err
		}
		if _, err := cdp.Call(ctx, tab, input.DispatchKeyEvent, input.DispatchKeyEventParams{
			Type: input.DispatchKeyEventTypeRawKeyDown, Key: "Delete", Code: "Delete", WindowsVirtualKeyCode: 46,
		}); err != nil {
			return err
		}
		_, err = cdp.Call(ctx, tab, input.InsertText, input.InsertTextParams{Text: text})
		return err
	})
	if got := w.Value(label); got != text {
		w.t.Fatalf("typed %q into %q, and it holds %q", text, label, got)
	}
}

// Value is what stands in the field with that label.
func (w *Window) Value(label string) string {
	w.t.Helper()
	return read(w, "read "+label, func(ctx context.Context, tab *chromedp.Target) (string, error) {
		node, err := find(ctx, tab, fields, exactly(label))
		if err != nil {
			return "", err
		}
		return ask(ctx, tab, node, `function() { return this.value }`)
	})
}

// Press presses the button with that accessible name and waits for the next page.
func (w *Window) Press(name string) {
	w.t.Helper()
	w.load("press "+name, clickOn(buttons, exactly(name), 1))
}

// Pick presses the one button whose name contains text and waits for the next page.
func (w *Window) Pick(text string) {
	w.t.Helper()
	w.load("pick "+text, clickOn(buttons, containing(text), 1))
}

// Follow follows the link with that accessible name and waits for the next page.
func (w *Window) Follow(name string) {
	w.t.Helper()
	w.load("follow "+name, clickOn(links, exactly(name), 1))
}

// Tap presses a button that opens something on this same page.
func (w *Window) Tap(name string) {
	w.t.Helper()
	w.do("tap "+name, actionless(clickOn(buttons, exactly(name), 1)))
}

// PressTwice double-clicks the button with that accessible name. See waits for what
// comes of it.
func (w *Window) PressTwice(name string) {
	w.t.Helper()
	w.do("press twice "+name, actionless(clickOn(buttons, exactly(name), 2)))
}

// Link is the address that the link with that accessible name leads to.
func (w *Window) Link(name string) string {
	w.t.Helper()
	return read(w, "read the link "+name, func(ctx context.Context, tab *chromedp.Target) (string, error) {
		node, err := find(ctx, tab, links, exactly(name))
		if err != nil {
			return "", err
		}
		return ask(ctx, tab, node, `function() { return this.getAttribute("href") }`)
	})
}

// Control is a button, as a person meets it.
type Control struct {
	Name     string
	Disabled bool
}

// Buttons lists the page's buttons in their order.
func (w *Window) Buttons() []Control {
	w.t.Helper()
	return read(w, "list the buttons", func(ctx context.Context, tab *chromedp.Target) ([]Control, error) {
		nodes, err := all(ctx, tab, buttons)
		if err != nil {
			return nil, err
		}
		var list []Control
		for _, n := range nodes {
			list = append(list, Control{Name: text(n.Name), Disabled: disabled(n)})
		}
		return list, nil
	})
}

// HasButton reports whether the page has a button with that name.
func (w *Window) HasButton(name string) bool {
	w.t.Helper()
	return slices.ContainsFunc(w.Buttons(), func(c Control) bool { return c.Name == name })
}

// Type types text where the focus is; "\r" is Enter, "\t" is Tab.
func (w *Window) Type(text string) {
	w.t.Helper()
	w.do("type", actionless(chromedp.KeyEvent(text)))
}

// Enter presses Enter where the focus is and waits for the next page.
func (w *Window) Enter() {
	w.t.Helper()
	w.load("press Enter", chromedp.KeyEvent(kb.Enter))
}

// TabTo presses Tab until what has that accessible name has the focus, and looks
// whether the focus can be seen on the way.
func (w *Window) TabTo(name string) {
	w.t.Helper()
	var met []string
	for range 40 {
		w.Type(kb.Tab)
		focus := w.Focused()
		if focus == name {
			if ring := evaluate[string](w, `getComputedStyle(document.activeElement).outlineStyle`); ring == "none" {
				w.t.Errorf("on %s nothing shows that %q has the focus", w.Path(), name)
			}
			return
		}
		met = append(met, focus)
	}
	w.t.Fatalf("Tab does not reach %q on %s; it met %q", name, w.Path(), met)
}

// Focused is the accessible name of what has the focus.
func (w *Window) Focused() string {
	w.t.Helper()
	return read(w, "look where the focus is", func(ctx context.Context, tab *chromedp.Target) (string, error) {
		object, err := chromedp.Evaluate[*runtime.RemoteObject](`document.activeElement`)(ctx, tab)
		if err != nil {
			return "", err
		}
		tree, err := cdp.Call(ctx, tab, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{ObjectID: object.ObjectID})
		if err != nil || len(tree.Nodes) == 0 {
			return "", err
		}
		return text(tree.Nodes[0].Name), nil
	})
}

// Text is what can be read on the page, with single spaces.
func (w *Window) Text() string {
	w.t.Helper()
	return strings.Join(strings.Fields(evaluate[string](w, shownText)), " ")
}

const shownText = `document.body ? document.body.innerText : ""`

// See waits until each of the texts can be read on the page.
func (w *Window) See(texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		w.SeeOne(text)
	}
}

// SeeOne waits until one of the texts can be read on the page.
func (w *Window) SeeOne(texts ...string) {
	w.t.Helper()
	got, ok := w.until(shownText, func(page string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(page, text) })
	})
	if !ok {
		w.t.Fatalf("on %s (status %d) there is no %q:\n%s", w.Path(), w.status, texts, got)
	}
}

// Miss fails if one of the texts can be read on the page, in any case of letters.
func (w *Window) Miss(texts ...string) {
	w.t.Helper()
	got := strings.ToLower(w.Text())
	for _, not := range texts {
		if strings.Contains(got, strings.ToLower(not)) {
			w.t.Errorf("on %s there is %q:\n%s", w.Path(), not, got)
		}
	}
}

// Heading waits until the page's one h1 is want.
func (w *Window) Heading(want string) {
	w.t.Helper()
	got, ok := w.until(`[...document.querySelectorAll("h1")].map(h => h.innerText).join(" | ")`, func(h string) bool { return h == want })
	if !ok {
		w.t.Fatalf("on %s (status %d) the heading is %q, want %q:\n%s", w.Path(), w.status, got, want, w.Text())
	}
}

// At waits until the address is path, a query aside.
func (w *Window) At(path string) {
	w.t.Helper()
	got, ok := w.until(`location.pathname`, func(p string) bool { return p == path })
	if !ok {
		w.t.Fatalf("at %s (status %d), want %s:\n%s", got, w.status, path, w.Text())
	}
}

// until asks the page until the answer holds, and returns the last answer. While one
// page gives way to the next nothing answers, which is no mistake.
func (w *Window) until(script string, holds func(answer string) bool) (answer string, ok bool) {
	ok = within(patience, func() bool {
		ctx, cancel := context.WithTimeout(w.ctx, patience)
		defer cancel()
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
		if err != nil {
			return false
		}
		answer = strings.Join(strings.Fields(got), " ")
		return holds(answer)
	})
	return answer, ok
}

// Path is the path of the address.
func (w *Window) Path() string {
	w.t.Helper()
	address := read(w, "read the address", chromedp.Location())
	u, err := url.Parse(address)
	if err != nil {
		w.t.Fatalf("the address is %q: %v", address, err)
	}
	return u.Path
}

// Status checks the status of the last page that a method waited for.
func (w *Window) Status(want int64) {
	w.t.Helper()
	if w.status != want {
		w.t.Errorf("%s answered %d, want %d:\n%s", w.Path(), w.status, want, w.Text())
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

// within polls a condition until it holds, or reports that it did not in time.
func within(d time.Duration, holds func() bool) bool {
	end := time.Now().Add(d)
	for {
		if holds() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
		time.Sleep(25 * time.Millisecond)
	}
}
