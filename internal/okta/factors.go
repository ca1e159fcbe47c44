package okta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"
)

const maxPicture = 256 << 10 // bytes

// wireFactor is a factor as far as we read it. While an enrolment waits, Okta answers a poll
// with the bare activation instead, which has its fields at the top: so both are read.
type wireFactor struct {
	ID       string `json:"id"`
	Type     string `json:"factorType"`
	Provider string `json:"provider"`
	Status   string `json:"status"`
	Profile  struct {
		Name string `json:"name"`
	} `json:"profile"`
	Links    links `json:"_links"`
	Embedded struct {
		Activation wireActivation `json:"activation"`
	} `json:"_embedded"`

	Result  string `json:"factorResult"`
	Expires string `json:"expiresAt"`
}

type wireActivation struct {
	Expires string `json:"expiresAt"`
	Result  string `json:"factorResult"`
	Links   links  `json:"_links"`
}

// factor checks what every factor has.
func (w wireFactor) factor() (Factor, bool) {
	f := Factor{ID: w.ID, Type: w.Type, Provider: w.Provider, Status: w.Status, Device: clean(w.Profile.Name, 64)}
	return f, sane(w.ID) && word(w.Type) && word(w.Provider) && word(w.Status)
}

// Factors lists what a user has, waiting enrolments among them. One in a form that we do not
// know fails the list: a factor that is not seen would be enrolled twice, or not removed.
func (c *Client) Factors(ctx context.Context, org Org, user string) ([]Factor, error) {
	const call = "list factors"
	address, err := api(org, call, "users", user, "factors")
	if err != nil {
		return nil, err
	}
	r := request{call: call, method: http.MethodGet, url: address, safe: true}
	a, err := c.call(ctx, org, r)
	if err != nil {
		return nil, err
	}
	var got []wireFactor
	if r.parse(a, &got) != nil || got == nil {
		return nil, r.odd(a)
	}
	list := make([]Factor, len(got))
	for i, w := range got {
		f, ok := w.factor()
		if !ok {
			return nil, r.odd(a)
		}
		list[i] = f
	}
	return list, nil
}

// Enrol begins to enrol Okta Verify for a user. ErrPolicy where the organisation does not
// have it, ErrState where the user has one already.
func (c *Client) Enrol(ctx context.Context, org Org, user string) (Enrolment, error) {
	const call = "enrol factor"
	address, err := api(org, call, "users", user, "factors")
	if err != nil {
		return Enrolment{}, err
	}
	body := []byte(`{"factorType":"push","provider":"OKTA"}`)
	r := request{call: call, method: http.MethodPost, url: address, body: body}
	a, err := c.call(ctx, org, r)
	t, refused := errors.AsType[Trouble](err)
	if refused && (t.Status == http.StatusBadRequest || t.Status == http.StatusForbidden) && parseRefusal(a.body).byPolicy() {
		t.Kind = ErrPolicy
		return Enrolment{}, t
	}
	if err != nil {
		return Enrolment{}, err
	}
	return r.enrolment(a, org.Origin, address+"/")
}

// Restart gives an enrolment that has expired a new code and a new time.
func (c *Client) Restart(ctx context.Context, org Org, user, factor string) (Enrolment, error) {
	const call = "restart enrolment"
	address, err := api(org, call, "users", user, "factors", factor, "lifecycle", "activate")
	if err != nil {
		return Enrolment{}, err
	}
	r := request{call: call, method: http.MethodPost, url: address}
	a, err := c.call(ctx, org, r)
	if err != nil {
		return Enrolment{}, err
	}
	return r.enrolment(a, org.Origin, strings.TrimSuffix(address, factor+"/lifecycle/activate"))
}

