package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

const (
	longest   = 20 * time.Second // that an answer waits for something new
	lookAgain = 2 * time.Second  // for what other nodes heard
	stalls    = 4 * time.Second  // without a word from the service, after which the page says so
)

// Phones asks the service outside while a phone is set up, and shows what it must be tapped;
// app provides it.
type Phones interface {
	// Picture is the code that a pending method's app scans: image/png.
	Picture(ctx context.Context, a factor.Authenticator) ([]byte, error)
	// SendLink texts a link that sets the app up to the number, E.164.
	SendLink(ctx context.Context, a factor.Authenticator, phone string) error
	// Registers reports whether a's phone registers by a code; else one that is there already
	// is asked.
	Registers(a factor.Authenticator) bool
	// Number is what must be tapped for the push that st's sign-in waits for; -1 for none.
	Number(ctx context.Context, st signin.State) (int, error)
}

// pushed reads how the request stands that s's sign-in waits for on a phone.
func (p *Pages) pushed(ctx context.Context, s *scene) error {
	s.number = -1
	a, ok := signin.Asked(s.state)
	if !ok || !a.Elsewhere() || p.Phones == nil {
		return nil
	}
	s.registers = s.state.SignIn.Stage == signin.Enrolling && p.Phones.Registers(a)
	c := s.state.SignIn.Challenge
	if p.Deliveries == nil || c.Sent.IsZero() || s.registers {
		return nil
	}
	d, err := p.Deliveries.Delivery(ctx, s.state.User.Company, string(s.state.SignIn.ID), c.ID)
	if errors.Is(err, outbox.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	s.asked = &d
	if p.stage(c, s.asked) == OnPhone {
		s.number, err = p.Phones.Number(ctx, s.state)
	}
	return err
}

// offered says what can be set up in st's sign-in: what is built in, what the company has
// connected, and of what is answered elsewhere one that works.
func (p *Pages) offered(ctx context.Context, st signin.State) (map[factor.Kind]bool, error) {
	offered := map[factor.Kind]bool{}
	for _, k := range p.Kinds {
		offered[k] = p.Available(k)
		if !offered[k] || p.Connected == nil {
			continue
		}
		var err error
		if offered[k], err = p.Connected(ctx, st.User.Company, k); err != nil {
			return nil, err
		}
	}
	for _, a := range st.User.Authenticators {
		if a.Elsewhere() && !a.Disabled() {
			offered[a.Kind] = false
		}
	}
	return offered, nil
}

// elsewhere is the page of a sign-in that is answered on a's phone.
func (p *Pages) elsewhere(s scene, a factor.Authenticator) paged {
	setUp := s.state.SignIn.Stage == signin.Enrolling
	c := s.state.SignIn.Challenge
	switch {
	case s.registers && c.Verdict == "" && p.Now().Before(c.Sent.Add(signin.ActivationLife)):
		return GetOkta{Between: s.between}
	case s.registers:
		return p.registering(s, a)
	case !setUp && c.Sent.IsZero():
		return Code{Between: s.between, Kind: a.Kind, Device: a.Name, Another: true, Unpushed: true}
	}
	v := Push{
		Between: s.between, Device: a.Name, Stage: p.stage(c, s.asked), Number: s.number, At: c.Sent,
		After: signin.NextSend(a, c, factor.Push), SetUp: setUp, Another: true,
	}
	v.Seen = fmt.Sprintf("%d-%s-%d", c.Generation, v.Stage, v.Number)
	return v
}

// showFailed says that the service outside cannot be asked now, where the methods are listed:
// others can be set up at once.
func (p *Pages) showFailed(w http.ResponseWriter, r *http.Request, k factor.Kind, why error) error {
	s, err := p.scene(r)
	if err != nil {
		return err
	}
	if signin.MayEnrol(s.state) != nil {
		return why
	}
	p.Frame.Log(r, why)
	v := p.choose(s)
	v.Failed = &Failed{Method: frame.MethodOf(s.say, k).Name, Key: failedKey(why)}
	return p.show(w, http.StatusServiceUnavailable, s, v)
}

// failedKey is the key of why a method cannot be set up now.
func failedKey(err error) string {
	switch {
	case errors.Is(err, okta.ErrOutage):
		return "failed.outage"
	case errors.Is(err, okta.ErrLimit):
		return "failed.limit"
	case errors.Is(err, okta.ErrGone):
		return "failed.nobody"
	}
	return "failed.refused"
}

// stage is how the push of c stands, by what was answered and what became of its delivery.
func (p *Pages) stage(c factor.Challenge, d *outbox.Status) PushStage {
	switch c.Verdict {
	case factor.Approved:
		return Answered
	case factor.Denied:
		return Refusing
	case factor.Unanswered:
		return TimedOut
	}
	switch {
	case d != nil && (d.State == outbox.Failed || d.State == outbox.Dropped):
		return NotBrought
	case !p.Now().Before(c.Sent.Add(signin.PushLife)):
		return TimedOut
	case d == nil || d.State == outbox.Queued:
		if p.Now().Before(c.Sent.Add(stalls)) {
			return Asking
		}
		return Stalled
	}
	return OnPhone
}

// registering is the page on which a's phone registers.
func (p *Pages) registering(s scene, a factor.Authenticator) Register {
	c := s.state.SignIn.Challenge
	v := Register{Between: s.between, Stage: OnPhone, Until: c.Sent.Add(signin.ActivationLife)}
	switch {
	case c.Verdict == factor.Approved:
		v.Stage, v.Name = Answered, a.Name
	case c.Verdict != "", !p.Now().Before(v.Until):
		v.Stage = TimedOut
	}
	if s.phone != "" && p.Mask != nil {
		v.Text = p.Mask(s.phone)
	}
	v.Seen = fmt.Sprintf("%d-%s", c.Generation, v.Stage)
	return v
}

// outside reads the sign-in of r, and the method that is answered elsewhere; false where none is.
func (p *Pages) outside(r *http.Request) (scene, factor.Authenticator, bool, error) {
	s, err := p.scene(r)
	if err != nil {
		return s, factor.Authenticator{}, false, err
	}
	a, ok := signin.Asked(s.state)
	return s, a, ok && a.Elsewhere() && !a.Disabled(), nil
}

// getPicture is the code that the app scans: fetched by this server, so that the page loads
// nothing from elsewhere.
func (p *Pages) getPicture(w http.ResponseWriter, r *http.Request) error {
	s, a, ok, err := p.outside(r)
	if err != nil {
		return err
	}
	if !ok || p.Phones == nil || s.state.SignIn.Stage != signin.Enrolling {
		return frame.NotFound
	}
	png, err := p.Phones.Picture(r.Context(), a)
	if errors.Is(err, okta.ErrGone) { // the app has scanned it, or nobody will
		return frame.NotFound
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(png) // a client that went away needs no answer
	return nil
}

// postLink texts the link that sets the app up without a camera, to the account's number.
func (p *Pages) postLink(w http.ResponseWriter, r *http.Request) error {
	s, a, ok, err := p.outside(r)
	if err != nil {
		return err
	}
	if !ok || p.Phones == nil || s.state.SignIn.Stage != signin.Enrolling || s.phone == "" {
		return signin.ErrOutOfOrder
	}
	v := p.registering(s, a)
	err = p.Phones.SendLink(r.Context(), a, s.phone)
	if t, limited := errors.AsType[okta.Trouble](err); limited && errors.Is(err, okta.ErrLimit) {
		v.Held = &Held{Why: TooSoon, Until: wholeSecond(later(t.Until, p.Now().Add(signin.ResendWait)))}
		retryAfter(w, v.Held.Until.Sub(p.Now()))
		return p.show(w, http.StatusTooManyRequests, s, v)
	}
	if err != nil {
		return err
	}
	v.Sent = true
	return p.show(w, http.StatusOK, s, v)
}

// getAppCode asks for a code from the app instead: where there is no signal.
func (p *Pages) getAppCode(w http.ResponseWriter, r *http.Request) error {
	s, a, ok, err := p.outside(r)
	if err != nil {
		return err
	}
	if !ok || s.state.SignIn.Stage != signin.Challenged {
		return p.back(w, r)
	}
	if _, waits := p.challenged(s).(Wait); waits {
		return p.back(w, r)
	}
	return p.show(w, http.StatusOK, s, appCode(s, a))
}

func appCode(s scene, a factor.Authenticator) Code {
	return Code{Between: s.between, Kind: a.Kind, Device: a.Name, Another: true, Instead: true}
}

// postContinue goes on after an approval.
func (p *Pages) postContinue(w http.ResponseWriter, r *http.Request) error {
	return p.take(w, r, p.SignIns.Continue)
}

// postNotMe ends a sign-in that was denied on the phone.
func (p *Pages) postNotMe(w http.ResponseWriter, r *http.Request) error {
	b := p.browser(r)
	st, err := p.SignIns.View(r.Context(), b)
	if err != nil {
		return err
	}
	if _, err := p.SignIns.Do(r.Context(), b, p.SignIns.Form(r.URL.Path, r.PostForm), signin.NotMe{Address: b.Address}); err != nil {
		return err
	}
	p.Cookies.KeepBetween(w, b.Between, 0)
	return p.Frame.Render(w, http.StatusOK, Ended{Why: Stopped, Again: start(st), Reference: st.SignIn.Reference}.Page(p.Frame.Printer(r)))
}

// piece is a page of which a part is asked for alone.
type piece interface {
	paged
	Piece(say words.Printer) frame.Page
}

// getPush is the part of a page that changes, as soon as it is other than what the page
// shows: the answer waits for that.
func (p *Pages) getPush(w http.ResponseWriter, r *http.Request) error {
	frame.Polled(w)
	seen, end := r.URL.Query().Get("seen"), p.Now().Add(longest)
	for {
		changed, stop := p.SignIns.Watch.Next(signin.ID(r.PathValue("id"))) // before the look, so that nothing is missed
		s, v, err := p.changing(r)
		if err != nil {
			stop()
			return err
		}
		if v, ok := v.(piece); ok && s.seen != seen {
			stop()
			return p.Frame.Render(w, http.StatusOK, v.Piece(s.say))
		}
		if wait := min(lookAgain, end.Sub(p.Now())); wait <= 0 || !waited(r.Context(), changed, wait) {
			stop()
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		stop()
	}
}

// waited waits for a change, or d; false where the client has gone.
func waited(ctx context.Context, changed <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-changed:
	case <-t.C:
	}
	return true
}

// changing reads what a page that waits shows now.
func (p *Pages) changing(r *http.Request) (scene, paged, error) {
	s, err := p.outline(r)
	if err != nil {
		return s, nil, err
	}
	a, ok := signin.Asked(s.state)
	if !ok || !a.Elsewhere() {
		return s, nil, frame.NotFound
	}
	if r.URL.Query().Has("register") {
		v := p.registering(s, a)
		s.seen = v.Seen
		return s, v, nil
	}
	v, ok := p.current(s).(Push)
	if !ok {
		return s, nil, frame.NotFound
	}
	s.seen = v.Seen
	return s, v, nil
}
