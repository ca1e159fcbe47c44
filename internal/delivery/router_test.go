package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// fake is a carrier that answers what it is told to.
type fake struct {
	name    string
	answers func(ctx context.Context) error
	asked   []string // the ids of what it was given
}

func (f *fake) Send(ctx context.Context, m outbox.Message) (outbox.Receipt, error) {
	f.asked = append(f.asked, m.ID)
	if f.answers != nil {
		if err := f.answers(ctx); err != nil {
			return outbox.Receipt{}, err
		}
	}
	return outbox.Receipt{Reference: f.name + " " + m.ID}, nil
}

func with(err error) func(context.Context) error { return func(context.Context) error { return err } }

// hangs takes as long as it is let.
func hangs(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// bench is a Router of texts over the carriers "a", "b" and "c".
type bench struct {
	*Router
	a, b, c *fake
	log     bytes.Buffer
}

func newBench(t *testing.T, routes ...string) *bench {
	t.Helper()
	parsed, err := ParseRoutes(routes)
	if err != nil {
		t.Fatal(err)
	}
	x := &bench{a: &fake{name: "a"}, b: &fake{name: "b"}, c: &fake{name: "c"}}
	var all []Carrier
	for _, f := range []*fake{x.a, x.b, x.c} {
		all = append(all, Carrier{Name: f.name, Sender: f, Channels: []outbox.Channel{outbox.Text}, Timeout: 5 * time.Second})
	}
	x.Router, err = NewCarriers(all, time.Now, slog.New(slog.NewTextHandler(&x.log, nil))).Router(outbox.Text, parsed)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

const number, code = "+15035550142", "418207"

func message(id string, tried ...string) outbox.Message {
	return outbox.Message{
		Delivery: outbox.Delivery{ID: id, Company: "juniper", User: "dana", Channel: outbox.Text, SignIn: "s", Challenge: "c", Tried: tried},
		To:       number, Code: secret.New(code), Text: secret.New(code + " is your code"), Until: time.Now().Add(5 * time.Minute),
	}
}

func TestTheFirstCarrierThatTakesAMessageIsTheLastAsked(t *testing.T) {
	x := newBench(t, "a>b")
	r, err := x.Send(t.Context(), message("1"))
	if err != nil || r != (outbox.Receipt{Carrier: "a", Reference: "a 1"}) || len(x.b.asked) > 0 {
		t.Fatalf("got %+v, %v, b was asked %q", r, err, x.b.asked)
	}
}

func TestACarrierThatFailsIsFollowedWithinTheSameAttempt(t *testing.T) {
	for name, answers := range map[string]func(context.Context) error{
		"an error": with(errors.New("connection refused")), "no answer": hangs, "it may have it": with(outbox.ErrSilent),
		"a refusal of its own": with(outbox.Refusal{Why: outbox.Unserved, Here: true}), "a bare refusal": with(outbox.ErrRefused),
		"a panic": func(context.Context) error { panic(code) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newBench(t, "a>b")
				x.a.answers = answers
				began := time.Now()
				r, err := x.Send(t.Context(), message("1"))
				if err != nil || r.Carrier != "b" || r.Reference != "b 1" {
					t.Fatalf("got %+v, %v", r, err)
				}
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("it took %s", took)
				}
				if log := x.log.String(); !strings.Contains(log, "carrier=a") || strings.Contains(log, code) {
					t.Errorf("log: %s", log)
				}
			})
		})
	}
}

func TestWhatNoCarrierCanDoIsAskedOfOneAlone(t *testing.T) {
	for _, why := range []error{outbox.Refusal{Why: outbox.WrongNumber}, outbox.Refusal{Why: outbox.OptedOut}, outbox.ErrOver} {
		x := newBench(t, "a>b")
		x.a.answers = with(why)
		if _, err := x.Send(t.Context(), message("1")); !errors.Is(err, why) || len(x.b.asked) > 0 {
			t.Errorf("%v: got %v, b was asked %q", why, err, x.b.asked)
		}
	}
}

// A code is tried again by the outbox only where nobody may have it; a refusal counts only where
// nobody's trouble may pass.
func TestOfSeveralFailuresTheCautiousOneIsSaid(t *testing.T) {
	trouble, refused := errors.New("connection refused"), outbox.Refusal{Why: outbox.Unserved, Here: true}
	for _, tt := range []struct{ a, b, want error }{
		{refused, outbox.ErrSilent, outbox.ErrSilent},
		{outbox.ErrSilent, trouble, outbox.ErrSilent},
		{refused, trouble, trouble},
		{trouble, refused, trouble},
		{refused, outbox.ErrRefused, refused},
	} {
		x := newBench(t, "a>b")
		x.a.answers, x.b.answers = with(tt.a), with(tt.b)
		_, err := x.Send(t.Context(), message("1"))
		if !errors.Is(err, tt.want) || tt.want != error(refused) && errors.Is(err, outbox.ErrRefused) {
			t.Errorf("%v, then %v: got %v", tt.a, tt.b, err)
		}
	}
}

func TestTheLongestPrefixDecides(t *testing.T) {
	x := newBench(t, "a", "+1=b", "+1503=c>a")
	for to, want := range map[string]string{"+4930123456": "a", "+12125550100": "b", number: "c"} {
		m := message("1")
		m.To = to
		if r, err := x.Send(t.Context(), m); err != nil || r.Carrier != want {
			t.Errorf("%s: got %+v, %v, want %s", to, r, err, want)
		}
	}
	x = newBench(t, "+1=b")
	m := message("1")
	m.To = "+4930123456"
	if _, err := x.Send(t.Context(), m); !errors.Is(err, outbox.Refusal{Why: outbox.Unserved, Detail: errNoRoute.Detail}) {
		t.Errorf("no route: got %v", err)
	}
}

