package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// User Accounts, as administrators and the others come to it.

// resetPage and liftPage are the addresses about m.
func resetPage(m member) string { return "/settings/users/" + m.username + "/reset" }
func liftPage(m member) string  { return "/settings/users/" + m.username + "/lift" }

// resets presses Reset on the page about m, which the administrator's last code opens.
func (b *browser) resets(m member) {
	b.h.t.Helper()
	f := b.get(resetPage(m)).want(http.StatusOK).form("/reset")
	b.submit(f).leads("/settings/users?done=reset&user=" + m.username)
}

// wrongCodes types five wrong codes for m, after which a wait is in force.
func (h *house) wrongCodes(m member, key phone) {
	h.t.Helper()
	b := h.newBrowser()
	path := b.begin(m)
	for _, code := range key.wrongs(h.clock.Now(), 5) {
		b.answer(path, code)
	}
	if h.waits(m) != 1 {
		h.t.Fatalf("after five wrong codes no wait is in force for %s", m.username)
	}
}

// waits counts the waits of m that were set and not lifted.
func (h *house) waits(m member) int {
	h.t.Helper()
	return h.count("wait WHERE company_id = $1 AND user_id = $2 AND until_ms > 0", string(m.company), m.username)
}

// events counts the lines of the log of this kind about m.
func (h *house) events(m member, kind string) int {
	h.t.Helper()
	return h.count("event WHERE company_id = $1 AND person_id = $2 AND kind = $3", string(m.company), m.username, kind)
}

// acts counts what administrators have done, in all companies.
func (h *house) acts() int {
	h.t.Helper()
	return h.count("event WHERE kind IN ('two-factor-reset', 'wait-lifted')")
}

func TestAResetEndsWhatWasAndAsksAgain(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		inside, under := h.newBrowser(), h.newBrowser()
		inside.join(sam)
		h.clock.nextStep()
		path := under.begin(sam)
		admin := h.newBrowser()
		admin.join(ada)
		admin.get("/").says("User Accounts")
		admin.get("/settings/users").want(http.StatusOK).says("Sam Clarke")
		admin.get(resetPage(sam)).want(http.StatusOK).says("Reset two-factor authentication for Sam Clarke?").
			says("Google Authenticator").says("Make sure that it is Sam Clarke who asks")
		at := h.clock.Now()
		admin.resets(sam)
		admin.get("/settings/users?done=reset&user=sam").says("Two-factor authentication for Sam Clarke is reset.")

		inside.isOutside()
		h.settled() // a mail that is on its way meets a clock that goes on
		h.clock.nextStep()
		under.get(path).want(http.StatusConflict)
		if n := h.methods(sam); n != 0 {
			t.Errorf("%d methods are left", n)
		}
		again := h.newBrowser()
		p := again.get(again.begin(sam)).want(http.StatusOK).says("Your methods were reset")
		if p.has("/skip") || p.has("/answer") {
			t.Errorf("after a reset the page has the forms %v", p.forms())
		}
		again.join(sam)
		if h.methods(sam) != 1 {
			t.Errorf("%d methods after setting up one", h.methods(sam))
		}

		if n := h.count("event WHERE company_id = $1 AND id <> '' AND at_ms = $2 AND kind = 'two-factor-reset' AND actor_id = 'ada' AND person_id = 'sam' AND address = '127.0.0.1' AND sign_in_id = ''",
			string(strict), at.UnixMilli()); n != 1 || h.acts() != 1 {
			t.Errorf("%d lines of %d tell of the reset", n, h.acts())
		}
		// The mails: set up, reset, set up again; those that are due together arrive in any order.
		h.phone.next(t, sam, outbox.Mail, 3)
		resets := slices.DeleteFunc(h.phone.of(sam, outbox.Mail), func(m outbox.Message) bool { return m.Notice.Kind != outbox.TwoFactorReset })
		if len(resets) != 1 || resets[0].To != "sam@example.com" || !strings.Contains(fmt.Sprint(resets[0].Mail), ada.name) {
			t.Errorf("the reset was mailed as %+v", resets)
		}
	})
}

// Where two-factor is not required a reset asks for it all the same.
func TestAfterAResetNobodySkips(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		admin, user := h.newBrowser(), h.newBrowser()
		user.skip(gus)
		admin.join(fay)
		admin.resets(gus)
		user.isOutside()
		path := user.begin(gus)
		if p := user.get(path).want(http.StatusOK); p.has("/skip") {
			t.Error("Skip is offered after a reset")
		}
		user.post(path+"/skip", url.Values{}).want(http.StatusConflict)
		user.isOutside()
	})
}

