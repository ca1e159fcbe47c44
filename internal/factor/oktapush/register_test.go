package oktapush

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"

	standin "sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

func TestAUserIsMadeWhoseLoginSaysNothing(t *testing.T) {
	d := open(t)
	a := d.register()
	waiting := d.Waiting()
	if len(waiting) != 1 {
		t.Fatalf("got %+v waiting, want one", waiting)
	}
	name, at, _ := strings.Cut(waiting[0].Login, "@")
	if at != host || len(name) < 20 || strings.Contains(waiting[0].Login, "dana") || strings.Contains(waiting[0].Login, "acme") {
		t.Errorf("the login is %q", waiting[0].Login)
	}
	k := d.keys(a)
	if id := d.UserID(waiting[0].Login); id != k.User || id != d.users["acme/dana/one"] || k.Linked || k.Factor != waiting[0].Factor {
		t.Errorf("got %+v, kept %v, the stand-in has user %s", k, d.users, id)
	}
	if !d.kind.Registers(a) {
		t.Error("it does not register by a code")
	}
}

func TestAUserIsMadeOnceForEachConnection(t *testing.T) {
	d := open(t)
	first, second := d.keys(d.register()), d.keys(d.register())
	if first.User != second.User || d.made != 1 || d.Calls()[makes] != 1 {
		t.Errorf("got users %s and %s, %d kept", first.User, second.User, d.made)
	}
	if w := d.Waiting(); len(w) != 1 || w[0].Factor != second.Factor {
		t.Errorf("got %+v waiting, want the second alone", w)
	}
	d.id = "two"
	if third := d.keys(d.register()); third.User == first.User || d.made != 2 {
		t.Errorf("another connection has the same user %s", third.User)
	}
}

func TestAPhoneThatIsRegisteredThereGoesFirst(t *testing.T) {
	d := open(t)
	old := d.keys(d.phone())
	a := d.register()
	if k := d.keys(a); k.Factor == old.Factor || k.User != old.User {
		t.Errorf("got %+v after %+v", k, old)
	}
	if n := d.Calls()[unenrols]; n != 1 {
		t.Errorf("%d factors were taken away, want 1", n)
	}
	if len(d.Accounts()) != 0 {
		t.Error("the old app still makes codes")
	}
}

func TestAUserThatWasRemovedAtOktaIsMadeAgain(t *testing.T) {
	d := open(t)
	d.users["acme/dana/one"] = "00uGONE0000000000000"
	k := d.keys(d.register())
	if k.User == "00uGONE0000000000000" || d.users["acme/dana/one"] != k.User || d.Calls()[makes] != 1 {
		t.Errorf("got %+v, kept %v", k, d.users)
	}
}

func TestARegistrationThatIsNotPossibleIsAnOutage(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(d *desk)
		want  error
	}{
		{"okta verify is not active", func(d *desk) { d.SetFault(standin.NoPush) }, okta.ErrPolicy},
		{"token is refused", func(d *desk) { d.SetFault(standin.Revoked) }, okta.ErrCredentials},
		{"not permitted", func(d *desk) { d.SetFault(standin.Denied) }, okta.ErrPermission},
		{"read only", func(d *desk) { d.SetFault(standin.ReadOnly) }, okta.ErrOutage},
		{"limit", func(d *desk) { d.SetFault(standin.Limited) }, okta.ErrLimit},
		{"not connected", func(d *desk) { d.id = "" }, ErrNotConnected},
		{"linked, and not there", func(d *desk) { d.connection.Linked = true }, okta.ErrGone},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := open(t)
			test.spoil(d)
			s, err := d.kind.Register(t.Context(), owner)
			d.want(err, test.want)
			d.want(err, factor.ErrNotCompared)
			if !s.Empty() {
				t.Error("there is a secret")
			}
		})
	}
}

func TestThePictureIsAPNG(t *testing.T) {
	d := open(t)
	a := d.register()
	b, err := d.kind.Picture(t.Context(), a)
	d.must(err)
	if _, err := png.Decode(bytes.NewReader(b)); err != nil {
		t.Error(err)
	}
	d.must(d.Scan(d.keys(a).Factor, "phone"))
	_, err = d.kind.Picture(t.Context(), a)
	d.want(err, okta.ErrGone)
	d = open(t)
	_, err = d.kind.Picture(t.Context(), d.linked())
	d.want(err, okta.ErrGone)
}

func TestALinkIsSentInsteadOfThePicture(t *testing.T) {
	d := open(t)
	a := d.register()
	d.must(d.kind.SendLink(t.Context(), a, "+15035550142"))
	if w := d.Waiting(); len(w) != 1 || w[0].Sent != "sms" {
		t.Errorf("got %+v, want a text", w)
	}
	d.must(d.kind.SendLink(t.Context(), a, ""))
	if w := d.Waiting(); len(w) != 1 || w[0].Sent != "email" {
		t.Errorf("got %+v, want a mail", w)
	}
	d.want(d.kind.SendLink(t.Context(), a, ""), okta.ErrLimit)
	d = open(t)
	linked := d.linked()
	d.want(d.kind.SendLink(t.Context(), linked, "+15035550142"), okta.ErrState)
	if d.kind.Registers(linked) {
		t.Error("a linked user's phone registers by a code")
	}
}