// SendLink texts or mails a link that opens the app, as an Enrolment's Text or Mail. phone is
// the number of a text in E.164, "" for a mail. The Enrolment it returns has no Picture.
func (c *Client) SendLink(ctx context.Context, org Org, to, phone string) (Enrolment, error) {
	r, err := follow(org, "send link", http.MethodPost, to)
	if err != nil {
		return Enrolment{}, err
	}
	if phone != "" {
		r.body, err = json.Marshal(map[string]any{"profile": map[string]string{"phoneNumber": phone}})
		if err != nil {
			return Enrolment{}, r.odd(answer{})
		}
	}
	a, err := c.call(ctx, org, r)
	if err != nil {
		return Enrolment{}, err
	}
	e, err := r.enrolment(a, org.Origin, "")
	if err != nil {
		return Enrolment{}, err
	}
	e.Picture = ""
	// From memory: whether the answer has the poll link. It stands beside the one that was followed.
	if i := strings.LastIndexByte(to, '/'); e.Poll == "" && strings.HasSuffix(to[:i], "/lifecycle/activate") {
		e.Poll = to[:i] + "/poll"
	}
	if e.Poll == "" {
		return Enrolment{}, r.odd(a)
	}
	return e, nil
}

// enrolment reads a factor that waits for its app. factors is where the user's factors are,
// for an answer without a poll link; "" where the caller knows better.
func (r request) enrolment(a answer, origin, factors string) (Enrolment, error) {
	var w wireFactor
	if r.parse(a, &w) != nil {
		return Enrolment{}, r.odd(a)
	}
	f, ok := w.factor()
	act := w.Embedded.Activation
	expires, dated := moment(act.Expires)
	if !ok || !dated || f.Type != Push || act.Result != string(Waiting) {
		return Enrolment{}, r.odd(a)
	}
	e := Enrolment{
		Factor: f.ID, Poll: w.Links.one("poll"), Picture: act.Links.one("qrcode"),
		Text: act.Links.among("send", "sms"), Mail: act.Links.among("send", "email"), Expires: expires,
	}
	if e.Poll == "" && factors != "" {
		e.Poll = factors + f.ID + "/lifecycle/activate/poll"
	}
	if !allOurs(origin, e.Poll, e.Picture, e.Text, e.Mail) {
		return Enrolment{}, r.odd(a)
	}
	return e, nil
}

// Picture fetches an Enrolment's QR code: a PNG of at most 256 KB.
func (c *Client) Picture(ctx context.Context, org Org, from string) ([]byte, error) {
	r, err := follow(org, "fetch picture", http.MethodGet, from)
	if err != nil {
		return nil, err
	}
	r.safe, r.accept, r.limit = true, "image/png", maxPicture
	a, err := c.call(ctx, org, r)
	if err != nil {
		return nil, err
	}
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil || media != "image/png" || !bytes.HasPrefix(a.body, []byte("\x89PNG\r\n\x1a\n")) {
		return nil, r.odd(a)
	}
	return a.body, nil
}

// Activation asks how an enrolment stands, at an Enrolment's Poll.
func (c *Client) Activation(ctx context.Context, org Org, poll string) (Activation, error) {
	r, err := follow(org, "poll enrolment", http.MethodPost, poll)
	if err != nil {
		return Activation{}, err
	}
	r.safe = true
	a, err := c.call(ctx, org, r)
	if err != nil {
		return Activation{}, err
	}
	var w wireFactor
	if r.parse(a, &w) != nil {
		return Activation{}, r.odd(a)
	}
	if w.Status == Active {
		f, ok := w.factor()
		if !ok || f.Type != Push {
			return Activation{}, r.odd(a)
		}
		return Activation{Result: Success, Factor: f}, nil
	}
	result := w.Result
	if result == "" {
		result = w.Embedded.Activation.Result
	}
	switch result {
	case string(Waiting):
		return Activation{Result: Waiting}, nil
	case string(Timeout), "EXPIRED":
		return Activation{Result: Timeout}, nil
	}
	return Activation{}, r.odd(a)
}

// Unenrol takes a factor away. Okta takes the code of the same app, and its other factors,
// along with a push. ErrGone where it was away already, which a repeat may find as well.
func (c *Client) Unenrol(ctx context.Context, org Org, user, factor string) error {
	const call = "unenrol factor"
	address, err := api(org, call, "users", user, "factors", factor)
	if err != nil {
		return err
	}
	_, err = c.call(ctx, org, request{call: call, method: http.MethodDelete, url: address, safe: true})
	return err
}