// others are a user of each of the other roles, signed in.
func (h *house) others() map[company.Role]*browser {
	h.t.Helper()
	hash, err := h.app.Hasher.Hash(h.t.Context(), secret.New("violet-harbour-77"))
	if err != nil {
		h.t.Fatal(err)
	}
	browsers := map[company.Role]*browser{}
	for _, r := range company.Roles() {
		if r == company.Administrator {
			continue
		}
		m := member{strict, "other-" + string(r), "Other " + string(r), "violet-harbour-77", r, company.Active}
		if err := h.app.Store.AddUser(h.t.Context(), company.User{
			ID: company.UserID(m.username), Company: m.company, Username: m.username, DisplayName: m.name, Role: r,
			Language: "en", TimeZone: "UTC", Status: company.Active, Created: h.clock.Now(),
		}, hash); err != nil {
			h.t.Fatal(err)
		}
		browsers[r] = h.newBrowser()
		browsers[r].join(m)
	}
	return browsers
}

func TestTheOtherRolesNeitherSeeNorCallIt(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().join(sam)
		h.newBrowser().join(gus)
		version := h.versions()
		for role, b := range h.others() {
			for _, path := range []string{"/", "/settings"} {
				if strings.Contains(b.get(path).want(http.StatusOK).body, "/settings/users") {
					t.Errorf("%s: %s leads to User Accounts", role, path)
				}
			}
			b.get("/settings/users").want(http.StatusForbidden).says("Your role does not open this page")
			b.get("/settings/users?q=sam").want(http.StatusForbidden)
			want := withoutReference(b.get("/settings/users/nobody/reset").want(http.StatusForbidden).body)
			for _, whom := range []member{sam, gus, {username: "other-" + string(role)}, {username: "nobody"}} {
				for _, path := range []string{resetPage(whom), liftPage(whom)} {
					if got := withoutReference(b.get(path).want(http.StatusForbidden).body); got != want {
						t.Errorf("%s: GET %s differs from that of nobody", role, path)
					}
					if got := withoutReference(b.post(path, url.Values{"seen": {"2"}}).want(http.StatusForbidden).body); got != want {
						t.Errorf("%s: POST %s differs from that of nobody", role, path)
					}
				}
			}
		}
		if h.methods(sam) != 1 || h.methods(gus) != 1 || h.acts() != 0 || h.versions() != version {
			t.Error("a refused request changed something")
		}
	})
}

// versions are those of the two whom the others try to reset.
func (h *house) versions() string {
	h.t.Helper()
	return h.text("SELECT CAST(version AS TEXT) FROM users WHERE id = 'sam'") + h.text("SELECT CAST(version AS TEXT) FROM users WHERE id = 'gus'")
}

func TestAnotherCompanysUserIsNotThere(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := phone{}
		for _, m := range []member{sam, sue} {
			key = h.newBrowser().join(m)
		}
		h.clock.nextStep()
		h.wrongCodes(sue, key)
		admin := h.newBrowser()
		admin.join(fay)
		missing := withoutReference(admin.get("/settings/users/nobody/reset").want(http.StatusNotFound).body)
		for _, m := range []member{sam, sue, ada, {username: "nobody"}, {username: "%2e%2e"}, {username: "' OR 1=1"}} {
			whom := strings.ReplaceAll(m.username, " ", "%20")
			for _, path := range []string{"/settings/users/" + whom + "/reset", "/settings/users/" + whom + "/lift"} {
				if got := withoutReference(admin.get(path).want(http.StatusNotFound).body); got != missing {
					t.Errorf("GET %s differs from that of a missing user", path)
				}
				if got := withoutReference(admin.post(path, url.Values{"seen": {"2"}}).want(http.StatusNotFound).body); got != missing {
					t.Errorf("POST %s differs from that of a missing user", path)
				}
			}
		}
		for _, address := range []string{"", "?q=sam", "?q=%25", "?after=sam", "?done=reset&user=sam", "?q=strict"} {
			if p := admin.get("/settings/users" + address).want(http.StatusOK); strings.Contains(p.plain(), "Sam Clarke") {
				t.Errorf("%q shows another company's user", address)
			}
		}
		if h.methods(sam) != 1 || h.acts() != 0 || h.waits(sue) != 1 {
			t.Error("a refused request changed something")
		}
	})
}

