package contract

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/delivery/webhook"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// told is what was reported last.
type told struct{ outbox.Status }

func (s *told) Report(_ context.Context, id string, st outbox.Status) error {
	s.Status, s.ID = st, id
	return nil
}

// The specification's own library takes what we send, and what it signs is taken.
func TestWebhooksAreThoseOfTheStandard(t *testing.T) {
	const shared = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	theirs, err := standardwebhooks.NewWebhook(shared)
	if err != nil {
		t.Fatal(err)
	}
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || theirs.Verify(body, r.Header) != nil {
			t.Errorf("their library does not take %v (%v)", r.Header, theirs.Verify(body, r.Header))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"reference": "r1"}`)
	}))
	t.Cleanup(gateway.Close)
	var s told
	c, err := webhook.New(webhook.Options{
		Name: "ours", URL: gateway.URL, Private: true, Channels: []outbox.Channel{outbox.Text}, Now: time.Now,
		Secrets: []secret.Text{secret.New("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), secret.New(shared)},
	}, delivery.Desk{Carrier: "ours", Base: "https://login.example", Reports: &s})
	if err != nil {
		t.Fatal(err)
	}
	m := outbox.Message{Delivery: outbox.Delivery{ID: secret.NewID(), Channel: outbox.Text}, To: "+15035550142", Text: secret.New("418207")}
	if got, err := c.Sender.Send(t.Context(), m); err != nil || got.Reference != "r1" {
		t.Errorf("%+v, error %v", got, err)
	}

	body := `{"id":"` + m.ID + `","state":"delivered","reference":"r1"}`
	r := httptest.NewRequest(http.MethodPost, "/carriers/ours/"+m.ID, strings.NewReader(body))
	at := time.Now()
	signed, err := theirs.Sign("msg_1", at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(standardwebhooks.HeaderWebhookID, "msg_1")
	r.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	r.Header.Set(standardwebhooks.HeaderWebhookSignature, signed)
	w := httptest.NewRecorder()
	c.Callbacks.ServeHTTP(w, r)
	if w.Code != http.StatusNoContent || s.ID != m.ID || s.State != outbox.Delivered || s.Carrier != "ours" || s.Reference != "r1" {
		t.Errorf("%d %s, %+v", w.Code, w.Body, s)
	}
}
