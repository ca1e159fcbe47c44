package e2e

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/chromedp/chromedp"
)

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