func TestNobodyResetsThemselves(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		admin := h.newBrowser()
		key := admin.join(ada)
		h.clock.nextStep()
		h.wrongCodes(ada, key)
		for _, path := range []string{resetPage(ada), liftPage(ada)} {
			admin.get(path).want(http.StatusForbidden).says("Another administrator does this for you")
			admin.post(path, url.Values{"seen": {"2"}}).want(http.StatusForbidden).says("Another administrator does this for you")
		}
		if strings.Contains(admin.get("/settings/users").want(http.StatusOK).body, resetPage(ada)) {
			t.Error("the list offers to reset oneself")
		}
		admin.isInside(ada)
		if h.methods(ada) != 1 || h.acts() != 0 || h.waits(ada) != 1 {
			t.Error("a refused request changed something")
		}
		// One administrator resets another.
		other := h.newBrowser()
		other.join(ben)
		other.resets(ada)
		admin.isOutside()
	})
}

func TestAResetNeedsAFreshCode(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().join(sam)
		admin := h.newBrowser()
		key := admin.join(ada)
		f := admin.get(resetPage(sam)).want(http.StatusOK).form("/reset")
		h.clock.pass(5 * time.Minute)
		path := admin.submit(f).want(http.StatusSeeOther).to()
		if !strings.HasPrefix(path, "/sign-in/") || h.methods(sam) != 1 {
			t.Fatalf("an old code leads to %q and leaves %d methods", path, h.methods(sam))
		}
		admin.get(path).want(http.StatusOK).says("To go on, first show that it is you.").says("ada, signed in")
		admin.answer(path, key.wrong(h.clock.Now())).want(http.StatusUnprocessableEntity)
		admin.submit(f).want(http.StatusSeeOther) // still not: this begins another
		if h.methods(sam) != 1 {
			t.Fatal("a wrong code resets")
		}
		admin.answer(path, key.at(h.clock.Now(), 0)).leads(resetPage(sam))
		if h.methods(sam) != 1 || h.events(sam, "two-factor-reset") != 0 {
			t.Fatal("coming back resets by itself")
		}
		admin.get(path).leads(resetPage(sam)) // the ceremony is done and leads nowhere else
		h.clock.pass(4*time.Minute + 59*time.Second)
		admin.resets(sam)
		if h.methods(sam) != 0 || h.events(sam, "two-factor-reset") != 1 {
			t.Fatalf("%d methods, %d events after a reset", h.methods(sam), h.events(sam, "two-factor-reset"))
		}
	})
}

func TestACancelledStepUpLeadsBack(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().join(sam)
		admin := h.newBrowser()
		admin.join(ada)
		h.clock.pass(10 * time.Minute)
		path := admin.submit(admin.get(resetPage(sam)).form("/reset")).want(http.StatusSeeOther).to()
		admin.submit(admin.get(path).want(http.StatusOK).form("/cancel")).leads(resetPage(sam))
		admin.isInside(ada)
		if h.methods(sam) != 1 {
			t.Error("a cancelled step-up reset")
		}
	})
}

// An administrator without a method has no code to show.
func TestAnAdministratorWithoutAMethodIsToldWhatIsMissing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().join(gus)
		admin := h.newBrowser()
		admin.skip(fay)
		f := admin.get(resetPage(gus)).want(http.StatusOK).form("/reset")
		admin.submit(f).want(http.StatusConflict).says("You have no method that works")
		if h.methods(gus) != 1 || h.acts() != 0 {
			t.Error("a password alone resets")
		}
	})
}

func TestAFormSentTwiceResetsOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().join(sam)
		admin := h.newBrowser()
		admin.join(ada)
		f := admin.get(resetPage(sam)).want(http.StatusOK).form("/reset")
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if p := admin.submit(f); p.status != http.StatusSeeOther || p.to() != "/settings/users?done=reset&user=sam" {
					t.Errorf("a form sent at once: %d to %q", p.status, p.to())
				}
			})
		}
		all.Wait()
		admin.submit(f).leads("/settings/users?done=reset&user=sam")
		if n := h.events(sam, "two-factor-reset"); n != 1 {
			t.Errorf("five submits of one form reset %d times", n)
		}
		// What was set up since is not what the administrator saw.
		h.newBrowser().join(sam)
		admin.submit(f).want(http.StatusConflict).says("This changed meanwhile")
		for _, seen := range []string{"", "0", "-1", "x", "99999999999999999999"} {
			admin.post(resetPage(sam), url.Values{"seen": {seen}}).want(http.StatusBadRequest)
		}
		if h.methods(sam) != 1 || h.events(sam, "two-factor-reset") != 1 {
			t.Error("an old form resets what is new")
		}
	})
}

