package oktapush

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	standin "sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/outbox"
)

func TestAPushShowsItsNumberAndTheBrowser(t *testing.T) {
	d := open(t)
	a := d.phone()
	m := d.message(a, false)
	f := d.send(a, false)
	p := d.Pushes()
	if len(p) != 1 || p[0].Browser != "Firefox/140" || p[0].Address != "8.8.8.8" || len(p[0].Numbers) != 3 {
		t.Fatalf("got %+v", p)
	}
	if n := Number(f.Outside); n < 10 || n > 99 {
		t.Errorf("the number is %d", n)
	}
	if f.ID != m.ID || f.Company != m.Company || f.User != m.User || f.SignIn != m.SignIn || f.Challenge != m.Challenge || f.Generation != m.Generation {
		t.Errorf("got %+v of %+v", f, m.Delivery)
	}
	if !f.Began.Equal(d.clock()) || f.Expires.Sub(d.clock()) > 5*time.Minute || f.Expires.Sub(d.clock()) < 4*time.Minute {
		t.Errorf("it began %s and ends %s", f.Began, f.Expires)
	}
	m.Expires = d.clock().Add(time.Minute)
	_, err := d.sender.Send(t.Context(), m)
	d.must(err)
	if got := d.follows[1]; !got.Expires.Equal(m.Expires) {
		t.Errorf("it ends %s, want our own end %s", got.Expires, m.Expires)
	}
}

func TestAPushWithoutNumbersShowsNone(t *testing.T) {
	d := open(t)
	d.connection.NumberChallenge = false
	a := d.phone()
	f := d.send(a, false)
	if p := d.Pushes(); len(p) != 1 || p[0].Numbers != nil || Number(f.Outside) != -1 {
		t.Errorf("got %+v and number %d", p, Number(f.Outside))
	}
}

