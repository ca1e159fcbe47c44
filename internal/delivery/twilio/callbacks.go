package twilio

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"sallyport.dev/sallyport/internal/outbox"
)

// The ends of our addresses, after the desk's path and a delivery's id.
const (
	reports = "status" // how a message or a call stands
	pressed = "key"    // what a call is to say now
)

const maxCallback = 64 << 10 // bytes; theirs have about 500

// callbacks answers what Twilio tells and asks.
func (c *carrier) callbacks() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST "+c.desk.Path()+"{id}/"+reports, c.checked(c.report))
	mux.Handle("POST "+c.desk.Path()+"{id}/"+pressed, c.checked(c.tell))
	return mux
}

// checked lets through what Twilio has signed, for this account. All else is told the same,
// whatever is wrong with it.
func (c *carrier) checked(next func(http.ResponseWriter, *http.Request, url.Values)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		form, ok := c.open(w, r)
		if !ok {
			http.Error(w, "This is for Twilio alone.", http.StatusForbidden)
			return
		}
		next(w, r, form)
	})
}

// open reads a callback, and checks that it is one.
func (c *carrier) open(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallback))
	if err != nil {
		return nil, false
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, false
	}
	address := c.desk.Base + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		address += "?" + r.URL.RawQuery
	}
	genuine := signed(c.Token, address, form, r.Header.Get("X-Twilio-Signature"))
	return form, genuine && form.Get("AccountSid") == c.Account
}

// report notes how a message or a call stands. It answers the same for those that are unknown.
func (c *carrier) report(w http.ResponseWriter, r *http.Request, form url.Values) {
	reference, status := form.Get("MessageSid"), form.Get("MessageStatus")
	if reference == "" {
		reference, status = form.Get("CallSid"), form.Get("CallStatus")
	}
	code, err := strconv.Atoi(form.Get("ErrorCode"))
	if err != nil {
		code = 0
	}
	step, ok := reported(status, code)
	if reference == "" || !ok { // nothing that we look at
		w.WriteHeader(http.StatusNoContent)
		return
	}
	err = c.desk.Report(r.Context(), r.PathValue("id"), outbox.Status{
		State: step.State, Reason: step.Reason, At: c.Now(), Reference: reference,
	})
	if err != nil && !errors.Is(err, outbox.ErrNotFound) {
		http.Error(w, "This could not be noted.", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// tell says what a call is to hear now that a key was pressed: the code, if it was the key that
// is asked for; the question again, if it was another; nothing, if there is no code any more or
// the call is none that we made.
func (c *carrier) tell(w http.ResponseWriter, r *http.Request, form url.Values) {
	id, reference := r.PathValue("id"), form.Get("CallSid")
	m, err := c.desk.Compose(r.Context(), id)
	if err != nil || m.Channel != outbox.Call || reference == "" {
		c.say(w, silence)
		return
	}
	state := outbox.Handed
	if form.Get("Digits") == theKey {
		state = outbox.Delivered
	}
	// Noted before it is said: that it was noted says that this very call was made for it.
	if err := c.desk.Report(r.Context(), id, outbox.Status{State: state, At: c.Now(), Reference: reference}); err != nil {
		c.say(w, silence)
		return
	}
	if state == outbox.Handed {
		c.say(w, func() ([]byte, error) { return asking(m, c.address(id, pressed), 1) })
		return
	}
	c.say(w, func() ([]byte, error) { return telling(m) })
}

// say answers with a document. An answer without one would be read out as an error by Twilio.
func (c *carrier) say(w http.ResponseWriter, write func() ([]byte, error)) {
	text, err := write()
	if err != nil {
		http.Error(w, "There is nothing to say.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Write(text) // whoever has gone hears nothing
}
