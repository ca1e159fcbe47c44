package app_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/factor/totp"
)

// counted is the real verifier, and counts its comparisons.
type counted struct {
	totp.Verifier
	compared *atomic.Int64
}

// Verify implements factor.Verifier.
func (c counted) Verify(ctx context.Context, a factor.Authenticator, ch factor.Challenge, answer string, now time.Time) (factor.Proof, error) {
	c.compared.Add(1)
	return c.Verifier.Verify(ctx, a, ch, answer, now)
}

// countComparisons counts all that are made from now on. No request may be under way.
func (h *house) countComparisons() *atomic.Int64 {
	var n atomic.Int64
	h.app.SignIns.Kinds[factor.TOTP] = counted{compared: &n}
	return &n
}

// atOnce runs n requests in parallel and returns their answers.
func atOnce(n int, send func(i int) page) []page {
	answers := make([]page, n)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			answers[i] = send(i)
		})
	}
	close(start)
	all.Wait()
	return answers
}

// statuses counts how often each status came.
func statuses(answers []page) map[int]int {
	n := map[int]int{}
	for _, p := range answers {
		n[p.status]++
	}
	return n
}

// GHSA-7h8m-vrxx-vr4m, Zitadel, and GHSA-v6pg-v89r-w8wr, Vaultwarden: guesses sent at
// once passed the limit.
func TestBypass22ParallelWrongCodesAreComparedFiveTimes(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		h.clock.nextStep()
		compared := h.countComparisons()
		thief := h.newBrowser()
		path := thief.begin(sam)
		codes := key.wrongs(h.clock.Now(), 200)
		got := statuses(atOnce(200, func(i int) page {
			return thief.post(path+"/answer", fieldsOf(fmt.Sprint("n", i), "code", codes[i]))
		}))
		if n := compared.Load(); n != 5 {
			t.Errorf("%d codes were compared, want 5 (statuses %v)", n, got)
		}
		// The fifth may find the wait that it set; all the others were not looked at.
		if got[http.StatusUnprocessableEntity]+got[http.StatusTooManyRequests] != 200 || got[http.StatusTooManyRequests] < 195 {
			t.Errorf("statuses are %v, want 422 at most five times and else 429", got)
		}
		// Another sign-in, of another browser, finds no attempts of its own.
		other := h.newBrowser()
		path = other.begin(sam)
		atOnce(20, func(i int) page {
			return other.post(path+"/answer", fieldsOf(fmt.Sprint("n", i), "code", codes[i]))
		})
		if n := compared.Load(); n != 5 {
			t.Errorf("%d codes were compared with a second sign-in, want still 5", n)
		}
		// The owner waits a minute and gets in.
		h.clock.pass(time.Minute)
		h.newBrowser().signIn(sam, key)
	})
}

func TestBypass22ParallelWrongCodesInSeveralSignInsShareTheFive(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		h.clock.nextStep()
		compared := h.countComparisons()
		var thieves []*browser
		var paths []string
		for range 8 {
			b := h.newBrowser()
			thieves, paths = append(thieves, b), append(paths, b.begin(sam))
		}
		codes := key.wrongs(h.clock.Now(), 80)
		atOnce(80, func(i int) page {
			return thieves[i%8].post(paths[i%8]+"/answer", fieldsOf(fmt.Sprint("n", i), "code", codes[i]))
		})
		if n := compared.Load(); n != 5 {
			t.Errorf("%d codes were compared in eight sign-ins, want 5 in all", n)
		}
		h.clock.pass(time.Minute)
		h.newBrowser().signIn(sam, key)
	})
}

func TestBypass22ParallelRightCodesMakeOneSession(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		h.clock.nextStep()
		b := h.newBrowser()
		path := b.begin(sam)
		code := key.at(h.clock.Now(), 0)
		answers := atOnce(50, func(i int) page {
			return b.post(path+"/answer", fieldsOf(fmt.Sprint("n", i), "code", code))
		})
		got := statuses(answers)
		// A machine with too much to do may refuse some with 503: what counts is that one opens.
		if got[http.StatusSeeOther] != 1 || got[http.StatusInternalServerError] > 0 {
			t.Errorf("statuses are %v, want one 303 and refusals", got)
		}
		if n := h.sessions(sam); n != 2 { // and the one of the set-up
			t.Errorf("%d sessions, want 2", n)
		}
		b.isInside(sam)
	})
}

