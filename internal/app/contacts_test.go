package app_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
)

// The page of those who help: "Still can't sign in?".

const (
	stillOut = "Still can’t sign in?"
	whoHelps = "/sign-in/help"
)

var stillOutLink = regexp.MustCompile(`<a [^>]*href="([^"]*)">` + regexp.QuoteMeta(stillOut) + `</a>`)

// leadsOn: the page has the link to those who help, once, to path; it returns the page.
func (b *browser) leadsOn(p page, path string) page {
	p.t.Helper()
	links := stillOutLink.FindAllStringSubmatch(p.body, -1)
	if len(links) != 1 || links[0][1] != path {
		p.t.Fatalf("%s %s (%d) leads on to %q, want %s:\n%s", p.method, p.asked, p.status, links, path, p.main())
	}
	return b.get(path).want(http.StatusOK).says(stillOut)
}

// referenceOf is what the page has its reader read out.
func (p page) referenceOf() string {
	m := regexp.MustCompile(`<strong class="spell">([^<]*)</strong>`).FindStringSubmatch(p.body)
	return append(m, "", "")[1]
}

// namesNobody: nothing on the page is of a company, or of its people.
func (p page) namesNobody() page {
	p.t.Helper()
	for _, m := range []member{ada, ben, sam, sue, tom, fay} {
		if strings.Contains(p.plain(), m.name) || strings.Contains(p.body, ">"+m.username+"<") {
			p.t.Errorf("%s %s (%d) names %s", p.method, p.asked, p.status, m.name)
		}
	}
	if strings.Contains(p.plain(), "Strict & Sons") || strings.Contains(p.plain(), "Free Lane") {
		p.t.Errorf("%s %s (%d) names a company", p.method, p.asked, p.status)
	}
	return p
}

func TestEveryDeadEndLeadsToThoseWhoHelp(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		key := b.join(sam)
		outside := func(p page) {
			t.Helper()
			stranger := h.newBrowser()
			got := stranger.leadsOn(p, whoHelps).says("Call Support, " + support).says("Say your username").namesNobody()
			if got.referenceOf() != "" {
				t.Errorf("after %s a stranger has the reference %s, which finds nothing", p.asked, got.referenceOf())
			}
		}
		between := func(b *browser, path string, p page) {
			t.Helper()
			got := b.leadsOn(p, path+"/help").says(ada.name).says(ben.name).says(support).says("My Company → User Accounts")
			found, err := h.app.Store.FindReference(t.Context(), got.referenceOf())
			if err != nil || len(found) != 1 || "/sign-in/"+string(found[0].ID) != path {
				t.Errorf("the reference %q finds %v (%v), want %s", got.referenceOf(), found, err, path)
			}
		}
		// Before the password, and where there is no sign-in.
		for range 5 {
			outside(h.stranger(1).tryPassword(sue.username, "wrong-password-1").want(http.StatusUnprocessableEntity))
		}
		outside(h.stranger(1).tryPassword(sue.username, "wrong-password-1").want(http.StatusTooManyRequests))
		h.clock.pass(time.Minute) // shutOut takes all that was counted now
		h.shutOut(gus)
		outside(h.stranger(2).tryPassword(gus.username, gus.password).want(http.StatusTooManyRequests))
		outside(h.newBrowser().get("/sign-in/nobodys").want(http.StatusNotFound))
		outside(h.newBrowser().get("/unlock/strict/nobodys").want(http.StatusGone))
		outside(h.newBrowser().get("/nowhere").want(http.StatusNotFound))
		if p := h.newBrowser().get("/sign-in"); strings.Contains(p.body, whoHelps) {
			t.Error("the first page asks whether somebody still cannot sign in")
		}
		// Between the doors.
		b = h.newBrowser()
		h.clock.nextStep()
		path := b.begin(sam)
		between(b, path, b.get(path+"/methods").want(http.StatusOK))
		for _, code := range key.wrongs(h.clock.Now(), 5) {
			b.answer(path, code)
		}
		between(b, path, b.get(path).want(http.StatusOK).says("Too many wrong codes"))
		// Whoever takes more time while they telephone stays where the reference is.
		more := b.get(path + "/help").want(http.StatusOK).form("/more-time")
		from := http.Header{"Referer": {h.server.URL + path + "/help"}}
		if p := b.send(http.MethodPost, more.action, more.fields, from).want(http.StatusSeeOther); p.to() != path+"/help" {
			t.Errorf("More time leads from the people to %s", p.to())
		}
		h.clock.pass(15 * time.Minute)
		over := b.leadsOn(b.get(path).want(http.StatusConflict), path+"/help").says("This sign-in is over").namesNobody()
		if found, err := h.app.Store.FindReference(t.Context(), over.referenceOf()); err != nil || len(found) != 1 {
			t.Errorf("the reference %q of what is over finds %v (%v)", over.referenceOf(), found, err)
		}
		h.exec("UPDATE authenticator SET disabled_by = 'a spend'")
		path = b.begin(sam)
		between(b, path, b.get(path).want(http.StatusOK).says("None of your methods"))
		h.exec("UPDATE authenticator SET disabled_by = ''")
		// A text that did not arrive.
		h.clock.pass(20 * time.Minute)
		phoned := h.newBrowser()
		phoned.joinBy(ada, factor.SMS, phoneOf(ada))
		h.phone.carries(nil, func(outbox.Message) error { return outbox.Refusal{Why: outbox.NoTexts} })
		h.clock.pass(time.Minute)
		path = phoned.begin(ada)
		h.settled()
		got := phoned.leadsOn(phoned.get(path).says("Not delivered"), path+"/help").says(ben.name)
		if strings.Contains(got.plain(), ada.name) {
			t.Error("an administrator is sent to themselves")
		}
	})
}