func TestAScanIsApprovedWithThePhonesName(t *testing.T) {
	d := open(t)
	a := d.register()
	f := d.send(a, true)
	if len(d.Pushes()) != 0 {
		t.Error("something was pushed")
	}
	if n := Number(f.Outside); n != -1 {
		t.Errorf("the number is %d, want none", n)
	}
	if left := f.Expires.Sub(d.clock()); left > 10*time.Minute || left < 9*time.Minute {
		t.Errorf("it ends after %s, want Okta's ten minutes", left)
	}
	d.says(f, outbox.NoWord)
	d.must(d.Scan(d.keys(a).Factor, "Dana’s iPhone"))
	if got := d.says(f, outbox.Approved); got.Name != "Dana’s iPhone" {
		t.Errorf("the phone is %q", got.Name)
	}
}

func TestARegistrationThatNobodyScannedLapses(t *testing.T) {
	d := open(t)
	f := d.send(d.register(), true)
	d.later(10 * time.Minute)
	d.says(f, outbox.Unanswered)
}

func TestARegistrationIsAskedAboutEveryTwoSecondsAllTheWhile(t *testing.T) {
	d := open(t)
	setup := d.send(d.register(), true)
	push := d.send(d.phone(), false)
	for _, test := range []struct {
		f         outbox.Following
		age, want time.Duration
	}{{setup, 0, 2 * time.Second}, {setup, time.Minute, 2 * time.Second}, {push, 0, 2 * time.Second}, {push, time.Minute, 4 * time.Second}} {
		if got := d.asker().Every(test.f, test.age); got != test.want {
			t.Errorf("after %s: every %s, want %s", test.age, got, test.want)
		}
	}
}

func TestARegistrationThatNobodyWaitsForIsTakenBack(t *testing.T) {
	d := open(t)
	f := d.send(d.register(), true)
	d.must(d.asker().Stop(t.Context(), f))
	if len(d.Waiting()) != 0 || d.Calls()[unenrols] != 1 {
		t.Errorf("got %+v waiting", d.Waiting())
	}
	d.must(d.asker().Stop(t.Context(), f)) // gone is done
	d.says(f, outbox.Unanswered)
}

// Its method may be set up already: by a code that was typed, or by a node that died after
// the sign-in had heard.
func TestARegistrationThatSucceededIsNotTakenBack(t *testing.T) {
	d := open(t)
	a := d.register()
	f := d.send(a, true)
	d.must(d.Scan(d.keys(a).Factor, "phone"))
	d.must(d.asker().Stop(t.Context(), f))
	if d.Calls()[unenrols] != 0 || len(d.Accounts()) != 1 {
		t.Error("the phone was taken away")
	}
	d.send(a, false)
}

func TestASecretThatIsNoneOfOursOpensNothing(t *testing.T) {
	for name, text := range map[string]string{
		"empty":           "",
		"of another kind": "JBSWY3DPEHPK3PXP " + token,
		"a number":        "+15035550142",
		"empty object":    "{}",
		"no factor":       `{"Company":"acme","Connection":"one","User":"00u` + token + `"}`,
		"cut off":         `{"Company":"acme","Connection":"one","User":"00u","Factor":"` + token,
		"of other types":  `{"Company":7,"Connection":"one","User":"` + token + `","Factor":"opf"}`,
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			a := factor.Authenticator{ID: "a", Kind: factor.Okta, Secret: secret.New(text)}
			d.untouched(func() {
				_, err := d.kind.Picture(t.Context(), a)
				d.want(err, errForeign)
				d.want(d.kind.SendLink(t.Context(), a, ""), errForeign)
				_, err = d.kind.Verify(t.Context(), a, factor.Challenge{}, "123456", d.clock())
				d.want(err, factor.ErrNotCompared)
				_, err = d.sender.Send(t.Context(), d.message(a, false))
				d.want(err, outbox.ErrRefused)
				_, err = Forgetter{d.kind}.Send(t.Context(), d.message(a, false))
				d.want(err, outbox.ErrRefused)
				f := outbox.Following{ID: "p", Outside: a.Secret}
				_, err = d.asker().Ask(t.Context(), f)
				d.quiet(err)
				d.quiet(d.asker().Stop(t.Context(), f))
				if n := Number(a.Secret); n != -1 {
					t.Errorf("the number is %d", n)
				}
				if d.kind.Registers(a) {
					t.Error("it registers")
				}
			})
			if len(d.follows) != 0 {
				t.Error("it is followed")
			}
		})
	}
}