// CVE-2025-6014, Vault: a code was good twice.
func TestBypass24ACodeIsGoodOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.clock.pass(5 * time.Second)
		b := h.newBrowser()
		path := b.begin(sam)
		key, code := b.setUp(path)
		enrolled := h.clock.Now()
		b.submit(code.form("/answer"), "code", key.at(enrolled, 0)).leads(path)
		b.submit(b.get(path).form("/finish")).leads("/")

		// The code of the set-up, at the first login.
		thief := h.newBrowser()
		path = thief.begin(sam)
		thief.answer(path, key.at(enrolled, 0)).want(http.StatusUnprocessableEntity).says(alreadyUsed)
		thief.isOutside()

		// The code of the next step is in time, and opens once.
		owner := h.newBrowser()
		owner.answer(owner.begin(sam), key.at(enrolled, 1)).leads("/")
		for _, code := range []string{key.at(enrolled, 1), key.at(enrolled, 0)} { // the same; an older one after a newer
			thief.answer(path, code).want(http.StatusUnprocessableEntity).says(alreadyUsed)
		}
		// A second later, and in a sign-in of its own.
		h.clock.pass(time.Second)
		late := h.newBrowser()
		late.answer(late.begin(sam), key.at(enrolled, 1)).want(http.StatusUnprocessableEntity).says(alreadyUsed)
		thief.isOutside()
		late.isOutside()

		// A used code costs no wait: the owner's next one is taken.
		h.clock.nextStep()
		h.newBrowser().signIn(sam, key)
	})
}

// CVE-2026-20779, Gitea: two requests at once both found that the code was new.
func TestBypass25OneCodeInManySignInsAtOnceOpensOne(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		h.clock.nextStep()
		var browsers []*browser
		var paths []string
		for range 10 {
			b := h.newBrowser()
			browsers, paths = append(browsers, b), append(paths, b.begin(sam))
		}
		code := key.at(h.clock.Now(), 0)
		answers := atOnce(50, func(i int) page {
			return browsers[i%10].post(paths[i%10]+"/answer", fieldsOf(fmt.Sprint("n", i), "code", code))
		})
		got := statuses(answers)
		if got[http.StatusSeeOther] != 1 || got[http.StatusInternalServerError]+got[http.StatusServiceUnavailable] > 0 {
			t.Errorf("statuses are %v, want one 303 and refusals", got)
		}
		if n := h.sessions(sam); n != 2 { // and the one of the set-up
			t.Errorf("%d sessions, want 2", n)
		}
		inside := 0
		for _, b := range browsers {
			if b.get("/").status == http.StatusOK {
				inside++
			}
		}
		if inside != 1 {
			t.Errorf("%d browsers are inside, want 1", inside)
		}
		h.clock.pass(time.Minute) // five taken at once may have set the first wait
		h.newBrowser().signIn(sam, key)
	})
}

// The same race where a method is set up.
func TestBypass25OneFirstCodeSentAtOnceSetsUpOneMethod(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(sam)
		key, _ := b.setUp(path)
		atOnce(30, func(i int) page {
			return b.post(path+"/answer", fieldsOf(fmt.Sprint("n", i), "code", key.at(h.clock.Now(), 0)))
		})
		if n := h.methods(sam); n != 1 {
			t.Errorf("%d methods are set up, want 1", n)
		}
		finish := b.get(path).want(http.StatusOK).form("/finish")
		atOnce(30, func(i int) page { return b.post(finish.action, fieldsOf(fmt.Sprint("f", i))) })
		if n := h.sessions(sam); n != 1 {
			t.Errorf("%d sessions, want 1", n)
		}
		b.isInside(sam)
	})
}
