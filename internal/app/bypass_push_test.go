package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	standin "sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// anything posts at path what belongs to other stages, or to none, and what lets in without a
// proof. None of it may open anything while a push is waited for.
func (b *browser) anything(path string) {
	b.h.t.Helper()
	for _, c := range []struct {
		step   string
		fields []string
		want   int
	}{
		{"continue", nil, http.StatusConflict},
		{"continue", []string{"approved", "1", "verdict", "approved", "code", "", "number", "1"}, http.StatusConflict},
		{"answer", nil, http.StatusUnprocessableEntity},
		{"answer", []string{"code", ""}, http.StatusUnprocessableEntity},
		{"answer", []string{"verdict", "approved"}, http.StatusUnprocessableEntity},
		{"finish", nil, http.StatusConflict},
		{"skip", nil, http.StatusConflict},
		{"drop", nil, http.StatusConflict},
		{"link", nil, http.StatusConflict},
		{"enrol", []string{"kind", "totp"}, http.StatusConflict},
		{"enrol", []string{"kind", "okta"}, http.StatusConflict},
		{"choose", nil, http.StatusConflict},
		{"call", nil, http.StatusConflict},
	} {
		for _, nonce := range []string{"", "n" + c.step} {
			if p := b.post(path+"/"+c.step, fieldsOf(nonce, c.fields...)); p.status != c.want || strings.HasPrefix(b.cookie(sessionCookie), string(strict)) {
				b.h.t.Errorf("%s %v: got %d to %q, want %d\n%s", c.step, c.fields, p.status, p.to(), c.want, p.main())
			}
		}
	}
	for _, page := range []string{"/continue", "/finish", "/scan", "/code", "/number?kind=sms", "/picture"} {
		b.get(path + page)
	}
	b.isOutside()
}

// A second step that was asked for goes on by no empty request, and by no other step's.
func TestBypass12NothingButTheApprovalAdvancesASignInThatWaitsForAPush(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		o.join(h.newBrowser(), sam)
		sessions := h.sessions(sam)
		b := h.newBrowser()
		path, push := o.pushed(b, sam)
		b.anything(path)
		if h.sessions(sam) != sessions || h.methods(sam) != 1 || h.attempts(sam) != 0 {
			t.Errorf("%d sessions, %d methods, %d attempts", h.sessions(sam)-sessions, h.methods(sam), h.attempts(sam))
		}
		// Denied, it still opens nothing.
		h.must(o.Deny(push.ID))
		b.until(path, deniedIt)
		b.anything(path)
		if h.sessions(sam) != sessions {
			t.Error("a session was made")
		}
		// And it still waits for what it asked for.
		h.clock.pass(time.Second)
		b.submit(b.get(path).form("/resend")).leads(path)
		b.until(path, onPhone)
		b.submit(o.approve(b, path, o.pushes(sam)[0]).form("/continue")).leads("/")
		b.isInside(sam)
	})
}

// The same while a phone registers.
func TestBypass12NothingButTheRegistrationSetsTheMethodUp(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		b := h.newBrowser()
		path := b.begin(sam)
		f := o.pick(b, path)
		for _, step := range []string{"continue", "answer", "finish", "skip", "resend", "not-me"} {
			for _, code := range []string{"", "123456"} {
				if p := b.post(path+"/"+step, fieldsOf("", "code", code)); p.status < 400 {
					t.Errorf("%s with %q: got %d to %q", step, code, p.status, p.to())
				}
			}
		}
		b.isOutside()
		if h.methods(sam) != 0 {
			t.Error("a phone that has not registered is a method")
		}
		// Given up, it comes to nothing here and at Okta.
		followed := func() bool { return h.count("push WHERE ended_ms = 0") == 1 }
		h.soon("somebody who asks how it stands", followed)
		b.submit(b.get(path + "/scan").form("/drop")).leads(path)
		h.soon("taken back at Okta", func() bool { return len(o.Waiting()) == 0 })
		if err := o.Scan(f, device); err == nil {
			t.Error("what was given up can still be scanned")
		}
		// Scanned in the instant in which it is given up, it is no method, and in nobody's way.
		f = o.pick(b, path)
		h.soon("somebody who asks how the second stands", followed)
		drop := b.get(path + "/scan").form("/drop")
		c, n := h.challenge(path)
		b.submit(drop).leads(path)
		_ = o.Scan(f, device) // it may be taken back already
		if err := h.hears(path, c, n); err == nil {
			t.Error("an approval was taken after the set-up was given up")
		}
		b.post(path+"/continue", fieldsOf("")).want(http.StatusConflict)
		if h.methods(sam) != 0 {
			t.Error("what was given up is a method")
		}
		o.register(b, path).leads(path)
		b.submit(b.get(path).form("/finish")).leads("/")
		b.isInside(sam)
		if h.methods(sam) != 1 || len(o.Accounts()) != 1 {
			t.Errorf("%d methods, %d accounts in the app", h.methods(sam), len(o.Accounts()))
		}
	})
}

