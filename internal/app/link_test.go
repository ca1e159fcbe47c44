package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// shutOut lets a hundred wrong passwords for m be in a row, as the count says that they were.
func (h *house) shutOut(m member) {
	h.t.Helper()
	p := h.stranger(1).tryPassword(m.username, "wrong-password-1")
	if p.status == http.StatusTooManyRequests {
		p.says("press it in this browser") // they are
		return
	}
	h.exec("UPDATE password_count SET fails = 100 WHERE last_ms = $1", h.clock.Now().UnixMilli())
}

// linksOf are the paths of the links that m was mailed, the oldest first.
func (h *house) linksOf(m member) []string {
	h.t.Helper()
	for h.count("password_link WHERE pending") > 0 { // whoever sends is about to look
		time.Sleep(5 * time.Millisecond)
	}
	var paths []string
	for _, got := range h.got(m, outbox.Mail) {
		if got.Notice.Kind != outbox.PasswordLink {
			continue
		}
		path, ours := strings.CutPrefix(got.Mail.Button.URL, h.server.URL)
		if !ours || got.To != m.username+"@example.com" {
			h.t.Errorf("the link of a mail to %s leads to %s", got.To, got.Mail.Button.URL)
		}
		paths = append(paths, path)
	}
	return paths
}

// linkTo shuts m out, asks for a link and returns it.
func (h *house) linkTo(m member) string {
	h.t.Helper()
	before := len(h.linksOf(m))
	h.shutOut(m)
	h.stranger(2).tryPassword(m.username, m.password).want(http.StatusTooManyRequests)
	h.clock.pass(time.Second)
	links := h.linksOf(m)
	if len(links) != before+1 {
		h.t.Fatalf("%s was mailed %d links, want one more than %d", m.username, len(links), before)
	}
	return links[before]
}

// tokenOf is what nobody but the reader of a link may see.
func tokenOf(link string) string { return link[strings.Index(link, "?t=")+3:] }

func TestAHundredWrongPasswordsNeedAMailedLink(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		owner := h.browserAt("198.51.100.7")
		key := owner.join(sam)
		for i := range signin.PasswordRun {
			if i%signin.PasswordsPerHour == 0 {
				h.clock.pass(time.Hour)
			}
			h.stranger(i).tryPassword(sam.username, "wrong-password-1").want(http.StatusUnprocessableEntity)
		}
		if links := h.linksOf(sam); len(links) != 0 {
			t.Fatalf("%d links before one was needed", len(links))
		}
		for n := range 3 { // right or wrong, nobody looks
			p := h.stranger(200+n).tryPassword(sam.username, sam.password).want(http.StatusTooManyRequests)
			p.says("press it in this browser")
		}
		known := owner.onlyKnown()
		known.tryPassword(sam.username, "wrong-password-1").want(http.StatusUnprocessableEntity) // it goes on
		links := h.linksOf(sam)
		if len(links) != 1 {
			t.Fatalf("%d links, want one", len(links))
		}

		// Whoever looks at the page changes nothing; the button is for the browser that presses it.
		b := h.browserAt("198.51.100.8")
		for range 2 {
			p := b.get(links[0]).want(http.StatusOK)
			if p.header.Get("Referrer-Policy") != "strict-origin" || len(p.set) != 0 {
				t.Errorf("the page of a link says %q and sets %d cookies", p.header.Get("Referrer-Policy"), len(p.set))
			}
		}
		b.tryPassword(sam.username, sam.password).want(http.StatusTooManyRequests)
		p := b.post(links[0], nil).leads("/sign-in?unlocked")
		if len(p.set) != 1 || b.known() == "" {
			t.Fatalf("the button set %d cookies", len(p.set))
		}
		b.get("/sign-in?unlocked").want(http.StatusOK).says("This browser may try again")
		b.isOutside()
		refusesAll(t, b, "nothing")
		b.get(links[0]).want(http.StatusGone)
		h.newBrowser().post(links[0], nil).want(http.StatusGone)

		// It has counts of its own, and both doors before it.
		for range 4 {
			b.tryPassword(sam.username, "wrong-password-1").want(http.StatusUnprocessableEntity)
		}
		at := b.begin(sam)
		b.post(at+"/skip", fieldsOf("s")).want(http.StatusConflict)
		b.isOutside()
		h.stranger(300).tryPassword(sam.username, sam.password).want(http.StatusTooManyRequests) // it has not ended for others
		b.signIn(sam, key)
		h.stranger(301).tryPassword(sam.username, "wrong-password-1").want(http.StatusUnprocessableEntity)

		secret := tokenOf(links[0])
		if len(secret) < 40 || strings.Contains(h.log.String(), secret) {
			t.Errorf("the log has the secret of a link, or it is none: %q", secret)
		}
		for _, p := range b.seen {
			if strings.Contains(p.body, secret) || strings.Contains(p.header.Get("Location"), secret) {
				t.Errorf("%s %s repeats the secret of a link", p.method, p.asked)
			}
		}
		if n := h.count("event WHERE kind = 'link-used' AND person_id = 'sam' AND address = '198.51.100.8'"); n != 1 {
			t.Errorf("%d lines of the log tell of the link, want one", n)
		}
	})
}

