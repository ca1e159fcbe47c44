package signin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

// Country is a country whose numbers can be set up.
type Country struct {
	Region string // ISO 3166-1 alpha-2
	Code   int    // its calling code
}

// Deliveries says how messages stand; internal/store provides it.
type Deliveries interface {
	// Delivery returns how the newest message of a sign-in's challenge stands,
	// outbox.ErrNotFound when there is none.
	Delivery(ctx context.Context, c company.ID, signIn, challenge string) (outbox.Status, error)
}

// spoken is the kind that a set-up goes on with after "Call me instead".
const spoken = factor.Voice

// numbered: kind is set up with a telephone number.
func (p *Pages) numbered(kind factor.Kind) bool {
	_, ok := numberPages[kind]
	return ok && p.Numbered != nil && p.Numbered(kind) && p.Available(kind)
}

func (p *Pages) getNumber(w http.ResponseWriter, r *http.Request) error {
	s, err := p.scene(r)
	if err != nil {
		return err
	}
	kind := s.kindOr(r.FormValue("kind"))
	if signin.MayEnrol(s.state) != nil || !p.numbered(kind) {
		return p.back(w, r)
	}
	return p.show(w, http.StatusOK, s, p.number(r, s, kind))
}

// kindOr is the kind that the address names, else the one that is being set up.
func (s scene) kindOr(named string) factor.Kind {
	if a, ok := signin.Asked(s.state); named == "" && ok {
		return a.Kind
	}
	return factor.Kind(named)
}

// number is the page that asks where codes of kind go.
func (p *Pages) number(r *http.Request, s scene, kind factor.Kind) Number {
	v := Number{Between: s.between, Kind: kind, Pending: s.state.SignIn.Stage == signin.Enrolling}
	for _, c := range p.Countries {
		v.Countries = append(v.Countries, CountryOption{Region: c.Region, Name: s.say.Region(c.Region), Code: c.Code})
	}
	words.SortByName(v.Countries, func(c CountryOption) string { return c.Name })
	if s.phone != "" && p.Mask != nil {
		v.Own = p.Mask(s.phone)
	}
	if s.phone != "" && p.RegionOf != nil {
		v.Country = p.RegionOf(s.phone)
	}
	for _, region := range []string{words.AcceptedRegion(r.Header.Get("Accept-Language")), "US"} {
		if !p.knows(v.Country) {
			v.Country = region
		}
	}
	return v
}

func (p *Pages) knows(region string) bool {
	return slices.ContainsFunc(p.Countries, func(c Country) bool { return c.Region == region })
}

// postNumber starts to set up a telephone and sends the first code.
func (p *Pages) postNumber(w http.ResponseWriter, r *http.Request) error {
	kind := factor.Kind(r.FormValue("kind"))
	if !p.numbered(kind) {
		return signin.ErrNotOffered
	}
	n := factor.Number{
		Country: r.PostFormValue("country"), Typed: r.PostFormValue("number"), Extension: strings.TrimSpace(r.PostFormValue("extension")),
	}
	own := r.PostFormValue("own") != ""
	if own {
		s, err := p.scene(r)
		if err != nil {
			return err
		}
		n = factor.Number{Typed: s.phone} // E.164, so it says its own country
	}
	name := frame.MethodOf(p.Frame.Printer(r), kind).Name
	err := p.take(w, r, func(ctx context.Context, b signin.Browser, f signin.Form) (signin.SignIn, error) {
		return p.SignIns.Enrol(ctx, b, f, signin.Wanted{Kind: kind, Name: name, Number: n})
	})
	held, isHeld := holdUp(err)
	bad, isBad := errors.AsType[factor.BadNumber](err)
	if !isHeld && !isBad {
		return err
	}
	s, err := p.scene(r)
	if err != nil {
		return err
	}
	if signin.MayEnrol(s.state) != nil {
		return p.back(w, r)
	}
	v := p.number(r, s, kind)
	if !own {
		v.Typed, v.Extension = n.Typed, n.Extension
		if p.knows(n.Country) {
			v.Country = n.Country
		}
	}
	if isHeld && held.Why == Foreign {
		bad, isBad = factor.BadNumber{Why: factor.NumberForeign}, true
	}
	if isBad {
		v.Refused = &NumberRefused{Why: bad.Why, Own: own}
		return p.show(w, http.StatusUnprocessableEntity, s, v)
	}
	v.Held = &held
	held.retryAfter(w, p.Now())
	return p.show(w, http.StatusTooManyRequests, s, v)
}

// holdUp says why nothing was sent, where it was not; false for any other error.
func holdUp(err error) (Held, bool) {
	var early signin.Early
	var limit signin.SendLimit
	switch {
	case errors.As(err, &early):
		return Held{Why: TooSoon, Until: wholeSecond(early.Until)}, true
	case errors.As(err, &limit) && limit.Why != "":
		return Held{Why: pumped(limit), Until: wholeSecond(limit.Until)}, true
	case errors.As(err, &limit) && limit.Numbers:
		return Held{Why: NewNumbers, Until: limit.Until}, true
	case errors.As(err, &limit) && limit.Open:
		return Held{Why: AskedElse, Until: limit.Until}, true
	case errors.As(err, &limit) && limit.Push:
		return Held{Why: TooManyAsked, Until: limit.Until}, true
	case errors.As(err, &limit):
		return Held{Why: TooMany, Until: limit.Until}, true
	}
	return Held{}, false
}

// retryAfter says when it ends, where that is known.
func (h Held) retryAfter(w http.ResponseWriter, now time.Time) {
	if !h.Open() {
		retryAfter(w, h.Until.Sub(now))
	}
}

