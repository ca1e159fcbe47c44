package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store"
)

const textsPage = "/settings/texts"

// allows names the countries, as an administrator who has just given a code.
func (b *browser) allows(countries string) page {
	b.h.t.Helper()
	return b.post(textsPage, url.Values{"seen": {b.rules(textsPage)}, "countries": {countries}})
}

func TestAdministratorsSayToWhichCountriesTextsGo(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		phone := h.newBrowser()
		phone.joinBy(sue, factor.SMS, "+15035550142") // before anything is named
		admin := h.newBrowser()
		admin.join(ada)
		admin.get("/").says("Texts and calls")
		admin.get(textsPage).want(http.StatusOK).says("Nothing is held up today").says("of any country").says("United States").says("1 sent, 1 entered")
		admin.allows("us, zz").want(http.StatusUnprocessableEntity).says("This is no country: ZZ")
		old := admin.rules(textsPage)
		admin.allows("gb, ca").leads(textsPage + "?done=saved")
		admin.get(textsPage + "?done=saved").says("The countries are changed.").says("United Kingdom (GB)").says("these countries alone")
		// Whoever looked at the page before does not undo it.
		admin.post(textsPage, url.Values{"seen": {old}, "countries": {"US"}}).want(http.StatusConflict)

		// A number is refused where it is typed, with the way out, and costs nothing.
		b := h.newBrowser()
		path := b.begin(sam)
		for _, kind := range []factor.Kind{factor.SMS, factor.Voice} {
			p := b.sendCode(path, kind, "503 555 0142").want(http.StatusUnprocessableEntity)
			p.says("Your company does not allow numbers of this country").says("set up another method").says("ask an administrator")
			if f := p.form("/number?kind="+string(kind), "own", ""); f.fields.Get("number") != "503 555 0142" {
				t.Errorf("%q is in the field", f.fields.Get("number"))
			}
		}
		if n := h.codesSent(sam); n != 0 {
			t.Errorf("%d codes went out", n)
		}
		b.sendCode(path, factor.SMS, "+44 7400 123456").leads(path)
		phone.signInBy(sue, outbox.Text) // what is set up goes on

		// Not without a fresh code, nor by anybody else.
		h.clock.pass(signin.ProofFresh)
		admin.get(textsPage).says("Change countries")
		if p := admin.post(textsPage, url.Values{"seen": {"1"}, "countries": {"US"}}); !strings.HasPrefix(p.to(), "/sign-in/") {
			t.Errorf("without a fresh code: %d to %s", p.status, p.to())
		}
		phone.get(textsPage).want(http.StatusForbidden)
		phone.post(textsPage, url.Values{"seen": {"2"}, "countries": {"US"}}).want(http.StatusForbidden)
		if n := h.count("event WHERE company_id = $1 AND kind = 'countries-set' AND actor_id = 'ada' AND detail = 'CA GB'", string(strict)); n != 1 {
			t.Errorf("%d lines of the log, want 1", n)
		}
		if n := h.count("event WHERE kind = 'countries-set'"); n != 1 {
			t.Errorf("%d changes, want 1", n)
		}
	})
}

func TestTextsThatTheOperatorStopsAreHeldAtOnceAndSayWhatToDo(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		b.joinBy(sam, factor.SMS, "+15035550142")
		stop := store.TextStop{Region: "US", At: h.clock.Now()}
		if changed, err := h.app.Store.StopTexts(t.Context(), stop, nil); err != nil || !changed {
			t.Fatal(changed, err)
		}
		again := h.newBrowser()
		path := again.begin(sam) // the sign-in begins all the same
		sent := h.codesSent(sam)
		f := again.get(path).want(http.StatusOK).form("/resend")
		p := again.submit(f).want(http.StatusTooManyRequests)
		p.says("Texts and calls are switched off").says("Use another method, or ask an administrator")
		if p.header.Get("Retry-After") != "" {
			t.Error("it says when to come again, and nobody knows")
		}
		if n := h.codesSent(sam); n != sent {
			t.Errorf("%d codes went out", n-sent)
		}
		if changed, err := h.app.Store.StartTexts(t.Context(), stop, nil); err != nil || !changed {
			t.Fatal(changed, err)
		}
		h.clock.pass(signin.ResendWait)
		again.submit(again.get(path).form("/resend")).leads(path)
		again.answer(path, h.newest(sam, "text"))
		again.isInside(sam)
	})
}

func TestCodesAreGoodAsLongAsPumpingThinks(t *testing.T) {
	if pumping.CodeLife != signin.CodeLife {
		t.Errorf("a code is good for %s, and counted as waiting for %s", signin.CodeLife, pumping.CodeLife)
	}
	if pumping.KeepGrains < pumping.Day+pumping.Ripe || pumping.KeepDays < 14*24*time.Hour {
		t.Error("counts are swept that are still looked at")
	}
}
