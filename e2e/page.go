package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// faults asks a page what is wrong with it. Each line is one thing that a person would
// stumble over, most of them somebody who cannot see the page or has a small screen.
const faults = `(() => {
	const wrong = [];
	const shown = (e) => e.checkVisibility();
	const say = (e) => e.outerHTML.slice(0, 120);
	const headings = document.querySelectorAll("h1");
	if (headings.length !== 1) wrong.push(headings.length + " headings of the first level");
	if (!document.title.trim()) wrong.push("no title");
	if (!document.documentElement.lang) wrong.push("no language");
	if (document.querySelectorAll("main").length !== 1) wrong.push("not one main part");
	for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
		if (!shown(e)) continue;
		if (!e.labels.length || !e.labels[0].innerText.trim()) wrong.push("a field without a label: " + say(e));
		if (!e.autocomplete) wrong.push("a field that does not say what belongs in it: " + say(e));
		for (const id of (e.getAttribute("aria-describedby") || "").split(" "))
			if (id && !document.getElementById(id)) wrong.push("described by nothing (" + id + "): " + say(e));
	}
	for (const e of document.querySelectorAll("button, a[href]")) {
		if (!shown(e)) continue;
		if (!(e.getAttribute("aria-label") || e.innerText).trim()) wrong.push("no name: " + say(e));
		const box = e.getBoundingClientRect();
		const inline = getComputedStyle(e).display === "inline";
		if (!inline && (box.width < 24 || box.height < 24)) wrong.push("smaller than 24 px: " + say(e));
	}
	for (const e of document.querySelectorAll("img:not([alt]), svg:not([aria-hidden]):not([role])"))
		if (shown(e) && !e.closest("[role=img], [aria-hidden=true]")) wrong.push("a picture without words: " + say(e));
	const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
	for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) wrong.push("twice the id " + id);
	let level = 0;
	for (const e of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
		if (!shown(e)) continue;
		if (+e.tagName[1] > level + 1) wrong.push("a heading skips a level: " + say(e));
		level = +e.tagName[1];
	}
	for (const e of document.querySelectorAll("[style], script:not([src]), style")) wrong.push("inline style or script: " + say(e));
	for (const e of document.querySelectorAll("*"))
		for (const a of e.attributes) if (a.name.startsWith("on")) wrong.push("inline handler: " + say(e));
	return wrong;
})()`

// tooWide names what sticks out on the right, if the page scrolls sideways.
const tooWide = `(() => {
	const width = %d;
	if (document.documentElement.scrollWidth <= width) return [];
	return [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > width + 0.5)
		.slice(-3).map((e) => Math.round(e.getBoundingClientRect().right) + " px: " + e.outerHTML.slice(0, 120));
})()`

// inspect looks whether the page is what every page must be.
func (w *Window) inspect(what string) {
	w.t.Helper()
	for _, fault := range evaluate[[]string](w, faults) {
		w.t.Errorf("%s: on %s %s", what, w.Path(), fault)
	}
	width := evaluate[[]string](w, fmt.Sprintf(tooWide, w.way.Width))
	if len(width) > 0 {
		w.t.Errorf("%s: %s scrolls sideways at %d px: %q", what, w.Path(), w.way.Width, width)
	}
	for _, article := range evaluate[[]string](w, `[...document.querySelectorAll("a[href^='/help']")].map((a) => a.href)`) {
		w.open(article)
	}
	if strings.HasPrefix(w.Path(), "/sign-in") {
		w.Miss("sign out", "log out") // nobody is signed in there
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, complaint := range w.strange {
		w.t.Errorf("%s: %s", what, complaint)
	}
	w.strange = nil
}

// opened are the articles that were fetched, by address.
var opened sync.Map

// open looks once whether a link to the help leads to an article.
func (w *Window) open(article string) {
	w.t.Helper()
	if _, before := opened.LoadOrStore(article, true); before {
		return
	}
	client := http.Client{Timeout: patience}
	answer, err := client.Get(article)
	if err != nil {
		w.t.Errorf("%s links to %s: %v", w.Path(), article, err)
		return
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "<h1>") {
		w.t.Errorf("%s links to %s, which answers %s, %v", w.Path(), article, answer.Status, err)
	}
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
