package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/session"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/cookie"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/web/inside"
	"sallyport.dev/sallyport/internal/words"
)

// textsPage is where the company's texts and calls are looked after.
const textsPage = "/settings/texts"

// maxCountries bounds what is typed, in bytes: all that there are fit.
const maxCountries = 1 << 11

// Texts says how texts and calls of a company stand; internal/store provides it.
type Texts interface {
	Texts(ctx context.Context, c company.ID, now time.Time) (company.Texts, error)
}

func (p *Pages) textRoutes(handle func(pattern string, what company.Action, h inside.Func)) {
	handle("GET "+textsPage, company.ManageTexts, p.getTexts)
	handle("POST "+textsPage, company.ManageTexts, p.fresh(p.postTexts))
	handle("POST "+textsPage+"/proof", company.ManageTexts, p.fresh(p.postTextsProof))
}

// postTextsProof leads to the form: whoever comes here has given a fresh code.
func (p *Pages) postTextsProof(w http.ResponseWriter, r *http.Request, _ session.Found) error {
	http.Redirect(w, r, textsPage, http.StatusSeeOther)
	return nil
}

func (p *Pages) getTexts(w http.ResponseWriter, r *http.Request, f session.Found) error {
	v, err := p.textsCalls(r, f)
	if err != nil {
		return err
	}
	v.Saved = r.URL.Query().Get("done") == "saved"
	return p.render(w, r, http.StatusOK, f, v)
}

// textsCalls is the page as it stands before anything is typed.
func (p *Pages) textsCalls(r *http.Request, f session.Found) (TextsCalls, error) {
	t, err := p.Texts.Texts(r.Context(), f.Session.Company, p.Now())
	return TextsCalls{
		By: inside.Insider(f), Texts: t, Typed: strings.Join(t.Named, ", "), Seen: f.Policy.Version, Shut: !signin.Fresh(f.Session, p.Now()),
	}, err
}

// postTexts says which countries the company allows. A form that was sent twice says the same.
func (p *Pages) postTexts(w http.ResponseWriter, r *http.Request, f session.Found) error {
	seen, err := strconv.ParseInt(r.PostFormValue("seen"), 10, 64)
	typed := r.PostFormValue("countries")
	if err != nil || seen < 1 || len(typed) > maxCountries {
		return frame.BadForm
	}
	countries := strings.FieldsFunc(strings.ToUpper(typed), func(c rune) bool { return unicode.IsSpace(c) || c == ',' || c == ';' })
	for _, c := range countries {
		if p.IsCountry(c) {
			continue
		}
		v, err := p.textsCalls(r, f)
		if err != nil {
			return err
		}
		v.Typed, v.Refused = typed, c
		return p.render(w, r, http.StatusUnprocessableEntity, f, v)
	}
	err = p.SignIns.ForCompany(r.Context(), p.Door.Who(r, f), signin.AllowCountries{
		Countries: countries, Seen: seen, Address: cookie.Address(r),
	})
	switch {
	case errors.Is(err, signin.ErrNotFresh):
		return p.stepUp(w, r, f, r.URL.EscapedPath())
	case err != nil:
		return err
	}
	http.Redirect(w, r, textsPage+"?done=saved", http.StatusSeeOther)
	return nil
}

// TextsCalls says how the company's texts and calls stand, and asks for their countries. Posts seen
// and countries to the page's own address.
type TextsCalls struct {
	By      frame.Insider
	Texts   company.Texts
	Typed   string // in the field
	Seen    int64  // the version of the company's rules
	Shut    bool   // the form opens after a fresh code: posts to /proof
	Refused string // what was typed and is no country; "" for nothing
	Saved   bool   // it was just done
}

// Spent and Budget are amounts.
func (v TextsCalls) Spent() string  { return pumping.Amount(v.Texts.Spent) }
func (v TextsCalls) Budget() string { return pumping.Amount(v.Texts.Budget) }

// UsedKey is the key of how much of the budget is used.
func (v TextsCalls) UsedKey() string {
	if v.Texts.Priced {
		return "texts.budget-used-money"
	}
	return "texts.budget-used"
}

// StateKey is the key of how the protection stands.
func (v TextsCalls) StateKey() string {
	switch {
	case v.Texts.Stopped:
		return "texts.state.off"
	case v.Texts.Recorded:
		return "texts.state.recorded"
	case len(v.Texts.Held) > 0:
		return "texts.state.held"
	}
	return "texts.state.quiet"
}

// Settled is how many numbers show where a company is.
func (v TextsCalls) Settled() int { return pumping.Settled }

// Allowed are the countries of new numbers; none: all.
func (v TextsCalls) Allowed() []string {
	switch {
	case len(v.Texts.Named) > 0:
		return v.Texts.Named
	case v.Texts.Settled:
		return v.Texts.Own
	}
	return nil
}

// AllowedKey is the key of which ones they are.
func (v TextsCalls) AllowedKey() string {
	if len(v.Texts.Named) > 0 {
		return "texts.countries.named"
	}
	return "texts.countries.own"
}

// heldKeys are those of why something was held, by reason or, where codes were not entered, by scope.
var heldKeys = map[string]string{
	string(pumping.Country): "texts.held.country",
	string(pumping.Network): "texts.held.network",
	string(pumping.Company): "texts.held.company",
	string(pumping.Spread):  "texts.held.spread",
	string(pumping.Spent):   "texts.held.spent",
}

// HeldKey is the key of what was held.
func (v TextsCalls) HeldKey(h company.TextsHeld) string {
	if h.Reason == string(pumping.NotEntered) {
		return heldKeys[h.Scope]
	}
	return heldKeys[h.Reason]
}

// HowKey is the key of how it was.
func (v TextsCalls) HowKey(h company.TextsHeld) string {
	if h.Slow {
		return "texts.held.slow"
	}
	return "texts.held.stop"
}

// Page gives the frame what it renders.
func (v TextsCalls) Page(say words.Printer) frame.Page {
	p := v.By.Page(say, frame.TextsCalls)
	p.Template, p.Title, p.View, p.Faulty = "console/texts", say.T("texts.title"), v, v.Refused != ""
	return p
}