// What is answered where a link is needed is the same for everybody: bytes, cookies, hashes,
// statements and rows. Only the mail tells, and only its reader.
func TestNoAnswerTellsWhoWasMailedALink(t *testing.T) {
	onBothEnginesIn(t, openQuiet, func(t *testing.T, h *house) {
		w := &workload{Names: h.app.SignIns.Names, Passwords: h.app.SignIns.Passwords}
		h.app.SignIns.Names, h.app.SignIns.Passwords = w, w
		names := map[string]string{"xyz": "wrong-password-1", sam.username: sam.password, ivy.username: "wrong-password-1", tom.username: tom.password}
		for name := range names {
			h.shutOut(member{username: name})
		}
		var want []string
		for _, name := range slices.Sorted(maps.Keys(names)) {
			var got []string
			for range 3 { // the first asks for a link, and an hour has one alone
				before, hashes, asked := h.written(), w.hashes.Load(), w.asked.Load()
				p := h.stranger(9).tryPassword(name, names[name])
				after := h.written()
				maps.DeleteFunc(after, func(table string, n int) bool { return n == before[table] })
				for table := range after {
					after[table] -= before[table]
				}
				got = append(got, fmt.Sprint(p.status, withoutName(p.body, name), p.header.Get("Retry-After"), len(p.set),
					w.hashes.Load()-hashes, w.asked.Load()-asked, after))
			}
			if want == nil {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %s, another name %s", name, got, want)
			}
		}
		if !strings.HasSuffix(want[0], "0 0 101 map[password_link:1]") || !strings.HasSuffix(want[1], "0 0 101 map[]") {
			t.Errorf("an answer costs %s, the next %s", want[0], want[1])
		}
		sending(t, h)
		h.clock.pass(time.Second)
		if links := h.linksOf(sam); len(links) != 1 {
			t.Errorf("%d links, want one", len(links))
		}
		if n := h.count("outbox"); n != 1 {
			t.Errorf("%d mails, want one", n)
		}
	})
}

func TestALinkIsForItsUserItsHourItsEpochAndOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().join(sam)
		sams, sues := h.linkTo(sam), h.linkTo(sue)
		path := func(link string) string { return link[:strings.Index(link, "?")] }
		swap := func(old, new string) string { return strings.Replace(sams, old, new, 1) }
		nobodys := h.newBrowser()
		for name, link := range map[string]string{
			"another's secret":   path(sams) + "?t=" + tokenOf(sues),
			"another's id":       path(sues) + "?t=" + tokenOf(sams),
			"another company":    swap("/strict/", "/free/"),
			"no secret":          path(sams),
			"an empty one":       path(sams) + "?t=",
			"a longer one":       sams + "A",
			"another case":       path(sams) + "?t=" + strings.ToUpper(tokenOf(sams)),
			"two, wrong first":   path(sams) + "?" + url.Values{"t": {"x", tokenOf(sams)}}.Encode(),
			"an id of nothing":   "/unlock/strict/nothing?t=" + tokenOf(sams),
			"a sign-in's id":     "/unlock/strict/" + idOf(h.newBrowser().begin(gus)) + "?t=" + tokenOf(sams),
			"SQL, or a folder":   "/unlock/strict/%27%20OR%201=1--%2f..?t=" + tokenOf(sams),
			"secret in the form": path(sams),
		} {
			nobodys.get(link).want(http.StatusGone)
			if p := nobodys.post(link, fieldsOf("", "t", tokenOf(sams))); p.status != http.StatusGone || len(p.set) != 0 {
				t.Errorf("%s: got %d and %d cookies", name, p.status, len(p.set))
			}
		}
		if p := nobodys.send(http.MethodPost, sams, nil, http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}); p.status != http.StatusForbidden {
			t.Errorf("another site presses the button: got %d", p.status)
		}

		// Many press at once, and one browser is known.
		var presses sync.WaitGroup
		crowd := make([]*browser, 8)
		for i := range crowd {
			crowd[i] = h.newBrowser()
			presses.Go(func() { crowd[i].post(sams, nil) })
		}
		presses.Wait()
		unlocked := slices.DeleteFunc(crowd, func(b *browser) bool { return b.known() == "" })
		if len(unlocked) != 1 {
			t.Fatalf("%d browsers are known by one link", len(unlocked))
		}
		// It is known with its user alone.
		h.shutOut(sue)
		unlocked[0].tryPassword(sue.username, sue.password).want(http.StatusTooManyRequests)

		// A link that grew old, and one of before a reset; with which the browser ends that used one.
		h.clock.pass(signin.LinkLife)
		h.newBrowser().post(sues, nil).want(http.StatusGone)
		fresh := h.linkTo(sam)
		unlocked[0].begin(sam)
		admin := h.newBrowser()
		admin.join(ada)
		admin.resets(sam)
		h.newBrowser().get(fresh).want(http.StatusGone)
		h.newBrowser().post(fresh, nil).want(http.StatusGone)
		unlocked[0].tryPassword(sam.username, sam.password).want(http.StatusTooManyRequests)

		// Nor one of somebody who was deactivated meanwhile.
		h.clock.pass(signin.LinkEvery)
		last := h.linkTo(sue)
		h.must(h.app.SignIns.AsHost(t.Context(), sue.company, "sue", signin.SetStatus{Status: "deactivated"}))
		h.newBrowser().post(last, nil).want(http.StatusGone)
		h.clock.pass(signin.LinkEvery)
		h.stranger(3).tryPassword(sue.username, sue.password).want(http.StatusTooManyRequests)
		h.clock.pass(time.Second)
		if n := len(h.linksOf(sue)); n != 2 {
			t.Errorf("who was deactivated was mailed %d links, want the 2 of before", n)
		}
	})
}

