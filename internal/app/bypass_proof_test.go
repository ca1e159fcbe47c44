package app_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"
)

// addMethod adds a Google Authenticator from My Account, proved with key.
func (b *browser) addMethod(key phone) phone {
	b.h.t.Helper()
	path := b.beginAdd()
	b.h.clock.nextStep()
	b.answer(path, key.at(b.h.clock.Now(), 0)).leads(path)
	added, code := b.setUp(path)
	b.submit(code.form("/answer"), "code", added.at(b.h.clock.Now(), 0)).leads("/settings?done=added")
	return added
}

// beginAdd presses "Add a method" and returns the path of the ceremony.
func (b *browser) beginAdd() string {
	b.h.t.Helper()
	return b.submit(b.get("/settings").want(http.StatusOK).form("/settings/methods")).want(http.StatusSeeOther).to()
}

// beginRemove presses "Remove" for a method and returns the path of the ceremony.
func (b *browser) beginRemove(id string) string {
	b.h.t.Helper()
	return b.submit(b.get("/settings/methods/" + id + "/remove").want(http.StatusOK).form("/remove")).want(http.StatusSeeOther).to()
}

// CVE-2026-3429, Keycloak: a stolen session deleted the owner's method and set up its own.
func TestBypass32AStolenSessionChangesNoMethod(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		owner := h.newBrowser()
		key := owner.join(sam)
		second := owner.addMethod(key)
		first := h.methodID(sam, 0)
		thief := owner.with(func(name string) bool { return name == sessionCookie })
		thief.isInside(sam)

		for what, path := range map[string]string{"add": thief.beginAdd(), "remove": thief.beginRemove(first)} {
			for _, step := range []string{"finish", "skip", "drop"} {
				thief.post(path+"/"+step, fieldsOf("n"+step)).want(http.StatusConflict)
			}
			thief.post(path+"/enrol", fieldsOf("n", "kind", "totp")).want(http.StatusConflict)
			thief.post(path+"/answer", fieldsOf("m", "code", key.wrong(h.clock.Now()))).want(http.StatusUnprocessableEntity)
			if n := h.methods(sam); n != 2 {
				t.Errorf("%s without a code: %d methods, want 2", what, n)
			}
			// The code that the owner used to get in is no proof either.
			thief.answer(path, key.at(h.clock.Now(), 0)).want(http.StatusUnprocessableEntity).says(alreadyUsed)
		}
		if h.methods(sam) != 2 || h.methodID(sam, 0) != first {
			t.Error("a stolen session changed the methods")
		}

		// The owner, with a code, can: the old phone goes by its own last proof.
		path := owner.beginRemove(first)
		h.clock.nextStep()
		owner.answer(path, key.at(h.clock.Now(), 0)).leads("/settings?done=removed")
		if n := h.methods(sam); n != 1 {
			t.Errorf("%d methods after the owner removed one, want 1", n)
		}
		h.newBrowser().signIn(sam, second)
	})
}

func TestBypass32APasswordAloneAddsNoMethodToThoseThatAreSetUp(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		// Gus goes in with the password alone, which his company lets him.
		behind := h.newBrowser()
		behind.skip(gus)
		ceremony := behind.post("/settings/methods", nil)
		ceremony.want(http.StatusSeeOther) // none is set up: as at a sign-in, with the password again
		if !strings.HasPrefix(ceremony.to(), "/sign-in?") {
			t.Errorf("adding the first method leads to %q, want the password", ceremony.to())
		}
		owner := h.newBrowser()
		key := owner.join(gus)
		// Now one is set up: a session of the password alone opens nothing, and so does the password.
		behind.isOutside()
		id := h.methodID(gus, 0)
		refusesAll(t, behind, id)
		thief := h.newBrowser()
		path := thief.begin(gus)
		thief.post(path+"/enrol", fieldsOf("n", "kind", "totp")).want(http.StatusConflict)
		thief.post(path+"/skip", fieldsOf("m")).want(http.StatusConflict)
		refusesAll(t, thief, id)
		if n := h.methods(gus); n != 1 {
			t.Errorf("%d methods, want 1", n)
		}
		h.newBrowser().signIn(gus, key)
	})
}

