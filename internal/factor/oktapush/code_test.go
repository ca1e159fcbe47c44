package oktapush

import (
	"net/http"
	"testing"
	"time"

	standin "sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/factor"
)

// verify has a code compared in challenge c, generation 3.
func (d *desk) verify(a factor.Authenticator, code string) (factor.Proof, error) {
	return d.kind.Verify(d.t.Context(), a, factor.Challenge{ID: "c", Generation: 3}, code, d.clock())
}

// code is what the one app shows.
func (d *desk) code() string {
	d.t.Helper()
	all := d.Accounts()
	if len(all) != 1 {
		d.t.Fatalf("got %d accounts", len(all))
	}
	return all[0].Code.Reveal()
}

// wrong is a code that is not good now.
func (d *desk) wrong() string {
	digits := []byte(d.code())
	digits[0] = '0' + (digits[0]-'0'+5)%10
	return string(digits)
}

func TestACodeOfTheSameAppIsAProofOnce(t *testing.T) {
	d := open(t)
	a := d.phone()
	code := d.code()
	p, err := d.verify(a, code[:3]+" "+code[3:])
	d.must(err)
	if want := (factor.Proof{Authenticator: "a", Challenge: "c", Generation: 3, AMR: "otp"}); p != want {
		t.Errorf("got %+v, want %+v", p, want)
	}
	p, err = d.verify(a, code)
	d.want(err, factor.ErrReplayed, factor.ErrNotCompared, factor.ErrWrong)
	replayed, ok := err.(factor.Replayed)
	if wait := replayed.Next.Sub(d.clock()); !ok || wait <= 0 || wait > 30*time.Second || p != (factor.Proof{}) {
		t.Errorf("got %+v, %+v", p, err)
	}
	d.later(time.Minute)
	_, err = d.verify(a, d.code())
	d.must(err)
}

func TestALinkedUsersCodeIsAProof(t *testing.T) {
	d := open(t)
	a := d.linked()
	_, err := d.verify(a, d.code())
	d.must(err)
	_, err = d.verify(a, d.wrong())
	d.want(err, factor.ErrWrong)
}

func TestAWrongCodeCostsAnAttemptUntilOktaComparesNoMore(t *testing.T) {
	d := open(t)
	a := d.phone()
	for range 5 {
		_, err := d.verify(a, d.wrong())
		d.want(err, factor.ErrWrong, factor.ErrNotCompared)
	}
	_, err := d.verify(a, d.code())
	d.want(err, factor.ErrNotCompared, factor.ErrWrong)
}

func TestWhatIsNoCodeIsNotAsked(t *testing.T) {
	d := open(t)
	a := d.phone()
	d.untouched(func() {
		for _, answer := range []string{"", "12345", "1234567", "12345x", "１２３４５６x"} {
			_, err := d.verify(a, answer)
			d.want(err, factor.ErrMalformed)
		}
	})
}

func TestAnOutageGivesTheAttemptBack(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(d *desk)
	}{
		{"limited", func(d *desk) { d.SetFault(standin.Limited) }},
		{"revoked", func(d *desk) { d.SetFault(standin.Revoked) }},
		{"denied", func(d *desk) { d.SetFault(standin.Denied) }},
		{"down before anything was compared", func(d *desk) { d.SetFault(standin.Down) }},
		{"limited when it is compared", func(d *desk) { d.atVerify(standin.Limited) }},
		{"revoked when it is compared", func(d *desk) { d.atVerify(standin.Revoked) }},
		{"user is suspended", func(d *desk) { d.SetStatus(d.Accounts()[0].Login, "SUSPENDED") }},
		{"phone was removed at okta", func(d *desk) { d.Remove(d.Accounts()[0].Login) }},
		{"not connected", func(d *desk) { d.id = "" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := open(t)
			a := d.phone()
			code := d.code()
			test.spoil(d)
			p, err := d.verify(a, code)
			d.want(err, factor.ErrNotCompared, factor.ErrWrong, factor.ErrReplayed)
			if p != (factor.Proof{}) {
				t.Errorf("got %+v", p)
			}
		})
	}
}

// atVerify makes f the fault from when a code is compared.
func (d *desk) atVerify(f standin.Fault) {
	d.first(func(_ http.ResponseWriter, r *http.Request) bool {
		if verifies(r) {
			d.SetFault(f)
		}
		return false
	})
}

func TestWhatMayHaveBeenComparedCostsAnAttempt(t *testing.T) {
	for name, f := range lost {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			a := d.phone()
			code := d.code()
			d.lose(f)
			_, err := d.verify(a, code)
			d.want(err, err, factor.ErrNotCompared, factor.ErrWrong, factor.ErrReplayed)
		})
	}
	for _, fault := range []standin.Fault{standin.Down, standin.Broken} {
		t.Run(string(fault), func(t *testing.T) {
			d := open(t)
			a := d.phone()
			code := d.code()
			d.atVerify(fault)
			_, err := d.verify(a, code)
			d.want(err, err, factor.ErrNotCompared, factor.ErrWrong, factor.ErrReplayed)
		})
	}
}

func TestAnApprovalIsPossessionOfAKey(t *testing.T) {
	if got := (Verifier{}).AMR(); got != "pop" {
		t.Errorf("got %q", got)
	}
}