// A push that Okta does not know is a lost phone only where Okta says that it has that one no more.
func TestAPhoneIsLostWhereOktaSaysSoTwice(t *testing.T) {
	d := open(t)
	a := d.phone()
	m := d.message(a, false)
	d.first(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/verify") {
			return false
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"errorCode":"E0000007","errorSummary":"Not found"}`))
		return true
	})
	_, err := d.sender.Send(t.Context(), m)
	d.want(err, outbox.ErrRefused)
	if d.lost != nil {
		t.Error("the phone is there, and is said to be lost")
	}
	d.first(nil)
	d.Remove(d.Accounts()[0].Login)
	_, err = d.sender.Send(t.Context(), m)
	d.want(err, outbox.ErrRefused)
	if len(d.lost) != 1 || d.lost[0] != m.ID {
		t.Errorf("lost %q", d.lost)
	}
	d.sender.Lost = func(context.Context, outbox.Message) error { return errors.New("the database is gone") }
	_, err = d.sender.Send(t.Context(), m)
	d.want(err, err, outbox.ErrRefused, outbox.ErrSilent) // told again, later
	_, err = d.verify(a, "123456")
	d.want(err, factor.ErrLost)
	d.want(err, factor.ErrNotCompared)
}

func TestWhatThePhoneAnswersIsTheWord(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer func(d *desk, id string, number int) error
		want   outbox.Word
	}{
		{"approved", func(d *desk, id string, number int) error { return d.Approve(id, number) }, outbox.Approved},
		{"wrong number", func(d *desk, id string, _ int) error { return d.Approve(id, 7) }, outbox.Denied},
		{"denied", func(d *desk, id string, _ int) error { return d.Deny(id) }, outbox.Denied},
		{"nobody", func(d *desk, _ string, _ int) error { d.later(5 * time.Minute); return nil }, outbox.Unanswered},
		{"removed at okta", func(d *desk, _ string, _ int) error { d.Remove(d.Pushes()[0].Login); return nil }, outbox.Lost},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := open(t)
			f := d.send(d.phone(), false)
			d.says(f, outbox.NoWord)
			d.must(test.answer(d, d.Pushes()[0].ID, Number(f.Outside)))
			if a := d.says(f, test.want); a.Name != "" {
				t.Errorf("a push gives the phone the name %q", a.Name)
			}
		})
	}
}

func TestAPushThatNobodyWaitsForIsCancelled(t *testing.T) {
	d := open(t)
	f := d.send(d.phone(), false)
	d.must(d.asker().Stop(t.Context(), f))
	if got := d.Pushes()[0].State; got != standin.Cancelled {
		t.Errorf("it is %s", got)
	}
	d.must(d.asker().Stop(t.Context(), f)) // gone is done
	d.says(f, outbox.Unanswered)
	if len(d.Accounts()) != 1 {
		t.Error("the phone was taken away")
	}
}

func TestALinkedUsersFactorIsNeverTouched(t *testing.T) {
	d := open(t)
	a := d.linked()
	made := d.Calls()
	if k := d.keys(a); !k.Linked || len(d.users) != 0 {
		t.Fatalf("got %+v, kept %v", k, d.users)
	}
	f := d.send(a, true) // its set-up is a push to the phone that is there
	if n := Number(f.Outside); n < 10 {
		t.Errorf("the number is %d", n)
	}
	d.must(d.Approve(d.Pushes()[0].ID, Number(f.Outside)))
	if got := d.says(f, outbox.Approved); got.Name != "" {
		t.Errorf("the phone is named %q", got.Name)
	}
	f = d.send(a, true)
	d.must(d.asker().Stop(t.Context(), f))
	if got := d.Pushes()[0].State; got != standin.Cancelled {
		t.Errorf("it is %s", got)
	}
	d.register() // again
	d.untouched(func() {
		r, err := Forgetter{d.kind}.Send(t.Context(), d.message(a, false))
		d.must(err)
		if !r.Delivered {
			t.Error("it is not done")
		}
	})
	calls := d.Calls()
	if calls[enrols] != made[enrols] || calls[makes] != made[makes] || calls[unenrols] != 0 || len(d.Accounts()) != 1 {
		t.Errorf("got calls %v after %v", calls, made)
	}
}

func TestWhatIsForgottenGoesAtOkta(t *testing.T) {
	d := open(t)
	a := d.phone()
	forget := func() {
		t.Helper()
		r, err := Forgetter{d.kind}.Send(t.Context(), d.message(a, false))
		d.must(err)
		if !r.Delivered {
			t.Error("it is not done")
		}
	}
	forget()
	if len(d.Accounts()) != 0 || d.Calls()[unenrols] != 1 {
		t.Error("it is still there")
	}
	forget() // gone is done
	d.want(func() error { _, err := d.sender.Send(t.Context(), d.message(a, false)); return err }(), outbox.ErrRefused)
	// What the same user has set up since stays.
	d.phone()
	forget()
	if len(d.Accounts()) != 1 {
		t.Error("another factor was taken away")
	}
}

func TestAnotherConnectionIsAskedNothing(t *testing.T) {
	for name, change := range map[string]func(d *desk){
		"another": func(d *desk) { d.id = "two" }, "none": func(d *desk) { d.id = "" },
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			waiting := d.register()
			d.must(d.kind.SendLink(t.Context(), waiting, ""))
			setup := d.send(waiting, true)
			a := d.phone()
			push := d.send(a, false)
			change(d)
			d.untouched(func() {
				_, err := d.kind.Picture(t.Context(), waiting)
				d.want(err, ErrNotConnected)
				d.want(d.kind.SendLink(t.Context(), waiting, ""), ErrNotConnected)
				for _, setUp := range []bool{true, false} {
					_, err = d.sender.Send(t.Context(), d.message(a, setUp))
					d.want(err, outbox.ErrRefused)
					d.want(err, ErrNotConnected)
				}
				_, err = Forgetter{d.kind}.Send(t.Context(), d.message(a, false))
				d.want(err, outbox.ErrRefused)
				_, err = d.kind.Verify(t.Context(), a, factor.Challenge{}, "123456", d.clock())
				d.want(err, factor.ErrNotCompared)
				for _, f := range []outbox.Following{setup, push} {
					d.says(f, outbox.Unanswered)
					d.want(d.asker().Stop(t.Context(), f), ErrNotConnected)
				}
			})
			if len(d.follows) != 2 {
				t.Errorf("%d are followed, want the two of before", len(d.follows))
			}
		})
	}
}

// A company's secret leads to its own organisation alone, whoever's message it is in.
func TestAnotherCompanysSecretIsAskedNothing(t *testing.T) {
	d := open(t)
	k := d.keys(d.phone())
	k.Company = "globex"
	s, err := k.text()
	d.must(err)
	d.untouched(func() {
		_, err := d.sender.Send(t.Context(), d.message(factor.Authenticator{Secret: s}, false))
		d.want(err, outbox.ErrRefused)
	})
}

func TestTroubleIsWhatTheOutboxCallsIt(t *testing.T) {
	broken := errors.New("cut")
	for _, test := range []struct {
		name         string
		fault        standin.Fault
		send, forget error // broken: tried again
		again        bool  // okta says when
	}{
		{"down", standin.Down, broken, broken, false},
		{"broken", standin.Broken, broken, broken, false},
		{"limited", standin.Limited, broken, broken, true},
		{"slow", standin.Slow, outbox.ErrSilent, outbox.ErrSilent, false},
		{"revoked", standin.Revoked, outbox.ErrRefused, outbox.ErrRefused, false},
		{"denied", standin.Denied, outbox.ErrRefused, outbox.ErrRefused, false},
		{"read only", standin.ReadOnly, nil, broken, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := inBubble(t)
				a := d.phone()
				f := d.send(a, false)
				d.SetFault(test.fault)
				is := func(err, want error) {
					t.Helper()
					switch {
					case want == nil:
						d.must(err)
					case errors.Is(want, broken):
						d.want(err, err, outbox.ErrRefused, outbox.ErrSilent, outbox.ErrOver)
					default:
						d.want(err, want)
					}
				}
				_, err := d.sender.Send(t.Context(), d.message(a, false))
				is(err, test.send)
				_, err = Forgetter{d.kind}.Send(t.Context(), d.message(a, false))
				is(err, test.forget)
				if test.send == nil {
					return
				}
				if len(d.follows) != 1 || d.nudges != 1 {
					t.Error("it is followed")
				}
				time.Sleep(11 * time.Second) // the circuit is closed again
				got, err := d.asker().Ask(t.Context(), f)
				d.quiet(err)
				if got.Word != outbox.NoWord || test.again && !got.Again.After(time.Now()) {
					t.Errorf("got %+v", got)
				}
			})
		})
	}
}

// The client gives up calls by itself after some outages: nothing was sent then.
func TestAnOpenCircuitIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := inBubble(t)
		a := d.phone()
		d.SetFault(standin.Broken)
		for range 9 {
			_, err := d.sender.Send(t.Context(), d.message(a, false))
			d.want(err, okta.ErrOutage, outbox.ErrRefused, outbox.ErrSilent)
		}
		d.SetFault(standin.None)
		d.untouched(func() {
			_, err := d.sender.Send(t.Context(), d.message(a, false))
			d.want(err, okta.ErrOutage, outbox.ErrRefused, outbox.ErrSilent)
		})
		time.Sleep(11 * time.Second)
		d.send(a, false)
	})
}

// verifies reports whether r asks on a phone, or has a code compared.
func verifies(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/verify")
}

// lost are the ways in which it is not known what Okta did.
var lost = map[string]http.HandlerFunc{
	"no answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	"half an answer": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "900")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte("{")) // the client sees what is missing
	},
	"an answer that is none": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<p>Welcome")) // the client cannot read it
	},
}

// lose makes f the answer to what asks on a phone, or has a code compared.
func (d *desk) lose(f http.HandlerFunc) {
	d.first(func(w http.ResponseWriter, r *http.Request) bool {
		if verifies(r) {
			f(w, r)
		}
		return verifies(r)
	})
}

func TestAPushThatMayBeOnThePhoneIsNotSentAgain(t *testing.T) {
	for name, f := range lost {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			a := d.phone()
			d.lose(f)
			_, err := d.sender.Send(t.Context(), d.message(a, false))
			d.want(err, outbox.ErrSilent, outbox.ErrRefused)
		})
	}
	t.Run("not noted", func(t *testing.T) {
		d := open(t)
		a := d.phone()
		d.followErr = errors.New("no database")
		_, err := d.sender.Send(t.Context(), d.message(a, false))
		d.want(err, outbox.ErrSilent)
		if d.nudges != 0 {
			t.Error("the follower was told")
		}
	})
}

func TestACallerWhoGivesUpIsNotAnAnswer(t *testing.T) {
	d := open(t)
	f := d.send(d.phone(), false)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a, err := d.asker().Ask(ctx, f)
	d.quiet(err)
	if a.Word != outbox.NoWord {
		t.Errorf("got %+v", a)
	}
}