func TestALiftedWaitIsAllThatIsLifted(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		inside := h.newBrowser()
		key := inside.join(sam)
		admin := h.newBrowser()
		adasKey := admin.join(ada)
		admin.get(liftPage(sam)).leads("/settings/users?done=no-wait&user=sam")
		h.clock.nextStep()
		h.wrongCodes(sam, key)
		admin.get("/settings/users").want(http.StatusOK).says("Waiting until")
		f := admin.get(liftPage(sam)).want(http.StatusOK).says("Lift the wait for Sam Clarke?").form("/lift")
		admin.submit(f).leads("/settings/users?done=lifted&user=sam")
		admin.get("/settings/users?done=lifted&user=sam").says("The wait for Sam Clarke is lifted.")
		admin.submit(f).leads("/settings/users?done=no-wait&user=sam")
		if n := h.events(sam, "wait-lifted"); n != 1 || h.acts() != 1 {
			t.Errorf("%d lines tell of it", n)
		}
		inside.isInside(sam)
		if n := h.count("failure WHERE user_id = 'sam' AND fails = 5"); n != 1 || h.methods(sam) != 1 {
			t.Error("the count was lifted too")
		}
		h.newBrowser().signIn(sam, key)

		// It needs a fresh code as well.
		h.clock.nextStep()
		h.wrongCodes(sam, key)
		f = admin.get(liftPage(sam)).form("/lift")
		h.exec("UPDATE session SET proved_ms = 1 WHERE user_id = 'ada'")
		path := admin.submit(f).want(http.StatusSeeOther).to()
		admin.answer(path, adasKey.at(h.clock.Now(), 0)).leads(liftPage(sam))
		if h.waits(sam) != 1 {
			t.Error("coming back lifts by itself")
		}
	})
}

func TestWhoIsSignedOutIsSentToSignIn(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().join(sam)
		stranger := h.newBrowser()
		stranger.get("/settings/users").leads("/sign-in?return_to=%2Fsettings%2Fusers")
		stranger.get(resetPage(sam)).leads("/sign-in?return_to=%2Fsettings%2Fusers%2Fsam%2Freset")
		stranger.post(resetPage(sam), url.Values{"seen": {"2"}}).leads("/sign-in")
		if h.methods(sam) != 1 {
			t.Error("a stranger resets")
		}
	})
}

func TestTheListIsSearchedAndPaged(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		for i := range 60 {
			id := fmt.Sprintf("many%02d", i)
			if err := h.app.Store.AddUser(t.Context(), company.User{
				ID: company.UserID(id), Company: strict, Username: id, DisplayName: fmt.Sprintf("Many %02d%%", i),
				Email: id + "@many.example", Role: company.Salesperson, Status: company.Active,
			}, secret.Text{}); err != nil {
				t.Fatal(err)
			}
		}
		admin := h.newBrowser()
		admin.join(ada)
		p := admin.get("/settings/users?q=MANY.EXAMPLE").want(http.StatusOK).says("Many 49%")
		if n := strings.Count(p.body, "<details class=\"more\""); n != 50 {
			t.Errorf("the page has %d users", n)
		}
		next := "/settings/users?after=many49&q=MANY.EXAMPLE"
		if !strings.Contains(p.body, strings.ReplaceAll(next, "&", "&amp;")) {
			t.Errorf("the page does not lead to %s", next)
		}
		p = admin.get(next).want(http.StatusOK).says("Many 59%").says("First page")
		if strings.Contains(p.plain(), "Many 49%") || strings.Contains(p.plain(), "Next page") {
			t.Error("the second page has the first's, or another after it")
		}
		if p := admin.get("/settings/users?q=07%25").says("Many 07%"); strings.Contains(p.plain(), "Many 08%") {
			t.Error("a percent sign stands for anything")
		}
		p = admin.get("/settings/users?q=" + url.QueryEscape(`"><script>alert(1)</script>`)).want(http.StatusOK).says("Nobody matches")
		if strings.Contains(p.body, "<script>alert") {
			t.Error("what was searched for is taken as markup")
		}
		admin.get("/settings/users?q=" + strings.Repeat("x", 5000)).want(http.StatusOK)
	})
}

func TestAResetEndsTheWaitThatTheOldMethodsHad(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		admin, b := h.newBrowser(), h.newBrowser()
		admin.join(ada)
		key := h.newBrowser().join(sam)
		h.clock.nextStep()
		for range 5 {
			h.guess(sam, key)
		}
		admin.resets(sam)
		fresh := b.join(sam)
		b.post("/sign-out", nil)
		b.signIn(sam, fresh) // within the minute that the wrong codes had cost
	})
}
