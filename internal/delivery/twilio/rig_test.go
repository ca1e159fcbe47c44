package twilio

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/delivery/twilio/twiliofake"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/outbox/outboxtest"
	"sallyport.dev/sallyport/internal/secret"
)

const (
	ours   = "+14155550100"
	code   = "418207"
	spoken = "Your code is: four, one, eight, two, zero, seven. Again: four, one, eight, two, zero, seven. Goodbye."
	prompt = "Press 1 for your code. Press 1 for your code."
)

var (
	account = twiliofake.Account{
		SID: "AC" + strings.Repeat("0a", 16), Token: "the-auth-token", Key: "SK" + strings.Repeat("1b", 16), KeySecret: "the-key-secret",
		Numbers: []string{ours}, Service: "MG" + strings.Repeat("2c", 16), Redacts: true,
	}
	noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
)

// book is a desk's Reports and its composer: what was reported, forward only, of messages that
// somebody asked to bring.
type book struct {
	mu       sync.Mutex
	messages map[string]outbox.Message
	rows     map[string]outbox.Status
	told     []outbox.Status // all of them
	compose  error           // instead of composing
	note     error           // instead of noting
}

func (b *book) Report(_ context.Context, id string, s outbox.Status) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	row, known := b.rows[id]
	switch {
	case b.note != nil:
		return b.note
	case !known, row.Carrier != "" && row.Carrier != s.Carrier, row.Reference != "" && row.Reference != s.Reference:
		return outbox.ErrNotFound
	}
	b.told = append(b.told, s)
	if row.State == outbox.Queued || row.State == outbox.Handed && s.State != outbox.Handed {
		b.rows[id] = s
	}
	return nil
}

func (b *book) Compose(_ context.Context, id string) (outbox.Message, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m, ok := b.messages[id]
	if !ok {
		return outbox.Message{}, outbox.ErrNotFound
	}
	return m, b.compose
}

func (b *book) row(id string) outbox.Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rows[id]
}

func (b *book) set(change func(*book)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

// rig is a carrier of the stand-in, and our own server that it calls back.
type rig struct {
	*book
	t       *testing.T
	fake    *twiliofake.Server
	carrier delivery.Carrier
	desk    delivery.Desk
	base    string
	now     time.Time
}

// newRig makes one; each change is made to the options before that.
func newRig(t *testing.T, changes ...func(*Options, *delivery.Desk)) *rig {
	t.Helper()
	fake, err := twiliofake.Start(account)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{book: &book{messages: map[string]outbox.Message{}, rows: map[string]outbox.Status{}}, t: t, fake: fake, now: noon}
	us := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { r.carrier.Callbacks.ServeHTTP(w, q) }))
	t.Cleanup(us.Close)
	t.Cleanup(fake.Close) // first
	r.base = us.URL
	o := Options{
		Name: "main", Account: account.SID, Token: secret.New(account.Token), From: ours,
		Origin: fake.Origin, Private: true, Timeout: time.Minute, Now: func() time.Time { return r.now },
	}
	r.desk = delivery.Desk{Carrier: "main", Base: us.URL, Reports: r.book, Compose: r.Compose}
	for _, change := range changes {
		change(&o, &r.desk)
	}
	if r.carrier, err = New(o, r.desk); err != nil {
		t.Fatal(err)
	}
	return r
}

func text(id, to string) outbox.Message {
	return outbox.Message{
		Delivery: outbox.Delivery{ID: id, Channel: outbox.Text, SignIn: "s", Expires: noon.Add(time.Hour)},
		To:       to, Code: secret.New(code), Text: secret.New(code + " is your code.\n\n@crm.example #" + code),
		Until: noon.Add(5*time.Minute - time.Millisecond), Language: "en",
	}
}

func call(id, to string) outbox.Message {
	m := text(id, to)
	m.Channel, m.Text, m.Prompt, m.Spoken = outbox.Call, secret.Text{}, prompt, secret.New(spoken)
	return m
}

// send sends m as the dispatcher does: a row, then Send, then what came of it.
func (r *rig) send(m outbox.Message) (outbox.Receipt, error) {
	r.t.Helper()
	r.set(func(b *book) {
		b.messages[m.ID], b.rows[m.ID] = m, outbox.Status{ID: m.ID, Channel: m.Channel, State: outbox.Queued}
	})
	receipt, err := r.carrier.Sender.Send(r.t.Context(), m)
	if err == nil {
		r.set(func(b *book) {
			b.rows[m.ID] = outbox.Status{State: outbox.Handed, Carrier: "main", Reference: receipt.Reference}
		})
	}
	return receipt, err
}

// must sends m, and returns the form that arrived.
func (r *rig) must(m outbox.Message) (outbox.Receipt, url.Values) {
	r.t.Helper()
	receipt, err := r.send(m)
	if err != nil {
		r.t.Fatalf("send: %v", err)
	}
	if m.Channel == outbox.Text {
		all := r.fake.Texts()
		return receipt, all[len(all)-1].Form
	}
	all := r.fake.Calls()
	return receipt, all[len(all)-1].Form
}

// arrived is how many requests were taken.
func (r *rig) arrived() int { return len(r.fake.Texts()) + len(r.fake.Calls()) }

// rung is the call with that SID.
func (r *rig) rung(sid string) twiliofake.Call {
	r.t.Helper()
	for _, c := range r.fake.Calls() {
		if c.SID == sid {
			return c
		}
	}
	r.t.Fatalf("no call %q", sid)
	return twiliofake.Call{}
}

func TestTwilioKeepsTheContractOfCarriers(t *testing.T) {
	for _, ch := range []outbox.Channel{outbox.Text, outbox.Call} {
		t.Run(string(ch), func(t *testing.T) {
			outboxtest.Sender(t, func(t *testing.T) outboxtest.Rig {
				r := newRig(t)
				r.now = time.Now() // the suite's messages are of now
				return outboxtest.Rig{
					Sender: remembering{r}, Channel: ch, To: twiliofake.Good, Twice: true,
					Brought: func(t *testing.T) []string { return r.brought(t) },
				}
			})
		})
	}
}

// remembering keeps messages for the composer, as the outbox does.
type remembering struct{ *rig }

func (r remembering) Send(ctx context.Context, m outbox.Message) (outbox.Receipt, error) {
	r.set(func(b *book) { b.messages[m.ID], b.rows[m.ID] = m, outbox.Status{State: outbox.Queued} })
	return r.carrier.Sender.Send(ctx, m)
}

// brought are the words of each text, and of each call after its key.
func (r *rig) brought(t *testing.T) []string {
	var all []string
	for _, m := range r.fake.Texts() {
		all = append(all, m.Form.Get("Body"))
	}
	for _, c := range r.fake.Calls() {
		if c.Status == "queued" {
			if err := r.fake.Answer(t.Context(), c.SID); err != nil {
				t.Fatal(err)
			}
			r.set(func(b *book) { // the same id may have been taken twice, by two references
				for id, row := range b.rows {
					row.Reference = ""
					b.rows[id] = row
				}
			})
			if err := r.fake.Press(t.Context(), c.SID, "1"); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, strings.Join(r.rung(c.SID).Heard, " "))
	}
	return all
}
