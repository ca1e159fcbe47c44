package app_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// guess types a wrong code in a sign-in of its own.
func (h *house) guess(m member, key phone) page {
	h.t.Helper()
	b := h.newBrowser()
	return b.answer(b.begin(m), key.wrong(h.clock.Now()))
}

func TestWrongCodesWaitLongerAndLonger(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		h.clock.nextStep()
		compared := h.countComparisons()
		waits := map[int]time.Duration{
			5: time.Minute, 6: time.Minute, 7: time.Minute, 8: 5 * time.Minute, 9: 5 * time.Minute,
			10: 15 * time.Minute, 11: 30 * time.Minute, 12: time.Hour, 13: time.Hour,
		}
		for n := 1; n <= 13; n++ {
			p := h.guess(sam, key)
			wait, waits := waits[n]
			if !waits {
				p.want(http.StatusUnprocessableEntity)
				continue
			}
			p.want(http.StatusTooManyRequests)
			if got := p.header.Get("Retry-After"); got != strconv.Itoa(int(wait.Seconds())) {
				t.Errorf("after %d wrong codes Retry-After is %q, want %v", n, got, wait)
			}
			if got := compared.Load(); got != int64(n) {
				t.Fatalf("after %d wrong codes %d were compared", n, got)
			}
			// A second before its end the right code is not looked at; then the form is there again.
			h.clock.pass(wait - time.Second)
			b := h.newBrowser()
			path := b.begin(sam)
			b.post(path+"/answer", fieldsOf("n", "code", key.at(h.clock.Now(), 0))).want(http.StatusTooManyRequests)
			b.get(path).want(http.StatusOK).says("Too many wrong codes").says(ada.name).says("the administrators, to lift the wait").says(support)
			if got := compared.Load(); got != int64(n) {
				t.Errorf("a code was compared during the wait after %d wrong ones", n)
			}
			h.clock.pass(time.Second)
			b.get(path).want(http.StatusOK).form("/answer")
		}
		h.newBrowser().signIn(sam, key)
		for range 4 { // the right one counted: four are free again
			h.guess(sam, key).want(http.StatusUnprocessableEntity)
		}
		h.guess(sam, key).want(http.StatusTooManyRequests)
	})
}

func TestASignInHasFiveAttemptsAndSwitchingDoesNotRefillThem(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		owner := h.newBrowser()
		key := owner.join(sam)
		second := owner.addMethod(key)
		h.clock.nextStep()
		b := h.newBrowser()
		path := b.begin(sam)
		first, other := h.methodID(sam, 0), h.methodID(sam, 1)
		choose := func(id string) {
			b.choose(path, id)
		}
		choose(first)
		for range 3 {
			b.answer(path, key.wrong(h.clock.Now())).want(http.StatusUnprocessableEntity)
		}
		choose(other)
		b.answer(path, second.wrong(h.clock.Now())).want(http.StatusUnprocessableEntity)
		choose(first)
		b.answer(path, key.wrong(h.clock.Now())).want(http.StatusTooManyRequests) // five of the user
		h.clock.pass(time.Minute)
		b.answer(path, key.wrong(h.clock.Now())).want(http.StatusTooManyRequests) // five on that one here
		h.clock.pass(time.Minute)
		b.get(path).want(http.StatusOK).says("Too many wrong codes")
		b.post(path+"/answer", fieldsOf("n", "code", key.at(h.clock.Now(), 0))).want(http.StatusTooManyRequests)
		choose(other) // which has attempts left
		b.answer(path, second.at(h.clock.Now(), 0)).leads("/")
	})
}

func TestAHundredWrongCodesStopAMethodAndThePageNamesWhoHelps(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		h.clock.nextStep()
		for range 99 {
			h.guess(sam, key)
			h.clock.pass(time.Hour)
		}
		h.guess(sam, key).want(http.StatusConflict).says("100 wrong codes").says(ada.name).says(support)
		h.clock.pass(time.Hour)

		// The right code opens nothing any more, and nothing else does.
		b := h.newBrowser()
		stuck := b.begin(sam)
		b.get(stuck).want(http.StatusOK).says("100 wrong codes").says(ada.name).says(ben.name).says(support)
		b.post(stuck+"/answer", fieldsOf("n", "code", key.at(h.clock.Now(), 0))).want(http.StatusConflict)
		b.post(stuck+"/enrol", fieldsOf("m", "kind", "totp")).want(http.StatusConflict)
		b.post(stuck+"/skip", fieldsOf("o")).want(http.StatusConflict)
		b.isOutside()
		if n := h.methods(sam); n != 1 {
			t.Errorf("%d methods, want the stopped one", n)
		}
	})
}