// An approval is for one generation of one challenge of one sign-in, once, and in time.
func TestAnApprovalOpensNothingElse(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		key := o.joinBoth(h.newBrowser(), sam)
		google := h.methodID(sam, 1)
		sessions := h.sessions(sam)
		closed := func(what string, b *browser, path string) {
			t.Helper()
			if p := b.post(path+"/continue", fieldsOf("")); p.status != http.StatusConflict {
				t.Errorf("%s: continue got %d to %q", what, p.status, p.to())
			}
			b.isOutside()
			if n := h.sessions(sam); n != sessions {
				t.Errorf("%s: %d sessions were made", what, n-sessions)
				sessions = n
			}
		}
		refused := func(what, path, challenge string, generation int64, want error) {
			t.Helper()
			if err := h.hears(path, challenge, generation); !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", what, err, want)
			}
		}

		// For another sign-in of the same user.
		first, second := h.newBrowser(), h.newBrowser()
		path, push := o.pushed(first, sam)
		c, n := h.challenge(path)
		other := second.begin(sam)
		refused("for another sign-in", other, c, n, signin.ErrOutOfOrder)
		o.approve(first, path, push)
		closed("another sign-in's approval", second, other)
		// Twice.
		refused("twice", path, c, n, signin.ErrOutOfOrder)
		// After Use another method, though it was approved.
		first.choose(path, google)
		closed("approved, then another method", first, path)
		refused("after another method", path, c, n, signin.ErrOutOfOrder)
		first.answer(path, key.at(h.clock.Now(), 0)).leads("/")
		sessions++
		refused("after the sign-in is done", path, c, n, signin.ErrEnded)
		h.exec("UPDATE authenticator SET last_used_ms = 0 WHERE id = $1", google)
		second.submit(second.get(other).form("/cancel")).leads("/sign-in")

		// After Cancel: the phone is not asked any more either.
		h.clock.pass(10 * time.Minute)
		b := h.newBrowser()
		path, push = o.pushed(b, sam)
		c, n = h.challenge(path)
		stale := b.copy()
		b.submit(b.get(path).form("/cancel")).leads("/sign-in")
		refused("after Cancel", path, c, n, signin.ErrEnded)
		h.soon("taken from the phone", func() bool { return o.state(push.ID) == standin.Cancelled })
		closed("cancelled", stale, path)

		// After Send again: the first one is void.
		h.clock.pass(10 * time.Minute)
		path, push = o.pushed(b, sam)
		c, n = h.challenge(path)
		h.clock.pass(signin.ResendWait)
		b.submit(b.get(path).form("/resend")).leads(path)
		h.soon("a second push", func() bool { return o.pushes(sam)[0].ID != push.ID })
		refused("of the generation before", path, c, n, signin.ErrOutOfOrder)
		closed("the generation before", b, path)
		h.soon("the first is taken from the phone", func() bool { return o.state(push.ID) == standin.Cancelled })
		b.until(path, onPhone)

		// After its five minutes.
		h.clock.pass(signin.PushLife)
		c, n = h.challenge(path)
		if err := h.hears(path, c, n); err == nil {
			t.Error("an approval that came late was taken")
		}
		b.until(path, unanswered)
		closed("late", b, path)

		// Twice for one sign-in makes one session, and an approval that was not used in time none.
		h.clock.pass(10 * time.Minute)
		b = h.newBrowser()
		path, push = o.pushed(b, sam)
		ready := o.approve(b, path, push)
		unused := b.copy()
		b.submit(ready.form("/continue")).leads("/")
		b.submit(ready.form("/continue")).leads("/")
		if sessions++; h.sessions(sam) != sessions {
			t.Errorf("two submits made %d sessions", h.sessions(sam)-sessions+1)
		}
		unused.post(path+"/continue", fieldsOf("")).want(http.StatusConflict)
		h.clock.pass(10 * time.Minute)
		b = h.newBrowser()
		path, push = o.pushed(b, sam)
		o.approve(b, path, push)
		h.clock.pass(signin.ChallengeLife)
		closed("approved and left", b, path)
	})
}