// Whoever has no sign-in under way here learns nothing of who there is, whatever they know of one.
func TestThoseWhoHelpAreNamedBehindTheRightPasswordAlone(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		admin := h.newBrowser()
		admin.join(ada)
		owner := h.newBrowser()
		owner.join(sam)
		h.clock.nextStep()
		b := h.newBrowser()
		path := b.begin(sam)
		own := b.get(path + "/help").want(http.StatusOK).says(ada.name).says(ben.name).says(sam.username)
		if strings.Contains(own.plain(), sue.name) || strings.Contains(own.plain(), fay.name) {
			t.Error("others than the company's administrators are named")
		}

		// Another browser, another sign-in's cookie, a secret that is not right, and none.
		missing := h.newBrowser().get("/sign-in/" + strings.Repeat("a", 26) + "/help")
		other := h.newBrowser()
		theirs := other.begin(sue)
		parts := strings.Split(b.cookie(betweenCookie(path)), ".")
		planted := func(value string) *browser {
			thief := h.newBrowser()
			thief.plant(betweenCookie(path), value)
			return thief
		}
		for what, thief := range map[string]*browser{
			"another browser": h.newBrowser(), "with a session": owner.copy(), "with a sign-in of its own": other,
			"its cookie here": planted(other.cookie(betweenCookie(theirs))), "a wrong secret": planted(parts[0] + "." + parts[1] + ".x"),
			"another company": planted("free." + parts[1] + "." + parts[2]),
		} {
			got := thief.get(path + "/help")
			same(t, what, got, missing)
			sameHeaders(t, what, got, missing)
			got.namesNobody()
		}
		// Without a sign-in the page is one, whatever was typed before, and known browsers are as all.
		want := h.newBrowser().get(whoHelps).want(http.StatusOK).namesNobody().body
		for _, name := range []string{"xyz", sam.username, ivy.username, tom.username} {
			stranger := h.newBrowser()
			stranger.tryPassword(name, "wrong-password-1").want(http.StatusUnprocessableEntity)
			if stranger.get(whoHelps).body != want {
				t.Errorf("after a wrong password for %s the page is another", name)
			}
		}
		if owner.onlyKnown().get(whoHelps).body != want {
			t.Error("a known browser gets another page")
		}
		// The browser that has begun one is led to its page, and is named nobody here.
		if p := b.get(whoHelps).want(http.StatusOK).namesNobody(); !strings.Contains(p.body, `href="`+path+`/help"`) {
			t.Errorf("it does not lead to %s:\n%s", path, p.body)
		}

		// What ends a sign-in ends this too; the reference stays.
		reference := own.referenceOf()
		over := func(what string, b *browser, path, reference string) {
			t.Helper()
			p := b.get(path + "/help").want(http.StatusOK).says("This sign-in is over").namesNobody()
			if p.referenceOf() != reference {
				t.Errorf("%s: the reference is %q, want %q", what, p.referenceOf(), reference)
			}
		}
		kept := b.copy()
		b.submit(b.get(path + "/help").form("/cancel")).leads("/sign-in")
		over("cancelled", kept, path, reference)
		same(t, "cancelled, without its cookie", b.get(path+"/help"), missing)
		for _, end := range []struct {
			what string
			do   func()
		}{
			{"deactivated", func() { h.exec("UPDATE users SET status = 'deactivated' WHERE id = 'sam'") }},
			{"reset", func() { admin.resets(sam) }},
			{"expired", func() { h.clock.pass(30 * time.Minute) }},
		} {
			b := h.newBrowser()
			path := b.begin(sam)
			reference := b.get(path + "/help").says(ada.name).referenceOf()
			end.do()
			over(end.what, b, path, reference)
			h.exec("UPDATE users SET status = 'active' WHERE id = 'sam'")
		}
		// And who got in has no use for it.
		b = h.newBrowser()
		path = b.begin(sam)
		again, finish := b.enrol(path)
		if p := b.get(path + "/help").want(http.StatusOK).says(ada.name); p.has("/finish") {
			t.Error("the page finishes a set-up")
		}
		b.submit(finish.form("/finish")).leads("/")
		b.get(path + "/help").leads("/")
		h.newBrowser().signIn(sam, again)
	})
}

func TestWhomToCallIsSaidWithoutADatabase(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(sam)
		well := h.newBrowser().get(whoHelps).want(http.StatusOK).body
		h.must(h.app.Close())
		stranger := h.newBrowser()
		for _, p := range []page{stranger.password(sam).rests(), b.get(path).rests(), b.get(path + "/help").rests()} {
			if got := stranger.leadsOn(p, whoHelps); got.body != well {
				t.Errorf("without a database the page is another:\n%s", got.main())
			}
			p.namesNobody()
		}
		b.leadsOn(b.get("/nowhere"), whoHelps).says(support).namesNobody()
		if !slices.Contains(betweenRoutes, "GET "+whoHelps) {
			t.Error("it is not among the routes that are open to everyone")
		}
	})
}