func TestWhoAsksAgainGoesByAnotherCarrierFirst(t *testing.T) {
	x := newBench(t, "a>b>c")
	if r, err := x.Send(t.Context(), message("1", "a", "c")); err != nil || r.Carrier != "b" {
		t.Fatalf("got %+v, %v", r, err)
	}
	x.b.answers = with(errors.New("down"))
	if r, err := x.Send(t.Context(), message("2", "a")); err != nil || r.Carrier != "c" {
		t.Fatalf("got %+v, %v", r, err)
	}
	x.c.answers = x.b.answers
	if r, err := x.Send(t.Context(), message("3", "a")); err != nil || r.Carrier != "a" {
		t.Fatalf("of those that failed before, one is still better than none: got %+v, %v", r, err)
	}
}

func TestACodeThatExpiresOnTheWayIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, "a>b")
		x.a.answers = hangs
		m := message("1")
		m.Until = time.Now().Add(3 * time.Second)
		if _, err := x.Send(t.Context(), m); !errors.Is(err, outbox.ErrOver) || len(x.b.asked) > 0 {
			t.Fatalf("got %v, b was asked %q", err, x.b.asked)
		}
	})
}

func TestADeadCarrierIsLeftOutAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, "a>b")
		x.a.answers = with(errors.New("down"))
		send := func(id string) string {
			r, err := x.Send(t.Context(), message(id))
			if err != nil {
				t.Fatal(err)
			}
			return r.Carrier
		}
		for i := range 6 {
			if by := send(fmt.Sprint(i)); by != "b" {
				t.Fatalf("went by %s", by)
			}
		}
		if !slices.Equal(x.a.asked, []string{"0", "1", "2"}) {
			t.Fatalf("a was asked %q", x.a.asked)
		}
		time.Sleep(leftOutFor + time.Second)
		send("probe") // still dead
		send("after")
		time.Sleep(leftOutFor + time.Second)
		x.a.answers = nil
		if by := send("well"); by != "a" || !slices.Equal(x.a.asked, []string{"0", "1", "2", "probe", "well"}) {
			t.Fatalf("went by %s, a was asked %q", by, x.a.asked)
		}
		for _, want := range []string{"carrier left out", "carrier works again"} {
			if n := strings.Count(x.log.String(), want); n == 0 {
				t.Errorf("the log does not say %q: %s", want, x.log.String())
			}
		}
	})
}

func TestACarrierThatRefusesWorks(t *testing.T) {
	x := newBench(t, "a>b")
	x.a.answers = with(outbox.Refusal{Why: outbox.Unserved, Here: true})
	for i := range 2 * failuresInARow {
		if _, err := x.Send(t.Context(), message(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if len(x.a.asked) != 2*failuresInARow {
		t.Errorf("a was asked %q", x.a.asked)
	}
}

// One reader's number that a carrier does not take now must not keep everybody else's out.
func TestACarrierThatPutsOneMessageOffWorks(t *testing.T) {
	x := newBench(t, "a>b")
	x.a.answers = with(fmt.Errorf("%w: greylisted", outbox.ErrLater))
	for i := range 2 * failuresInARow {
		if r, err := x.Send(t.Context(), message(fmt.Sprint(i))); err != nil || r.Carrier != "b" {
			t.Fatalf("got %+v, %v", r, err)
		}
	}
	if len(x.a.asked) != 2*failuresInARow {
		t.Errorf("a was asked %q", x.a.asked)
	}
}

func TestRoutesAreCheckedWhenTheyAreRead(t *testing.T) {
	for s, want := range map[string]string{
		"": "want carriers", ">": "want carriers", "a>": "want carriers", "a>a": "each once", "44=a": "how the numbers begin", "+=a": "how the numbers begin", "+0=a": "how the numbers begin",
		"+1x=a": "how the numbers begin", "a>b>c>d>e": "at most 4", "+1=": "want carriers",
	} {
		if _, err := ParseRoute(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", s, err)
		}
	}
	if _, err := ParseRoutes([]string{"a", "b", "+1=a", "+1=b"}); err == nil || strings.Count(err.Error(), "the same beginning") != 2 {
		t.Errorf("got %v", err)
	}
	r, err := ParseRoute(" +44 = london > main ")
	if err != nil || r.Prefix != "+44" || !slices.Equal(r.Carriers, []string{"london", "main"}) {
		t.Errorf("got %+v, %v", r, err)
	}
	all := NewCarriers([]Carrier{{Name: "post", Channels: []outbox.Channel{outbox.Mail}}}, time.Now, slog.New(slog.DiscardHandler))
	_, err = all.Router(outbox.Text, []Route{{Carriers: []string{"post", "nobody"}}})
	if err == nil || err.Error() != "carrier \"post\" does not take a text\nthere is no carrier \"nobody\"" {
		t.Errorf("got %v", err)
	}
}

func FuzzParseRoute(f *testing.F) {
	for _, s := range []string{"main>spare", "+44=london>main", "=", ">", "+1=a=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRoute(s)
		if err == nil && (len(r.Carriers) == 0 || len(r.Carriers) > maxCarriers || r.Prefix != "" && !isPrefix(r.Prefix)) {
			t.Errorf("%q: %+v", s, r)
		}
	})
}