// CVE-2024-32868: guesses that were asked for another way did not count. A code from the app is
// another way to answer a push.
func TestBypass19CodesFromTheAppShareTheAttemptsAndTheWait(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		key := o.joinBoth(h.newBrowser(), sam)
		okta, google := h.methodID(sam, 0), h.methodID(sam, 1)
		before := h.attempts(sam)
		thief := h.newBrowser()
		path, _ := o.pushed(thief, sam)
		wrong := not(5, o.code(sam))
		thief.typeAppCode(path, wrong[0]).want(http.StatusUnprocessableEntity).says("4 attempts left")
		thief.typeAppCode(path, wrong[1]).want(http.StatusUnprocessableEntity).says("3 attempts left")
		h.clock.pass(signin.ResendWait)
		thief.submit(thief.get(path).form("/resend")).leads(path)
		thief.typeAppCode(path, wrong[2]).want(http.StatusUnprocessableEntity).says("2 attempts left")
		thief.choose(path, google)
		thief.answer(path, key.wrongs(h.clock.Now(), 2)[0]).want(http.StatusUnprocessableEntity)
		thief.answer(path, key.wrongs(h.clock.Now(), 2)[1]).want(http.StatusTooManyRequests)
		if h.waits(sam) != 1 || h.attempts(sam)-before != 5 {
			t.Fatalf("%d waits after %d attempts", h.waits(sam), h.attempts(sam)-before)
		}
		// Then nothing is compared, here or at Okta, whichever way.
		calls := o.Calls()[verifies]
		thief.post(path+"/answer", fieldsOf("", "code", key.at(h.clock.Now(), 0))).want(http.StatusTooManyRequests)
		thief.post(path+"/choose", fieldsOf("", "authenticator", okta))
		thief.post(path+"/answer", fieldsOf("", "code", o.code(sam))).want(http.StatusTooManyRequests)
		other := h.newBrowser()
		second := other.begin(sam)
		other.post(second+"/answer", fieldsOf("", "code", o.code(sam))).want(http.StatusTooManyRequests)
		other.isOutside()
		thief.isOutside()
		if n := o.Calls()[verifies] - calls; n != 0 || h.attempts(sam)-before != 5 {
			t.Errorf("during the wait Okta was asked %d times, and %d attempts were taken", n, h.attempts(sam)-before)
		}
		// The owner waits a minute, and their code counts.
		h.clock.pass(time.Minute)
		other.post(second+"/answer", fieldsOf("", "code", o.code(sam))).leads("/")
		other.isInside(sam)
	})
}