// A browser that is known keeps its own counts: no link gives it others.
func TestALinkGivesAKnownBrowserNoOtherCounts(t *testing.T) {
	h := onSQLite(t)
	owner := h.newBrowser()
	owner.join(sam)
	known := owner.onlyKnown()
	name := known.known()
	before := known.cookie(name)
	for range 5 {
		known.tryPassword(sam.username, "wrong-password-1").want(http.StatusUnprocessableEntity)
	}
	link := h.linkTo(sam)
	if p := known.post(link, nil).leads("/sign-in?unlocked"); len(p.set) != 0 || known.cookie(name) != before {
		t.Errorf("%d cookies are set", len(p.set))
	}
	known.tryPassword(sam.username, sam.password).want(http.StatusTooManyRequests) // its own wait
}

// A browser that used a link and does not sign in is known for a day.
func TestALinkMakesABrowserKnownForADay(t *testing.T) {
	h := onSQLite(t)
	h.newBrowser().join(sam)
	b := h.newBrowser()
	b.post(h.linkTo(sam), nil).leads("/sign-in?unlocked")
	h.clock.pass(signin.LinkedLife - time.Minute)
	h.exec("UPDATE password_count SET last_ms = last_ms + 86400000") // strangers went on
	b.begin(sam)
	h.clock.pass(2 * time.Minute)
	b.tryPassword(sam.username, sam.password).want(http.StatusTooManyRequests)
}

// Where no mail is sent nobody could get in by a link: the waits are all there is.
func TestWhereNoMailIsSentNothingIsShut(t *testing.T) {
	h := openAs(t, "sqlite:"+t.TempDir()+"/sallyport.db", func(_ *config.Config, o *app.Outside) { delete(o.Senders, outbox.Mail) })
	h.shutOut(sam)
	h.stranger(2).tryPassword(sam.username, "wrong-password-1").want(http.StatusUnprocessableEntity)
	h.stranger(2).password(sam).want(http.StatusSeeOther)
	if n := h.count("password_link"); n != 0 {
		t.Errorf("%d links were asked for", n)
	}
}

// The host of a mailed link was taken from the request that asked for it, so its reader's secret
// went to the attacker.
func TestBypass48ALinkLeadsToTheConfiguredHost(t *testing.T) {
	var first string
	h := sending(t, openAs(t, "sqlite:"+t.TempDir()+"/sallyport.db", func(c *config.Config, _ *app.Outside) {
		first = c.Hosts[0]
		c.Hosts = append(c.Hosts, "second.example")
	}))
	h.shutOut(sam)
	for host, want := range map[string]int{
		"evil.example": http.StatusMisdirectedRequest, first + "@evil.example": http.StatusMisdirectedRequest, "second.example": http.StatusTooManyRequests,
	} {
		form := url.Values{"username": {sam.username}, "password": {sam.password}}
		r, err := http.NewRequest(http.MethodPost, h.server.URL+"/sign-in", strings.NewReader(form.Encode()))
		h.must(err)
		r.Host = host
		r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Forwarded-Host": {"evil.example"},
			"Forwarded": {"host=evil.example"}, "Sec-Fetch-Site": {"same-origin"}}
		if p := h.newBrowser().do(r); p.status != want {
			t.Errorf("under the name %q: got %d, want %d", host, p.status, want)
		}
	}
	if links := h.linksOf(sam); len(links) != 1 || !strings.HasPrefix(links[0], "/unlock/strict/") {
		t.Errorf("the links are %v, want one to %s", links, first)
	}
}