func TestASignInThatAskedForAMethodBeforeItWasStoppedSaysSo(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		h.clock.nextStep()
		b := h.newBrowser()
		path := b.begin(sam)
		form := b.get(path).want(http.StatusOK).form("/answer")
		h.exec("UPDATE authenticator SET disabled_by = 'a spend'")
		p := b.submit(form, "code", key.at(h.clock.Now(), 0))
		p.want(http.StatusConflict).says("None of your methods can be used").says(ada.name).says(support)
		b.get(path).want(http.StatusOK).says("None of your methods can be used").says(ada.name).says(support)
		b.isOutside()

		// With another that works, that one can be picked.
		h.exec("UPDATE authenticator SET disabled_by = ''")
		owner := h.newBrowser()
		owner.signIn(sam, key)
		second := owner.addMethod(key)
		path = b.begin(sam)
		h.exec("UPDATE authenticator SET disabled_by = 'a spend' WHERE id = $1", h.methodID(sam, 0))
		h.clock.nextStep()
		b.submit(b.get(path).want(http.StatusOK).form("/choose", "authenticator", h.methodID(sam, 1))).leads(path)
		b.answer(path, second.at(h.clock.Now(), 0)).leads("/")
	})
}

func TestPasswordsWaitAlikeForKnownAndUnknownNames(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		for n := 1; n <= 8; n++ {
			want := h.newBrowser().typePassword("xyz", "wrong-password-1")
			for name, typed := range map[string]string{
				sam.username: "wrong-password-1", ivy.username: "wrong-password-1", // known; invited
				tom.username: tom.password, // deactivated: a right password shows no more than a wrong one
			} {
				got := h.newBrowser().typePassword(name, typed)
				if got.status != want.status || withoutName(got.body, name) != withoutName(want.body, "xyz") {
					t.Errorf("try %d: %s gets %d, an unknown name %d\n%s\n%s", n, name, got.status, want.status, got.main(), want.main())
				}
				if a, b := got.header.Get("Retry-After"), want.header.Get("Retry-After"); a != b || len(got.set)+len(want.set) > 0 {
					t.Errorf("try %d: %s gets Retry-After %q and %d cookies, an unknown name %q and %d", n, name, a, len(got.set), b, len(want.set))
				}
			}
			if n == 6 {
				h.clock.pass(30 * time.Second) // once more, and then into the longer wait
			}
		}
	})
}

// withoutName leaves out what was typed and what is drawn anew for each answer.
func withoutName(body, name string) string {
	return strings.ReplaceAll(withoutReference(body), `value="`+name+`"`, `value=""`)
}

func TestWrongPasswordsWaitLongerAndLongerAndARightOneInAWaitIsNotLookedAt(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		wrong := func() page { return h.newBrowser().typePassword(sam.username, "wrong-password-1") }
		for range 5 {
			wrong().want(http.StatusUnprocessableEntity)
		}
		for i, wait := range []time.Duration{30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, time.Hour} {
			h.clock.pass(wait - time.Second)
			h.newBrowser().password(sam).want(http.StatusTooManyRequests)
			h.clock.pass(time.Second)
			if i < 6 {
				wrong().want(http.StatusUnprocessableEntity)
			}
		}
		h.newBrowser().signIn(sam, key)
		for range 4 {
			wrong().want(http.StatusUnprocessableEntity)
		}
		h.newBrowser().signIn(sam, key)
	})
}

// The count of wrong passwords ends with the whole sign-in, not with the first door.
func TestARightPasswordDoesNotRefillTheTriesForPasswords(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().join(sam)
		for i := range 5 {
			h.newBrowser().typePassword(sam.username, fmt.Sprint("wrong-password-", i)).want(http.StatusUnprocessableEntity)
			if i < 4 {
				h.newBrowser().begin(sam)
			}
		}
		h.newBrowser().password(sam).want(http.StatusTooManyRequests)
	})
}