// Five wrong codes from the app alone end in the wait too, and each is good once.
func TestBypass19FiveWrongCodesFromTheAppAreAWait(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		o.join(h.newBrowser(), sam)
		b := h.newBrowser()
		path, _ := o.pushed(b, sam)
		code := o.code(sam)
		b.typeAppCode(path, code).leads("/")
		b.isInside(sam)
		thief := h.newBrowser()
		second := thief.begin(sam)
		thief.post(second+"/answer", fieldsOf("", "code", code)).want(http.StatusUnprocessableEntity).says(alreadyUsed)
		for i, code := range not(4, o.code(sam)) { // the one that was used has cost this sign-in one
			want := http.StatusUnprocessableEntity
			if i == 3 {
				want = http.StatusTooManyRequests
			}
			thief.post(second+"/answer", fieldsOf("", "code", code)).want(want)
		}
		thief.isOutside()
		if h.waits(sam) != 0 { // which is no guess, so that the user has a fifth
			t.Errorf("%d waits after four wrong codes", h.waits(sam))
		}
		another := h.newBrowser()
		another.post(another.begin(sam)+"/answer", fieldsOf("", "code", not(1, o.code(sam))[0])).want(http.StatusTooManyRequests)
		if h.waits(sam) != 1 {
			t.Errorf("%d waits after five, want 1", h.waits(sam))
		}
	})
}

// During a wait the phone is not asked, and what it says does not count.
func TestBypass29DuringAWaitNoApprovalCountsAndNoPushGoesOut(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		key := o.joinBoth(h.newBrowser(), sam)
		b := h.newBrowser()
		path, push := o.pushed(b, sam)
		number := b.get(path).number()
		c, n := h.challenge(path)
		again := b.get(path).form("/resend")
		h.clock.pass(signin.ResendWait)

		thief := h.newBrowser() // who has the password, and guesses
		second := thief.begin(sam)
		thief.choose(second, h.methodID(sam, 1))
		for _, code := range key.wrongs(h.clock.Now(), 5) {
			thief.answer(second, code)
		}
		if h.waits(sam) != 1 {
			t.Fatal("no wait is in force")
		}
		sessions, pushes := h.sessions(sam), len(o.pushes(sam))
		if err := h.hears(path, c, n); !errors.Is(err, signin.ErrLocked) {
			t.Errorf("an approval during the wait: got %v", err)
		}
		h.must(o.Approve(push.ID, number))
		for range 3 {
			b.post(path+"/continue", fieldsOf("")).want(http.StatusConflict)
		}
		b.submit(again).want(http.StatusTooManyRequests)
		b.post(path+"/choose", fieldsOf("", "authenticator", h.methodID(sam, 0)))
		thief.post(second+"/choose", fieldsOf("", "authenticator", h.methodID(sam, 0)))
		thief.post(second+"/resend", nil).want(http.StatusTooManyRequests)
		third := h.newBrowser()
		third.post(third.begin(sam)+"/resend", nil).want(http.StatusTooManyRequests)
		h.settled()
		for _, who := range []*browser{b, thief, third} {
			who.isOutside()
		}
		if h.sessions(sam) != sessions || len(o.pushes(sam)) != pushes {
			t.Errorf("%d sessions were made, and %d pushes went out", h.sessions(sam)-sessions, len(o.pushes(sam))-pushes)
		}
		// What was said during the wait does not count after it either.
		h.clock.pass(time.Minute)
		b.post(path+"/continue", fieldsOf("")).want(http.StatusConflict)
		b.isOutside()
	})
}