// pumped is how a page calls what is held against toll fraud.
func pumped(l signin.SendLimit) Hold {
	switch l.Why {
	case pumping.Spent:
		return SpentToday
	case pumping.Stopped:
		return SwitchedOff
	case pumping.Foreign:
		return Foreign
	}
	if l.Slow {
		return Slowed
	}
	return Halted
}

// wholeSecond is the first one at which t has come: pages say no smaller part.
func wholeSecond(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(time.Second - time.Nanosecond).Truncate(time.Second)
}

// sent asks for the code that is on its way to a, or says that there is none.
func (p *Pages) sent(s scene, a factor.Authenticator) Sent {
	c := s.state.SignIn.Challenge
	v := Sent{
		Between: s.between, Kind: a.Kind, Number: a.Hint, By: c.Channel, Until: c.Expires, Stage: OnItsWay,
		SetUp: s.state.SignIn.Stage == signin.Enrolling, Delivery: s.delivery, Another: true,
	}
	switch {
	case c.Generation == 0:
		v.Stage = Unsent
	case c.Over(p.Now()):
		v.Stage = TooOld
	}
	if v.By == "" {
		v.By = a.Channels[0]
	}
	for i, ch := range a.Channels {
		usual := i == 0
		if v.SetUp && !usual && !(ch == factor.Call && p.numbered(spoken)) {
			continue // a set-up goes on as another kind, which is not there
		}
		v.Ways = append(v.Ways, Way{By: ch, Usual: usual, After: signin.NextSend(a, c, ch)})
	}
	if !v.Live() {
		v.Delivery = nil
	}
	return v
}

// delivery reads how the last message of st's sign-in stands; nil when nothing is known.
func (p *Pages) delivery(ctx context.Context, st signin.State) (*Delivery, error) {
	if p.Deliveries == nil || st.SignIn.Challenge.Sent.IsZero() {
		return nil, nil
	}
	d, err := p.Deliveries.Delivery(ctx, st.User.Company, string(st.SignIn.ID), st.SignIn.Challenge.ID)
	if errors.Is(err, outbox.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := &Delivery{By: factor.Channel(d.Channel), State: d.State, Reason: d.Reason, At: d.At}
	v.Late = !d.Final() && !p.Now().Before(st.SignIn.Challenge.Sent.Add(lateAfter))
	if v.Title() == "" {
		return nil, nil // a state that this version has no words for
	}
	return v, nil
}

// getDelivery is the status line alone.
func (p *Pages) getDelivery(w http.ResponseWriter, r *http.Request) error {
	frame.Polled(w)
	s, err := p.outline(r)
	if err != nil {
		return err
	}
	v, ok := p.current(s).(Sent)
	if !ok || v.Delivery == nil {
		return frame.NotFound
	}
	return p.Frame.Render(w, http.StatusOK, v.Piece(s.say))
}

// postResend sends the code once more, as its kind usually does.
func (p *Pages) postResend(w http.ResponseWriter, r *http.Request) error {
	return p.send(w, r, func(ctx context.Context, b signin.Browser, f signin.Form, a factor.Authenticator) (signin.SignIn, error) {
		return p.SignIns.Resend(ctx, b, f, a.Channels[0])
	})
}

// postCall reads the code out: "Call me instead". A set-up goes on as a telephone's, with the
// number that is there.
func (p *Pages) postCall(w http.ResponseWriter, r *http.Request) error {
	name := frame.MethodOf(p.Frame.Printer(r), spoken).Name
	return p.send(w, r, func(ctx context.Context, b signin.Browser, f signin.Form, a factor.Authenticator) (signin.SignIn, error) {
		switch {
		case a.Since > 0:
			return p.SignIns.Resend(ctx, b, f, factor.Call)
		case !p.numbered(spoken):
			return signin.SignIn{}, signin.ErrNotOffered
		}
		return p.SignIns.Enrol(ctx, b, f, signin.Wanted{Kind: spoken, Name: name, Keep: true})
	})
}

// sending is a step that sends a code to a.
type sending func(ctx context.Context, b signin.Browser, f signin.Form, a factor.Authenticator) (signin.SignIn, error)

// send runs a step that sends a code, and shows the page again where nothing was sent.
func (p *Pages) send(w http.ResponseWriter, r *http.Request, step sending) error {
	err := p.take(w, r, func(ctx context.Context, b signin.Browser, f signin.Form) (signin.SignIn, error) {
		st, err := p.SignIns.View(ctx, b)
		if err != nil {
			return signin.SignIn{}, err
		}
		a, ok := signin.Asked(st)
		if !ok || len(a.Channels) == 0 {
			return signin.SignIn{}, signin.ErrOutOfOrder
		}
		return step(ctx, b, f, a)
	})
	held, isHeld := holdUp(err)
	if !isHeld && !errors.Is(err, signin.ErrLocked) {
		return err
	}
	s, err := p.scene(r)
	if err != nil {
		return err
	}
	v := p.current(s)
	if isHeld {
		switch asks := v.(type) {
		case Sent:
			asks.Held, asks.Typed = &held, r.PostFormValue("code")
			v = asks
		case Push:
			asks.Held = &held
			v = asks
		case Code:
			asks.Held = &held
			v = asks
		}
		held.retryAfter(w, p.Now())
	}
	if wait := s.state.User.Wait.Sub(p.Now()); !isHeld && wait > 0 {
		retryAfter(w, wait)
	}
	return p.show(w, http.StatusTooManyRequests, s, v)
}
