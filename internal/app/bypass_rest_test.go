package app_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"testing"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
)

// Another way of saying who one is, beside the form, says nothing.
func TestBypass06BasicAuthenticationOpensNoRoute(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		basic := http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(sam.username+":"+sam.password))}}
		b := h.newBrowser()
		for _, r := range h.routes() {
			if strings.Contains(r.path, "{") || r.method != http.MethodGet {
				continue
			}
			p, plain := b.send(r.method, r.path, nil, basic), b.get(r.path)
			if p.status != plain.status || p.to() != plain.to() || len(p.set) != 0 {
				t.Errorf("%s: got %d to %q, without a name %d to %q", r.path, p.status, p.to(), plain.status, plain.to())
			}
			if strings.Contains(p.body, sam.name) {
				t.Errorf("%s names the user", r.path)
			}
		}
		b.isOutside()
		b.signIn(sam, key)
	})
}

// Whatever is set up is asked for, whether the company requires it or not.
func TestBypass07And09EveryKindThatIsSetUpIsAskedForWhateverThePolicy(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		for kind, m := range map[factor.Kind]member{factor.TOTP: gus, factor.SMS: sam, factor.Voice: sue} {
			var key phone
			if kind == factor.TOTP {
				key = h.newBrowser().join(m) // in the company that does not require it
			} else {
				h.newBrowser().joinBy(m, kind, phoneOf(m))
			}
			if m.company == strict { // whatever a company requires no more
				h.exec("UPDATE company SET two_factor_required = FALSE, version = version + 1 WHERE id = $1", string(strict))
			}
			b := h.newBrowser()
			path := b.begin(m)
			p := b.get(path).want(http.StatusOK)
			if p.has("/skip") {
				t.Errorf("%s: it can be skipped", kind)
			}
			for _, step := range []string{"/skip", "/finish", "/enrol"} {
				b.post(path+step, fieldsOf("", "kind", "totp")).want(http.StatusConflict)
			}
			b.isOutside()
			switch kind {
			case factor.TOTP:
				b.signIn(m, key)
			case factor.SMS:
				h.newBrowser().signInBy(m, outbox.Text)
			default:
				h.newBrowser().signInBy(m, outbox.Call)
			}
			if n := h.count("session WHERE user_id = $1 AND assurance <> 2", m.username); n != 0 {
				t.Errorf("%s: %d sessions of the password alone", kind, n)
			}
		}
		// And where nothing is set up and nothing required, the password is enough.
		h.newBrowser().skip(fay)
	})
}

func TestBypass10EverySpellingOfANameIsTheSameUserOrNobody(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		for _, name := range []string{
			"SAM", "sAm", " sam", "sam ", "\tsam", "ｓａｍ", "sam.", "sam\x00", "sam\u200b", "sa\u0301m", "sаm", "sam@", "strict\\sam", "sam+1", "\u202esam",
		} {
			b := h.newBrowser()
			p := b.typePassword(name, sam.password)
			switch p.status {
			case http.StatusSeeOther: // the same user
				b.get(p.to()).want(http.StatusOK).says("Google Authenticator")
			case http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusBadRequest: // nobody
			default:
				t.Errorf("%q: got %d", name, p.status)
			}
			b.isOutside()
		}
		h.newBrowser().signIn(sam, key)
	})
}

// What a company requires cannot be read: nobody goes on, and nothing is spent.
func TestBypass11APolicyThatCannotBeReadLetsNobodyPast(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		h.clock.nextStep()
		code := key.at(h.clock.Now(), 0)
		half, free, inside := h.newBrowser(), h.newBrowser(), h.newBrowser()
		path, open := half.begin(sam), free.begin(gus)
		answer, skip := half.get(path).form("/answer"), free.get(open).form("/skip")
		inside.skip(fay)

		attempts := h.attempts(sam)
		h.exec("ALTER TABLE company RENAME TO company_away")
		half.submit(answer, "code", code).rests()
		free.submit(skip).rests()
		h.newBrowser().post("/sign-in", fieldsOf("", "username", gus.username, "password", gus.password)).rests()
		for _, p := range []string{"/", "/settings", "/settings/users"} {
			inside.get(p).rests()
		}
		h.exec("ALTER TABLE company_away RENAME TO company")

		half.isOutside()
		free.isOutside()
		if n := h.attempts(sam) - attempts; n != 0 {
			t.Errorf("%d attempts were spent", n)
		}
		half.submit(half.get(path).form("/answer"), "code", code).leads("/")
		half.isInside(sam)
		free.submit(free.get(open).form("/skip")).leads("/")
		inside.isInside(fay)
	})
}

func TestBypass50ManyWhoSignInAtOnceAreWhoTheyAre(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		var all sync.WaitGroup
		for _, m := range []member{ada, ben, sam, sue} {
			all.Go(func() {
				b := h.newBrowser()
				b.join(m)
				for range 5 {
					b.isInside(m)
				}
			})
		}
		for range 4 { // more at once are taken for guesses
			for _, m := range []member{fay, gus} {
				all.Go(func() {
					b := h.newBrowser()
					b.skip(m)
					for _, other := range []member{ada, ben, sam, sue, fay, gus} {
						if p := b.get("/"); other != m && strings.Contains(p.plain(), other.name) {
							t.Errorf("%s is shown %s", m.username, other.name)
						}
					}
				})
			}
		}
		all.Wait()
	})
}