// CVE-2025-64175, Gogs: one user's proof passed another's question.
func TestBypass35NobodyContinuesOrSeesAnothersPush(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		o.join(h.newBrowser(), sam)
		suesOwn, faysOwn := h.newBrowser(), h.newBrowser()
		o.join(suesOwn, sue)
		faysOwn.join(fay)
		owner := h.newBrowser()
		samPath, push := o.pushed(owner, sam)
		samMethod := h.methodID(sam, 0)
		o.approve(owner, samPath, push) // so that Continue would open
		setUp := h.newBrowser()
		benPath := setUp.begin(ben)
		o.pick(setUp, benPath)

		for name, m := range map[string]member{"a colleague": sue, "another company": fay} {
			own := map[string]*browser{"a colleague": suesOwn, "another company": faysOwn}[name]
			path := own.begin(m)
			for _, theirs := range []string{samPath, benPath} {
				missing := "/sign-in/" + strings.Repeat("a", len(idOf(theirs)))
				value := strings.Split(own.cookie(betweenCookie(path)), ".")
				forged := []string{"", strings.Join(value, "."), value[0] + "." + idOf(theirs) + "." + value[2], string(strict) + "." + idOf(theirs) + "." + value[2]}
				for _, cookie := range forged {
					if cookie != "" {
						own.plant(betweenCookie(theirs), cookie)
					}
					for _, step := range []string{"", "/scan", "/picture", "/push?seen=x", "/push?register=1&seen=x", "/app-code", "/methods"} {
						same(t, name+": GET "+step, own.get(theirs+step), own.get(missing+step))
					}
					for _, step := range []string{"/continue", "/choose", "/resend", "/not-me", "/link", "/answer", "/cancel"} {
						f := fieldsOf("", "authenticator", samMethod, "code", "123456")
						same(t, name+": POST "+step, own.post(theirs+step, f), own.post(missing+step, f))
					}
				}
			}
			// Another's method at an own sign-in.
			own.post(path+"/choose", fieldsOf("", "authenticator", samMethod)).want(http.StatusConflict)
			own.post(path+"/choose", fieldsOf("", "authenticator", "aaaaaaaaaaaaaaaaaaaaaaaaaa")).want(http.StatusConflict)
		}
		// Another's code from the app, at Sam's question.
		h.clock.nextStep()
		thief := h.newBrowser()
		path := thief.begin(sam)
		thief.post(path+"/answer", fieldsOf("", "code", o.code(sue))).want(http.StatusUnprocessableEntity)
		thief.isOutside()
		if o.state(push.ID) != standin.Approved || h.events(sam, "not-me") != 0 {
			t.Error("somebody else's request reached Sam's push")
		}
		owner.submit(owner.get(samPath).form("/continue")).leads("/")
		owner.isInside(sam)
		// A company that is connected to nothing sets up nothing of this.
		stranger := h.newBrowser()
		stranger.post(stranger.begin(gus)+"/enrol", fieldsOf("", "kind", "okta"))
		if h.methods(gus) != 0 || h.count("push WHERE company_id = $1", string(free)) != 0 {
			t.Error("a company uses another's organisation")
		}
	})
}

// Pushes until one is tapped (MFA fatigue).
func TestBypass52OnePushIsOpenAtATime(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		o.join(h.newBrowser(), sam)
		b, second := h.newBrowser(), h.newBrowser()
		path, push := o.pushed(b, sam)
		other := second.begin(sam)
		second.get(other).want(http.StatusOK).says(unpushed).says("your phone is being asked for another sign-in")
		second.submit(second.get(other).form("/resend")).want(http.StatusTooManyRequests).says("Your phone is being asked for another sign-in")
		h.settled()
		if n := len(o.pushes(sam)); n != 1 {
			t.Fatalf("the phone is asked %d times at once", n)
		}
		// A code lets the second in, and the first is still answered.
		second.answer(other, o.code(sam)).leads("/")
		second.isInside(sam)
		b.submit(o.approve(b, path, push).form("/continue")).leads("/")
		b.isInside(sam)
		// Many at once ask once.
		began := 0
		for _, p := range atOnce(20, func(int) page { return h.newBrowser().password(sam) }) {
			if p.status == http.StatusSeeOther { // the others wait for the password
				began++
			}
		}
		if began < 2 {
			t.Fatalf("%d sign-ins began", began)
		}
		h.settled()
		if n := len(o.pushes(sam)); n != 2 {
			t.Errorf("%d sign-ins at once asked the phone %d times, want once", began, n-1)
		}
	})
}

