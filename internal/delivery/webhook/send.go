package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"sallyport.dev/sallyport/internal/egress"
	"sallyport.dev/sallyport/internal/outbox"
)

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 16 << 10

// message is what a gateway gets. Only the fields of its channel are there.
type message struct {
	Type      string    `json:"type"`      // "message.text", "message.call", "message.mail"
	Timestamp time.Time `json:"timestamp"` // when it was asked for
	ID        string    `json:"id"`
	Channel   string    `json:"channel"`
	To        string    `json:"to"`       // E.164, with an extension as in RFC 3966; or a mail address
	Language  string    `json:"language"` // BCP 47
	Expires   time.Time `json:"expires"`  // it is of no use afterwards
	Company   string    `json:"company,omitempty"`
	Callback  string    `json:"callback,omitempty"` // where to say what became of it

	Code   string `json:"code,omitempty"`   // a text, a call: its digits alone
	Text   string `json:"text,omitempty"`   // a text: all its words
	Prompt string `json:"prompt,omitempty"` // a call: what is said until a key is pressed
	Spoken string `json:"spoken,omitempty"` // a call: what is said once it is
	Mail   *mail  `json:"mail,omitempty"`
}

type mail struct {
	From    string `json:"from"` // the company's name
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

// Send implements outbox.Sender.
func (g *Gateway) Send(ctx context.Context, m outbox.Message) (outbox.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return outbox.Receipt{}, err
	}
	body, err := g.body(m)
	if err != nil {
		return outbox.Receipt{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, g.timeout, egress.ErrSlow)
	defer cancel()
	a, err := g.post(ctx, m.ID, body)
	if err != nil {
		return outbox.Receipt{}, err
	}
	return a.receipt(g.desk.Carrier, m.ID)
}

// body is m as JSON.
func (g *Gateway) body(m outbox.Message) ([]byte, error) {
	b := message{
		Type: "message." + string(m.Channel), Timestamp: m.Created.UTC(), ID: m.ID, Channel: string(m.Channel), To: m.To,
		Language: m.Language, Expires: m.Expires.UTC(), Company: string(m.Company),
	}
	if !m.Until.IsZero() {
		b.Expires = m.Until.UTC()
	}
	if g.desk.Base != "" {
		b.Callback = g.desk.Base + g.desk.Path() + m.ID
	}
	switch m.Channel {
	case outbox.Text:
		b.Code, b.Text = m.Code.Reveal(), m.Text.Reveal()
	case outbox.Call:
		b.Code, b.Prompt, b.Spoken = m.Code.Reveal(), m.Prompt, m.Spoken.Reveal()
	case outbox.Mail:
		parts, err := g.press.Lay(m.Mail, m.Language)
		if err != nil {
			return nil, outbox.Refusal{Why: outbox.Refused, Detail: err.Error()}
		}
		b.Mail = &mail{From: m.Mail.From, Subject: m.Mail.Subject, Text: parts.Text, HTML: parts.HTML}
	default:
		return nil, outbox.Refusal{Why: outbox.Refused, Here: true, Detail: fmt.Sprintf("a gateway carries no %q", m.Channel)}
	}
	return json.Marshal(b)
}

// post makes one request. Its error is ErrSilent from when the connection stands: some of the
// request may then have arrived.
func (g *Gateway) post(ctx context.Context, id string, body []byte) (answer, error) {
	var connected atomic.Bool
	watched := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	r, err := http.NewRequestWithContext(watched, http.MethodPost, g.url, bytes.NewReader(body))
	if err != nil {
		return answer{}, errors.New("the gateway's address cannot be asked") // of the URL, which err would quote
	}
	g.keys.sign(r.Header, id, g.now(), body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "Sallyport")
	// So that a connection which the gateway closed while it was idle costs nothing: the transport
	// then repeats the request, as its webhook-id allows. The header itself is not sent.
	r.Header["Idempotency-Key"] = nil
	res, err := g.transport.RoundTrip(r)
	if err != nil {
		if connected.Load() {
			return answer{}, fmt.Errorf("%w: %w", outbox.ErrSilent, egress.Cause(ctx, err))
		}
		return answer{}, fmt.Errorf("gateway cannot be reached: %w", egress.Cause(ctx, err))
	}
	defer func() { _ = res.Body.Close() }() // read to its end, or given up
	said, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	return answer{status: res.StatusCode, body: said, whole: err == nil && len(said) <= maxAnswer}, nil
}
