package phone

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/outbox/outboxtest"
	"sallyport.dev/sallyport/internal/secret"
)

// crowd is People: everybody there is.
type crowd map[company.UserID]string

var errOutage = errors.New("no database")

func (p crowd) FindUser(_ context.Context, c company.ID, u company.UserID) (company.User, company.Company, error) {
	name, ok := p[u]
	if u == "unreachable" {
		return company.User{}, company.Company{}, errOutage
	}
	if !ok {
		return company.User{}, company.Company{}, company.ErrNotFound
	}
	return company.User{ID: u, Company: c, Username: name, TimeZone: "America/Los_Angeles"}, company.Company{ID: c}, nil
}

// desk is a phone, and what it reported.
type desk struct {
	*Phone
	log *bytes.Buffer
	err error // of reports

	mu       sync.Mutex
	reported []string
}

func newDesk() *desk {
	d := &desk{log: &bytes.Buffer{}}
	d.Phone = &Phone{
		People: crowd{"dana": "dana.reyes", "ruth": "ruth.abernathy"}, Now: time.Now, Log: slog.New(slog.NewTextHandler(d.log, nil)),
		Report: func(_ context.Context, id string, s outbox.Status) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			if s.ID != id || s.Channel != outbox.Call || s.At.IsZero() {
				return fmt.Errorf("status %+v of %s", s, id)
			}
			d.reported = append(d.reported, strings.TrimSuffix(fmt.Sprintf("%s %s %s", id, s.State, s.Reason), " "))
			return d.err
		},
	}
	return d
}

// reports are what was reported so far, in order.
func (d *desk) reports(t *testing.T, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.reported, want) {
		t.Errorf("reported %q, want %q; log: %s", d.reported, want, d.log)
	}
}

func message(ch outbox.Channel, id string) outbox.Message {
	return outbox.Message{
		Delivery: outbox.Delivery{ID: id, Company: "juniper", User: "dana", Channel: ch},
		To:       "+15035550142", Code: secret.New("418207"),
		Text:   secret.New("418207 is your Juniper & Finch Outfitters code. It is good until 14:07.\n\n@127.0.0.1 #418207"),
		Prompt: "Press 1 for your code. Press 1 for your code.",
		Spoken: secret.New("Your code is: four, one, eight, two, zero, seven."),
		Mail: outbox.Letter{
			From: "Juniper & Finch Outfitters", Subject: "A sign-in method was added to your account", Title: "A sign-in method was added",
			Lead:  "Hello Dana Reyes, from now on this method can open your account:",
			Facts: []outbox.Fact{{Label: "Method", Text: "Google Authenticator, “Dana’s iPhone”"}, {Label: "Where", Text: "203.0.113.24"}},
			Questions: []outbox.Question{
				{Ask: "Was it you?", Answer: "Then there is nothing to do."},
				{Ask: "Was it not you?", Answer: "Somebody knows your password. Tell Ada Okafor or Ruth Abernathy, your company’s administrators, now, or call Support on +1 555 010 0199."},
			},
			Foot: "We never ask for a code or a password by mail.",
		},
	}
}