func TestBypass52AfterThreeInVainNoneGoesOutForTenMinutes(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		o.join(h.newBrowser(), sam)
		began := h.clock.Now()
		b := h.newBrowser()
		path, push := o.pushed(b, sam)
		// Two denied, one overtaken and not answered.
		for range 2 {
			h.must(o.Deny(push.ID))
			b.until(path, deniedIt)
			h.clock.pass(signin.ResendWait)
			b.submit(b.get(path).form("/resend")).leads(path)
			last := push.ID
			h.soon("the next push", func() bool { return o.pushes(sam)[0].ID != last })
			b.until(path, onPhone)
			push = o.pushes(sam)[0]
		}
		h.clock.pass(signin.PushLife)
		b.until(path, unanswered)
		p := b.submit(b.get(path).form("/resend")).want(http.StatusTooManyRequests).says("Too many notifications were not approved")
		p.says(began.Add(signin.PushBurst).Format("15:04"))
		thief := h.newBrowser()
		other := thief.begin(sam)
		thief.get(other).want(http.StatusOK).says(unpushed).says("several were not approved")
		thief.post(other+"/resend", nil).want(http.StatusTooManyRequests)
		h.settled()
		if n := len(o.pushes(sam)); n != 3 {
			t.Errorf("%d pushes went out, want 3", n)
		}
		// Whoever has the app gets in with its code.
		thief.answer(other, o.code(sam)).leads("/")
		thief.isInside(sam)
		if h.events(sam, "push-denied") != 2 {
			t.Errorf("%d denials are in the log, want 2", h.events(sam, "push-denied"))
		}
		// After ten minutes the phone is asked again.
		h.clock.pass(began.Add(signin.PushBurst).Sub(h.clock.Now()))
		o.signIn(h.newBrowser(), sam)
	})
}

func TestBypass52ItWasntMeEndsTheSignInAndTellsThoseWhoMustKnow(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		o.join(h.newBrowser(), sam)
		mails := len(h.got(sam, outbox.Mail))
		thief := h.newBrowser()
		path, push := o.pushed(thief, sam)
		h.must(o.Deny(push.ID))
		p := thief.until(path, deniedIt)
		denied := h.phone.next(t, sam, outbox.Mail, mails+1)
		if denied.Notice.Kind != outbox.PushDenied || h.events(sam, "push-denied") != 1 {
			t.Errorf("a denial is told as %q, with %d lines in the log", denied.Notice.Kind, h.events(sam, "push-denied"))
		}
		f := p.form("/not-me")
		thief.submit(f).want(http.StatusOK)
		thief.submit(f)
		thief.post(path+"/continue", fieldsOf("")).want(http.StatusNotFound) // its cookie is gone
		thief.isOutside()
		if n := h.events(sam, "not-me"); n != 1 {
			t.Errorf("%d lines say that it was not them, want 1", n)
		}
		if h.count("event WHERE kind = 'not-me' AND person_id = 'sam' AND address = '127.0.0.1'") != 1 {
			t.Error("the line does not say where it was said")
		}
		if m := h.phone.next(t, sam, outbox.Mail, mails+2); m.Notice.Kind != outbox.NotMe {
			t.Errorf("the user is told %q", m.Notice.Kind)
		}
		for _, m := range []member{ada, ben} {
			if mail := h.phone.next(t, m, outbox.Mail, 1); mail.Notice.Kind != outbox.NotThem || !strings.Contains(fmt.Sprint(mail.Mail), sam.name) {
				t.Errorf("%s is told %q: %v", m.username, mail.Notice.Kind, mail.Mail)
			}
		}
		h.settled()
		for m, want := range map[member]int{ada: 1, ben: 1, sam: mails + 2, sue: 0, fay: 0} {
			if got := len(h.got(m, outbox.Mail)); got != want {
				t.Errorf("%s got %d mails, want %d", m.username, got, want)
			}
		}
	})
}

// A method that is stopped, or the connection of which is gone, opens nothing while it is asked.
func TestAnApprovalOfAMethodThatLostItsPowerOpensNothing(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		admin := h.newBrowser()
		admin.join(ada)
		o.join(h.newBrowser(), sam)
		b := h.newBrowser()
		path, push := o.pushed(b, sam)
		o.approve(b, path, push)
		h.exec("UPDATE authenticator SET disabled_by = 'connection' WHERE user_id = 'sam' AND kind = $1", string(factor.Okta))
		b.post(path+"/continue", fieldsOf("")).want(http.StatusConflict)
		b.isOutside()
		h.exec("UPDATE authenticator SET disabled_by = '' WHERE user_id = 'sam'")
		// A reset ends the sign-in that was approved.
		admin.resets(sam)
		b.post(path+"/continue", fieldsOf("")).want(http.StatusConflict)
		b.isOutside()
	})
}
