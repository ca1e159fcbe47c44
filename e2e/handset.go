package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/chromedp"
)

// Handset is the demo phone, in a tab of its own, as one of its people looks at it: at the
// texts, calls and mails that are theirs.
type Handset struct {
	*Window
	username string
	seen     map[string]int // how many there were of "texts", "calls" and "mails" at the last look
}

// Handset opens the demo phone in another tab.
func (w *Window) Handset(username string) *Handset {
	w.t.Helper()
	// Nothing there depends on who asks, so a tab will do that is there already: a new one of the
	// same browser takes a second of work, and is never used again.
	h := &Handset{Window: Open(w.t, w.browser, w.base, w.way), username: username, seen: map[string]int{}}
	h.still = !h.way.Scripts // it is opened again whenever something new is awaited
	h.Go("/demo/phone")
	h.Heading("Demo phone")
	return h
}

const slips = `[...document.querySelectorAll("section[aria-labelledby=%s] li")].filter((li) => li.querySelector(".whose span").innerText === %q)
	.map((li) => li.innerText)`

// look lists what is theirs on one shelf, the newest first.
func (h *Handset) look(shelf string) []string {
	h.t.Helper()
	return evaluate[[]string](h.Window, fmt.Sprintf(slips, shelf, h.username))
}

// newest waits until something more is theirs on a shelf, and returns the newest. With
// scripts the page shows it by itself; without them it is opened again.
func (h *Handset) newest(shelf string) string {
	h.t.Helper()
	var all []string
	if !within(patience, func() bool {
		if !h.way.Scripts {
			h.Go("/demo/phone")
		}
		all = h.look(shelf)
		return len(all) > h.seen[shelf]
	}) {
		h.t.Fatalf("nothing new of %s among the %s:\n%s", h.username, shelf, h.Text())
	}
	h.seen[shelf] = len(all)
	h.inspect("look at the " + shelf)
	return all[0]
}

var (
	codeFirst = regexp.MustCompile(`(?m)^(\d{6}) is your .+ code\. It is good until \d\d:\d\d\.?`)
	codeLast  = regexp.MustCompile(`\n@127\.0\.0\.1 #(\d{6})$`)
)

// Texted waits for a text and returns its code, which begins it and ends it.
func (h *Handset) Texted() string {
	h.t.Helper()
	text := strings.TrimSpace(h.newest("texts"))
	begin, end := codeFirst.FindStringSubmatch(text), codeLast.FindStringSubmatch(text)
	if begin == nil || end == nil || begin[1] != end[1] {
		h.t.Fatalf("the text has no code, or two:\n%s", text)
	}
	return end[1]
}

// Decline waits for a call and takes none of it.
func (h *Handset) Decline() {
	h.t.Helper()
	h.ring()
	h.finger("Decline the call for " + h.username)
	if got := h.look("calls")[0]; !strings.Contains(got, "Declined") || !strings.Contains(got, "No code was spoken.") {
		h.t.Errorf("the call that was declined:\n%s", got)
	}
}

// Answer waits for a call, presses 1 and returns the code that is read out.
func (h *Handset) Answer() string {
	h.t.Helper()
	h.ring()
	h.finger("Press 1 for " + h.username)
	return h.spoken()
}

// spoken is the code of the newest call, once 1 was pressed.
func (h *Handset) spoken() string {
	h.t.Helper()
	call := h.look("calls")[0]
	_, spoken, ok := strings.Cut(call, "Your code is: ")
	once, twice, again := strings.Cut(spoken, ". Again: ")
	if !ok || !again || !strings.HasPrefix(twice, once) {
		h.t.Fatalf("the call says no code, or says it once:\n%s", call)
	}
	code := ""
	for _, word := range strings.Split(once, ", ") {
		code += digits[word]
	}
	if !sixDigits.MatchString(code) {
		h.t.Fatalf("the code is %q:\n%s", code, call)
	}
	return code
}

var digits = map[string]string{
	"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
}

func (h *Handset) ring() {
	h.t.Helper()
	if call := h.newest("calls"); !strings.Contains(call, "Ringing") || strings.Contains(call, "Your code is") {
		h.t.Fatalf("this is not a call that rings:\n%s", call)
	}
}

// finger presses a button while the page may be changing for somebody else's sake, which moves
// it away from a mouse. What has the focus keeps it, so it is pressed by Enter.
func (h *Handset) finger(button string) {
	h.t.Helper()
	var err error
	if !within(patience, func() bool {
		ctx, cancel := context.WithTimeout(h.ctx, patience)
		defer cancel()
		err = chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			node, err := find(ctx, tab, buttons, exactly(button))
			if err != nil {
				return err
			}
			_, err = cdp.Call(ctx, tab, dom.Focus, dom.FocusParams{BackendNodeID: node.BackendDOMNodeID})
			return err
		}))
		return err == nil
	}) {
		h.fatal("focus "+button, err)
	}
	h.Enter()
}

const newestAudio = `document.querySelector("section[aria-labelledby=calls] li audio")`

// Listen fetches the sound of the newest call as a player does, and presses play on the page.
func (h *Handset) Listen() {
	h.t.Helper()
	client := http.Client{Timeout: patience}
	answer, err := client.Get(h.base + evaluate[string](h.Window, newestAudio+`.getAttribute("src")`))
	if err != nil {
		h.t.Fatalf("fetch the call: %v", err)
	}
	defer answer.Body.Close()
	sound, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "audio/wav" || !strings.HasPrefix(string(sound), "RIFF") {
		h.t.Errorf("the call is fetched with %s, %s, %d bytes, %v", answer.Status, answer.Header.Get("Content-Type"), len(sound), err)
	}
	heard := func() bool { return evaluate[float64](h.Window, newestAudio+".currentTime") > 0 }
	if !within(patience, func() bool {
		box := evaluate[[]float64](h.Window, `(() => {
			`+newestAudio+`.scrollIntoView({block: "center"});
			const b = `+newestAudio+`.getBoundingClientRect();
			return [b.left, b.top, b.height];
		})()`)
		h.do("press play", func(ctx context.Context, tab *chromedp.Target) error {
			return press(ctx, tab, box[0]+box[2]/2, box[1]+box[2]/2, 1) // its button is at the left
		})
		return within(3*time.Second, heard)
	}) {
		h.t.Errorf("nothing is heard of the call")
	}
	if lasts := evaluate[float64](h.Window, newestAudio+".duration"); lasts < 5 || lasts > 60 {
		h.t.Errorf("the call lasts %v s", lasts)
	}
	evaluate[bool](h.Window, newestAudio+".pause() === undefined")
}

// Mail waits for a mail and opens it.
func (h *Handset) Mail(title string) {
	h.t.Helper()
	if got := h.newest("mails"); !strings.Contains(got, title) {
		h.t.Fatalf("the newest mail is not %q:\n%s", title, got)
	}
	h.Go(evaluate[string](h.Window, fmt.Sprintf(`[...document.querySelectorAll("section[aria-labelledby=mails] li")]
		.find((li) => li.querySelector(".whose span").innerText === %q).querySelector("a").getAttribute("href")`, h.username)))
	h.Heading(title)
	h.See("We never ask for a code or a password by mail.")
}

// Back goes from a mail to the list.
func (h *Handset) Back() {
	h.t.Helper()
	h.Follow("Back to the demo phone")
	h.Heading("Demo phone")
}