func (d *desk) take(t *testing.T, m outbox.Message) outbox.Receipt {
	t.Helper()
	r, err := d.Send(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheDemoPhoneIsACarrier(t *testing.T) {
	for _, ch := range []outbox.Channel{outbox.Text, outbox.Call, outbox.Mail} {
		t.Run(string(ch), func(t *testing.T) {
			outboxtest.Sender(t, func(t *testing.T) outboxtest.Rig {
				d := newDesk()
				t.Cleanup(d.Close)
				return outboxtest.Rig{Sender: d, Channel: ch, To: "+15035550142", Brought: func(t *testing.T) []string {
					var all []string
					for _, e := range slices.Backward(d.list(ch)) {
						if ch == outbox.Call {
							if err := d.move(t.Context(), e.ID, answered); err != nil {
								t.Error(err)
							}
						}
						all = append(all, map[outbox.Channel]string{outbox.Text: e.Text.Reveal(), outbox.Call: e.Spoken.Reveal(), outbox.Mail: e.Mail.Lead}[ch])
					}
					return all
				}}
			})
		})
	}
}

func TestTextsAndMailsHaveArrivedAndACallRings(t *testing.T) {
	d := newDesk()
	defer d.Close()
	for ch, want := range map[outbox.Channel]bool{outbox.Text: true, outbox.Mail: true, outbox.Call: false} {
		if r := d.take(t, message(ch, "a")); r.Delivered != want {
			t.Errorf("%s: %+v", ch, r)
		}
	}
	if _, err := d.Send(t.Context(), message("pigeon", "a")); !errors.Is(err, outbox.ErrRefused) {
		t.Errorf("an unheard-of channel: %v", err)
	}
	m := message(outbox.Text, "b")
	m.User = "unreachable"
	if _, err := d.Send(t.Context(), m); !errors.Is(err, errOutage) || len(d.list(outbox.Text)) != 1 {
		t.Errorf("nobody can be looked up: %v", err)
	}
	m.User = "gone"
	d.take(t, m)
	if e := d.list(outbox.Text)[0]; e.username != "gone" {
		t.Errorf("%+v", e)
	}
}

func TestACallEndsOnce(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(d *desk)
		want string
	}{
		{"pressed twice", func(d *desk) {
			d.move(context.Background(), "a", answered)
			d.move(context.Background(), "a", answered)
		}, "a delivered"},
		{"pressed, then declined", func(d *desk) {
			d.move(context.Background(), "a", answered)
			d.move(context.Background(), "a", declined)
		}, "a delivered"},
		{"declined, then pressed", func(d *desk) {
			d.move(context.Background(), "a", declined)
			d.move(context.Background(), "a", answered)
		}, "a failed busy"},
		{"pressed just in time", func(d *desk) { time.Sleep(rings - 1); d.move(context.Background(), "a", answered) }, "a delivered"},
		{"pressed after 15 s", func(d *desk) { time.Sleep(rings); synctest.Wait(); d.move(context.Background(), "a", answered) }, "a failed no-key"},
		{"nobody", func(*desk) {}, "a failed no-key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk()
				d.take(t, message(outbox.Call, "a"))
				test.do(d)
				time.Sleep(time.Hour)
				d.reports(t, test.want)
			})
		})
	}
}

func TestManyFingersPressOnce(t *testing.T) {
	d := newDesk()
	defer d.Close()
	d.take(t, message(outbox.Call, "a"))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			d.take(t, message(outbox.Call, "a"))
			if err := d.move(t.Context(), "a", answered); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	d.reports(t, "a delivered")
	if n := len(d.list(outbox.Call)); n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestACallThatIsNotReportedIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.err = errOutage
		d.take(t, message(outbox.Call, "a"))
		time.Sleep(time.Hour)
		synctest.Wait()
		if text := d.log.String(); !strings.Contains(text, `msg="call not reported" delivery=a state=failed`) || strings.Contains(text, "418207") {
			t.Errorf("log: %s", text)
		}
		if d.list(outbox.Call)[0].stage != noKey {
			t.Error("it still rings")
		}
	})
}

func TestOnlyTheNewestAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		for i := range kept + 5 {
			for _, ch := range []outbox.Channel{outbox.Text, outbox.Call} {
				d.take(t, message(ch, fmt.Sprint(i)))
			}
		}
		all := d.list(outbox.Text)
		if len(all) != kept || all[0].ID != "104" || all[kept-1].ID != "5" || len(d.list(outbox.Call)) != kept {
			t.Errorf("%d kept, from %s to %s", len(all), all[0].ID, all[len(all)-1].ID)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(d.reported) != kept+5 { // those that fell off were calls all the same
			t.Errorf("%d calls reported", len(d.reported))
		}
	})
}

func TestACloseEndsTheRinging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.take(t, message(outbox.Call, "a"))
		d.Close()
		d.take(t, message(outbox.Call, "b"))
		time.Sleep(time.Hour)
		d.reports(t)
	})
}
