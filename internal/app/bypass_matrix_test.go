package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
)

// administrators lists the routes that are for them alone.
func (h *house) administrators() []pattern {
	h.t.Helper()
	var routes []pattern
	for _, r := range h.routes() {
		if strings.HasPrefix(r.path, "/settings/users") {
			routes = append(routes, r)
		}
	}
	if len(routes) < 5 {
		h.t.Fatalf("administrators have the routes %v: have they moved?", routes)
	}
	return routes
}

// GHSA-xxwr-vvr3-2g9f, Kanidm: whoever could see a person could change them. Six roles, every
// route of administrators, and whom it is about.
func TestBypass39TheMatrixOfRolesRoutesAndPeople(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().joinBy(sam, factor.SMS, phoneOf(sam))
		h.newBrowser().joinBy(gus, factor.Voice, "+15035550145")
		browsers := h.others()
		browsers[company.Administrator] = h.newBrowser()
		browsers[company.Administrator].join(ada)
		browsers["nobody"] = h.newBrowser()
		if len(browsers) != len(company.Roles())+1 {
			t.Fatalf("%d browsers for %d roles", len(browsers), len(company.Roles()))
		}
		versions := h.versions()
		for role, b := range browsers {
			self := "other-" + string(role)
			if role == company.Administrator {
				self = ada.username
			}
			for _, r := range h.administrators() {
				ask := func(whom string) page {
					path := strings.ReplaceAll(r.path, "{id}", whom)
					return b.send(r.method, path, url.Values{"seen": {"99"}, "user": {whom}, "company": {"free"}}, nil)
				}
				missing := ask("nobody")
				for about, whom := range map[string]string{
					"own": self, "same company": sam.username, "other company": gus.username, "another administrator's": fay.username,
				} {
					got := ask(whom)
					switch {
					case role == "nobody":
						if got.status != http.StatusSeeOther || !strings.HasPrefix(got.to(), "/sign-in") {
							t.Errorf("nobody: %s %s, %s: got %d to %q", r.method, r.path, about, got.status, got.to())
						}
					case role != company.Administrator: // whoever it is about, the answer is one
						alike403(t, string(role)+": "+r.method+" "+r.path+", "+about, got, missing)
					case !strings.Contains(r.path, "{id}"):
						if got.status != http.StatusOK || strings.Contains(got.plain(), gus.name) || strings.Contains(got.plain(), fay.name) {
							t.Errorf("the list: got %d, with another company's people: %v", got.status, got.status == http.StatusOK)
						}
					case about == "own":
						if got.status != http.StatusForbidden {
							t.Errorf("%s %s of themselves: got %d, want 403", r.method, r.path, got.status)
						}
					case about == "same company": // they may look; this form is of another version, and there is no wait
						if got.status != http.StatusOK && got.status != http.StatusConflict && !strings.HasPrefix(got.to(), "/settings/users?done=no-wait") {
							t.Errorf("%s %s of a colleague: got %d to %q", r.method, r.path, got.status, got.to())
						}
					default:
						same(t, r.method+" "+r.path+", "+about, got, missing)
						sameHeaders(t, r.method+" "+r.path+", "+about, got, missing)
					}
				}
			}
		}
		if h.methods(sam) != 1 || h.methods(gus) != 1 || h.acts() != 0 || h.versions() != versions {
			t.Error("a refused request changed something")
		}
		browsers[company.Administrator].resets(sam)
		if h.methods(sam) != 0 || h.methods(gus) != 1 {
			t.Error("an administrator resets their own company's user, and nobody else")
		}
	})
}

// alike403: a refusal that tells nothing of whom it was about.
func alike403(t *testing.T, what string, got, want page) {
	t.Helper()
	if got.status != http.StatusForbidden || want.status != http.StatusForbidden || withoutReference(got.body) != withoutReference(want.body) {
		t.Errorf("%s: got %d, want 403 and the page about nobody, which answers %d", what, got.status, want.status)
	}
	sameHeaders(t, what, got, want)
}

// sameHeaders: the two answers have the same headers, but for when they were made.
func sameHeaders(t *testing.T, what string, got, want page) {
	t.Helper()
	for name := range want.header {
		if name != "Date" && got.header.Get(name) != want.header.Get(name) {
			t.Errorf("%s: the header %s is %q, of one that is not there %q", what, name, got.header.Get(name), want.header.Get(name))
		}
	}
	if len(got.header) != len(want.header) {
		t.Errorf("%s: %d headers, of one that is not there %d", what, len(got.header), len(want.header))
	}
}

