package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

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

// Choose picks what begins with option in the list with that label, by its letters, as the
// keyboard does. A list takes letters that come late for the beginning of another word, which
// on a busy machine they are: then they are typed again.
func (w *Window) Choose(label, option string) {
	w.t.Helper()
	var got string
	for range 5 {
		w.do("choose "+option, func(ctx context.Context, tab *chromedp.Target) error {
			node, err := find(ctx, tab, fields, exactly(label))
			if err != nil {
				return err
			}
			if _, err := cdp.Call(ctx, tab, dom.Focus, dom.FocusParams{BackendNodeID: node.BackendDOMNodeID}); err != nil {
				return err
			}
			_, err = chromedp.KeyEvent(option)(ctx, tab)
			return err
		})
		if got = evaluate[string](w, `document.activeElement.selectedOptions[0].innerText`); strings.HasPrefix(got, option+" ") {
			return
		}
		time.Sleep(2 * time.Second) // until the list has forgotten the letters
	}
	w.t.Fatalf("typed %q into the list %q, and it shows %q", option, label, got)
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

// FollowFirst is Follow where several links have that name.
func (w *Window) FollowFirst(name string) {
	w.t.Helper()
	w.load("follow the first "+name, func(ctx context.Context, tab *chromedp.Target) (none chromedp.Void, err error) {
		nodes, err := all(ctx, tab, links)
		if err != nil {
			return none, err
		}
		for _, n := range nodes {
			if text(n.Name) == name {
				return none, click(ctx, tab, n, 1)
			}
		}
		return none, fmt.Errorf("no link is called %q", name)
	})
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
