package contract

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"

	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/delivery/twilio"
	"sallyport.dev/sallyport/internal/delivery/twilio/twiliofake"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// side is our own side: the carrier, and what it was told. What it is told passes a checker.
type side struct {
	*booth
	carrier delivery.Carrier

	lock sync.Mutex
	told []outbox.State
	kept map[string]outbox.Message
	came map[string]int // callbacks, by kind
}

func (s *side) Report(_ context.Context, _ string, st outbox.Status) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.told = append(s.told, st.State)
	return nil
}

func (s *side) compose(_ context.Context, id string) (outbox.Message, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.kept[id], nil
}

func newSide(t *testing.T, a twiliofake.Account, change func(*twilio.Options)) *side {
	t.Helper()
	s := &side{booth: newBooth(t, a), kept: map[string]outbox.Message{}, came: map[string]int{}}
	us := httptest.NewServer(http.HandlerFunc(s.hears))
	t.Cleanup(us.Close)
	o := twilio.Options{
		Name: "main", Account: customer.SID, Token: secret.New(customer.Token), From: customer.Numbers[0],
		Origin: s.origin, Private: true, Timeout: time.Minute, Now: time.Now,
	}
	change(&o)
	var err error
	if s.carrier, err = twilio.New(o, delivery.Desk{Carrier: "main", Base: us.URL, Reports: s, Compose: s.compose}); err != nil {
		t.Fatal(err)
	}
	return s
}

// hears holds a callback to the contract, and its signature to Twilio's own library.
func (s *side) hears(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("read a callback: %v", err)
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	kind := path.Base(r.URL.Path)
	posted, err := url.ParseQuery(string(body))
	if posted.Has("MessageSid") {
		kind = "message"
	} else if kind == "status" {
		kind = "call"
	}
	if why := callbacks[kind].refuses(posted); why != "" || err != nil || r.Method != http.MethodPost {
		s.t.Errorf("callback %s: %s %s, %v", kind, r.Method, why, err)
	}
	validator := client.NewRequestValidator(customer.Token)
	if !validator.ValidateBody("http://"+r.Host+r.URL.Path, body, r.Header.Get("X-Twilio-Signature")) {
		s.t.Errorf("callback %s: Twilio's library does not take its signature", kind)
	}
	s.lock.Lock()
	s.came[kind]++
	s.lock.Unlock()
	s.carrier.Callbacks.ServeHTTP(w, r)
}

func (s *side) send(ch outbox.Channel, to string) (outbox.Receipt, error) {
	now := time.Now()
	m := outbox.Message{
		Delivery: outbox.Delivery{ID: "d" + strconv.Itoa(len(s.kept)), Channel: ch, SignIn: "s", Expires: now.Add(time.Hour)},
		To:       to, Text: secret.New("418207 is your code."), Prompt: "Press 1 for your code.", Spoken: secret.New("Your code is: four, one."),
		Until: now.Add(5 * time.Minute), Language: "en",
	}
	s.lock.Lock()
	s.kept[m.ID] = m
	s.lock.Unlock()
	return s.carrier.Sender.Send(s.t.Context(), m)
}

func TestOurTwilioClientAndTheStandInKeepTheContract(t *testing.T) {
	s := newSide(t, customer, func(*twilio.Options) {})
	sid := func(ch outbox.Channel, to string) string {
		t.Helper()
		receipt, err := s.send(ch, to)
		if err != nil {
			t.Fatalf("%s to %s: %v", ch, to, err)
		}
		return receipt.Reference
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, to := range []string{twiliofake.Good, twiliofake.Undelivered(30003)} {
		must(s.fake.Finish(t.Context(), sid(outbox.Text, to)))
	}
	for _, to := range []string{twiliofake.Busy, twiliofake.Rings, twiliofake.Failed, twiliofake.Lost} {
		must(s.fake.Answer(t.Context(), sid(outbox.Call, to)))
	}
	answered := sid(outbox.Call, twiliofake.Good+";ext=42")
	must(s.fake.Answer(t.Context(), answered))
	must(s.fake.Press(t.Context(), answered, "9"))
	must(s.fake.Press(t.Context(), answered, "1"))
	for _, c := range creations {
		ch := map[string]outbox.Channel{"message": outbox.Text, "call": outbox.Call}[c.name]
		for code, status := range c.codes {
			if code == 21210 || code == 30029 { // of the account, below
				continue
			}
			if _, err := s.send(ch, twiliofake.Refused(code)); !errors.Is(err, outbox.ErrRefused) {
				t.Errorf("%s %d (%d): %v", c.name, code, status, err)
			}
		}
		for code := range anywhere {
			if _, err := s.send(ch, twiliofake.Refused(code)); err == nil || errors.Is(err, outbox.ErrRefused) {
				t.Errorf("%s %d: %v", c.name, code, err)
			}
		}
	}
	if s.came["message"] != 4 || s.came["call"] < 12 || s.came["key"] != 2 {
		t.Errorf("callbacks %v", s.came)
	}
	s.all = append(s.all, differently(t, s.seen)...)
	for _, c := range creations {
		for code := range c.codes {
			if !s.seen[c.name+" "+strconv.Itoa(code)] {
				t.Errorf("no %s was refused with %d", c.name, code)
			}
		}
		if !s.seen[c.name+" 201"] {
			t.Errorf("no %s was made", c.name)
		}
	}
	t.Run("as Twilio describes it", func(t *testing.T) { describedByTwilio(t, s.all) })
}

// differently makes the requests of other accounts and other options.
func differently(t *testing.T, seen map[string]bool) (all []exchange) {
	poor := customer
	poor.Redacts = false
	none := customer
	none.Numbers = nil
	for _, c := range []struct {
		account twiliofake.Account
		change  func(*twilio.Options)
		want    []string
	}{
		{customer, func(o *twilio.Options) {
			o.Service, o.Key, o.KeySecret = customer.Service, customer.Key, secret.New(customer.KeySecret)
		}, []string{"message 201", "call 201"}},
		{customer, func(o *twilio.Options) { o.Token = secret.New("x") }, []string{"message 20003", "call 20003"}},
		{customer, func(o *twilio.Options) {
			o.Account, o.Key, o.KeySecret = "AC"+strings.Repeat("9", 32), customer.Key, secret.New(customer.KeySecret)
		}, []string{"message 20404", "call 20404"}},
		{poor, func(*twilio.Options) {}, []string{"message 30029"}},
		{poor, func(o *twilio.Options) { o.Retain = true }, []string{"message 201"}},
		{none, func(*twilio.Options) {}, []string{"message 21606", "call 21210"}},
	} {
		s := newSide(t, c.account, c.change)
		for _, ch := range s.carrier.Channels {
			s.send(ch, twiliofake.Good) // judged by what was seen
		}
		for _, want := range c.want {
			if !s.seen[want] {
				t.Errorf("want %s, got %v", want, s.seen)
			}
		}
		for what := range s.seen {
			seen[what] = true
		}
		all = append(all, s.all...)
	}
	return all
}