// Who knows the password sets up a method at the same time as its owner does.
func TestBypass32WhoeverSetsUpTheFirstMethodEndsTheOthersSetUp(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		thief, owner := h.newBrowser(), h.newBrowser()
		path := thief.begin(sam)
		pending, code := thief.setUp(path)
		key := owner.join(sam)
		thief.get(path).want(http.StatusConflict)
		thief.submit(code.form("/answer"), "code", pending.at(h.clock.Now(), 0)).want(http.StatusConflict)
		thief.post(path+"/finish", fieldsOf("n")).want(http.StatusConflict)
		thief.isOutside()
		if n := h.methods(sam); n != 1 {
			t.Errorf("%d methods, want the owner's", n)
		}
		h.newBrowser().signIn(sam, key)
	})
}

// A ceremony lives in the session that began it, and in no other.
func TestBypass32ACeremonyWithoutItsSessionIsOver(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		owner := h.newBrowser()
		key := owner.join(sam)
		sues := h.newBrowser()
		sues.join(sue)
		path := owner.beginAdd()
		h.clock.nextStep()
		thief := owner.with(func(name string) bool { return name != sessionCookie })
		sues.plant(betweenCookie(path), thief.cookie(betweenCookie(path)))
		for _, b := range []*browser{thief, sues} {
			b.get(path).want(http.StatusConflict)
			b.post(path+"/answer", fieldsOf(rand.Text(), "code", key.at(h.clock.Now(), 0))).want(http.StatusConflict)
			b.post(path+"/enrol", fieldsOf(rand.Text(), "kind", "totp")).want(http.StatusConflict)
		}
		if n := h.count("spend"); n != 2 { // those of the two set-ups: what is over compares nothing
			t.Errorf("%d attempts were taken, want 2", n)
		}
		owner.answer(path, key.at(h.clock.Now(), 0)).leads(path)
		proved := owner.with(func(name string) bool { return name != sessionCookie })
		proved.post(path+"/enrol", fieldsOf("n", "kind", "totp")).want(http.StatusConflict)
		copied := owner.copy() // with the cookies that signing out takes away
		owner.submit(owner.get("/").form("/sign-out")).leads("/sign-in?signed-out")
		copied.post(path+"/enrol", fieldsOf("m", "kind", "totp")).want(http.StatusConflict)
		if n := h.methods(sam); n != 1 {
			t.Errorf("%d methods, want 1", n)
		}
	})
}

func TestBypass32AMethodSlippedInCannotRemoveItsOwners(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		owner := h.newBrowser()
		key := owner.join(sam)
		slipped := owner.addMethod(key) // by somebody who saw one code
		first := h.methodID(sam, 0)
		thief := h.newBrowser()
		h.clock.nextStep()
		thief.chooseAndAnswer(thief.begin(sam), h.methodID(sam, 1), slipped).leads("/")
		path := thief.beginRemove(first)
		h.clock.nextStep()
		thief.answer(path, slipped.at(h.clock.Now(), 0)).want(http.StatusUnprocessableEntity) // the owner's own is asked for
		thief.post(path+"/choose", fieldsOf("n", "authenticator", h.methodID(sam, 1))).want(http.StatusConflict)
		if n := h.methods(sam); n != 2 {
			t.Errorf("%d methods, want 2", n)
		}
		// The owner throws it out at once.
		h.clock.pass(time.Minute)
		owner.chooseAndAnswer(owner.begin(sam), first, key).leads("/")
		path = owner.beginRemove(h.methodID(sam, 1))
		h.clock.nextStep()
		owner.chooseAndAnswer(path, first, key)
		if n := h.methods(sam); n != 1 {
			t.Errorf("%d methods, want the owner's", n)
		}
	})
}

// chooseAndAnswer picks a method at path, where another is asked for, and answers.
// choose asks for method id, unless it is asked for already: the list has only the others.
func (b *browser) choose(path, id string) {
	b.h.t.Helper()
	if p := b.get(path + "/methods").want(http.StatusOK); strings.Contains(p.body, `value="`+id+`"`) {
		b.submit(p.form("/choose", "authenticator", id)).leads(path)
	}
}

func (b *browser) chooseAndAnswer(path, id string, key phone) page {
	b.h.t.Helper()
	b.choose(path, id)
	return b.answer(path, key.at(b.h.clock.Now(), 0)).want(http.StatusSeeOther)
}