// CVE-2026-55670, Zitadel: an id of another tenant was taken where it was put. Every id that
// there is of one company, in every path and field, by an administrator of the other.
func TestBypass49IdsOfAnotherCompanyAreThoseOfNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		theirs := h.newBrowser()
		theirs.joinBy(sam, factor.SMS, phoneOf(sam))
		setUp := h.newBrowser()
		pendingPath := setUp.begin(sue)
		setUp.sendCode(pendingPath, factor.Voice, phoneOf(sue)).leads(pendingPath)
		asked := theirs.begin(sam)
		h.settled()

		mine := h.newBrowser()
		key := mine.join(fay)
		h.clock.nextStep()
		own := mine.begin(fay)
		column := func(query string) string { return h.text("SELECT " + query) }
		ids := map[string]string{
			"user": sam.username, "administrator": ada.username, "method": h.methodID(sam, 0), "sign-in": idOf(asked),
			"set-up":         idOf(pendingPath),
			"pending method": column("pending_id FROM sign_in WHERE id = '" + idOf(pendingPath) + "'"),
			"challenge":      column("challenge_id FROM sign_in WHERE id = '" + idOf(asked) + "'"),
			"session":        column("id FROM session WHERE user_id = 'sam'"),
			"delivery":       column("id FROM outbox WHERE user_id = 'sam' AND channel = 'text' LIMIT 1"),
			"event":          column("id FROM event WHERE person_id = 'sam' LIMIT 1"),
			"company":        string(strict),
		}
		before := h.count("sign_in") + h.count("outbox") + h.count("event") + h.count("spend") + h.count("authenticator") + h.count("session")
		for what, id := range ids {
			missing := strings.Repeat("a", len(id))
			fields := func(id string) url.Values {
				v := url.Values{}
				for _, name := range []string{"id", "user", "user_id", "company", "authenticator", "method", "sign_in", "challenge", "session", "after", "q", "target"} {
					v.Set(name, id)
				}
				v.Set("seen", "1")
				v.Set("name", "Mine")
				v.Set("code", key.at(h.clock.Now(), 0))
				return v
			}
			for _, r := range h.routes() {
				if !strings.Contains(r.path, "{id}") {
					continue
				}
				ask := func(id string) page {
					path := strings.NewReplacer("{id}", id, "{form}", id).Replace(r.path)
					if r.method == http.MethodGet {
						path += "?" + fields(id).Encode()
					}
					return mine.send(r.method, path, fields(id), nil)
				}
				got, want := ask(id), ask(missing)
				if got.status != want.status || got.status < 300 || got.to() != strings.ReplaceAll(want.to(), missing, id) ||
					withoutReference(got.body) != strings.ReplaceAll(withoutReference(want.body), missing, id) {
					t.Errorf("the other company's %s in %s %s: got %d to %q, one that is not there %d to %q",
						what, r.method, r.path, got.status, got.to(), want.status, want.to())
				}
			}
			// In the fields of forms that are the own.
			for _, step := range []string{"choose", "enrol", "resend", "call", "drop", "finish", "skip"} {
				got, want := mine.post(own+"/"+step, fields(id)), mine.post(own+"/"+step, fields(missing))
				if got.status != want.status || got.status != http.StatusConflict {
					t.Errorf("the other company's %s in the fields of %s: got %d, of one that is not there %d", what, step, got.status, want.status)
				}
			}
			for _, query := range []string{"after", "q", "user", "done"} {
				address := "/settings/users?" + url.Values{query: {id}, "done": {"reset"}}.Encode()
				if p := mine.get(address); strings.Contains(p.plain(), sam.name) || strings.Contains(p.plain(), ada.name) {
					t.Errorf("the other company's %s as %s shows their people", what, query)
				}
			}
		}
		if after := h.count("sign_in") + h.count("outbox") + h.count("event") + h.count("spend") + h.count("authenticator") + h.count("session"); after != before {
			t.Errorf("%d rows came of it", after-before)
		}
		// A cookie that says the own company, with all else right, is nobody's.
		parts := strings.Split(theirs.cookie(betweenCookie(asked)), ".")
		mine.plant(betweenCookie(asked), string(free)+"."+parts[1]+"."+parts[2])
		for _, p := range []page{mine.get(asked), mine.get(asked + "/delivery"), mine.post(asked+"/resend", nil), mine.post(asked+"/cancel", nil)} {
			p.want(http.StatusNotFound)
		}
		theirs.answer(asked, h.newest(sam, "text")).leads("/")
		mine.answer(own, key.at(h.clock.Now(), 0)).leads("/")
	})
}
