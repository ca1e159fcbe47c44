package okta

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestEachStatusAndCodeHasItsMeaning(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   error
		code   string
	}{
		{301, "", ErrAnswer, ""},
		{304, "", ErrAnswer, ""},
		{400, refusing("E0000001"), ErrState, "E0000001"},
		{400, refusing("E0000003"), ErrAnswer, "E0000003"},
		{405, refusing("E0000022"), ErrAnswer, "E0000022"},
		{403, refusing("E0000022"), ErrPermission, "E0000022"},
		{400, refusing("E0000999"), ErrState, "E0000999"},
		{400, "<html>", ErrAnswer, ""},
		{401, refusing("E0000004"), ErrCredentials, "E0000004"},
		{401, refusing("E0000011"), ErrCredentials, "E0000011"},
		{401, "", ErrCredentials, ""},
		{403, refusing("E0000006"), ErrPermission, "E0000006"},
		{403, "<html>", ErrPermission, ""},
		{404, refusing("E0000007"), ErrGone, "E0000007"},
		{404, refusing("E0000008"), ErrGone, "E0000008"},
		{404, refusing("E0000999"), ErrGone, "E0000999"},
		{404, "<html>SECRET", ErrAnswer, ""}, // not Okta's: the factor is not gone
		{404, refusing("SECRET"), ErrAnswer, ""},
		{500, refusing("E0000009"), ErrOutage, "E0000009"},
		{503, refusing("E0000010"), ErrOutage, "E0000010"},
		{502, "<html>", ErrOutage, ""},
		{429, refusing("E0000047"), ErrLimit, "E0000047"},
		{504, refusing("E0000067"), ErrOutage, "E0000067"},
		{403, refusing("E0000068"), ErrWrong, "E0000068"},
		{403, refusing("E0000069"), ErrState, "E0000069"},
		{403, refusing("E0000119"), ErrState, "E0000119"},
		{403, refusing("E0000073"), ErrState, "E0000073"},
		{403, refusing("E0000079"), ErrState, "E0000079"},
		{403, refusing("E0000082"), ErrReplayed, "E0000082"},
		{403, refusing("E0000083"), ErrWrong, "E0000083"},
		{400, refusing("E0000098"), ErrNumber, "E0000098"},
		{403, refusing("E0000099"), ErrNumber, "E0000099"},
		{400, refusing("E0000121"), ErrNumber, "E0000121"},
		{429, refusing("E0000109"), ErrLimit, "E0000109"},
		{429, refusing("E0000133"), ErrLimit, "E0000133"},
		{429, refusing("E0000118"), ErrLimit, "E0000118"},
		{500, refusing("E0000138"), ErrOutage, "E0000138"},
		{503, refusing("E0000139"), ErrOutage, "E0000139"},
		{400, refusing("E0000140"), ErrNumber, "E0000140"},
		{429, refusing("E0000146"), ErrLimit, "E0000146"},
		{429, refusing("E0000147"), ErrLimit, "E0000147"},
		{403, refusing("E0000150"), ErrLimit, "E0000150"},
		{403, refusing("E0000151"), ErrLimit, "E0000151"},
		{410, refusing("E0000154"), ErrGone, "E0000154"},
		{423, refusing("E0000155"), ErrState, "E0000155"},
		{410, refusing("E0000156"), ErrGone, "E0000156"},
		{409, "", ErrState, ""},
		{418, "", ErrAnswer, ""},
	} {
		t.Run(fmt.Sprint(c.status, " ", c.code), func(t *testing.T) {
			f := always(c.status, c.body)
			err := every["VerifyCode"](t.Context(), client(f), acme)
			got := wants(t, err, c.want)
			if got.Status != c.status || got.Code != c.code || got.Call != "verify factor" {
				t.Errorf("got %+v", got)
			}
			if (c.want == ErrLimit) == got.Until.IsZero() {
				t.Errorf("until %v", got.Until)
			}
			if f.calls() != 1 {
				t.Errorf("called %d times", f.calls())
			}
		})
	}
}

func TestAMissingScopeIsAMissingPermission(t *testing.T) {
	for _, status := range []int{401, 403} {
		f := always(status, refusing("E0000015"))
		f.header = http.Header{"Www-Authenticate": {`Bearer error="insufficient_scope", error_description="SECRET"`}}
		wants(t, every["Factors"](t.Context(), client(f), acme), ErrPermission)
	}
}

// Each trouble of each call, with a token, links, a number and Okta's own words at hand.
func TestNoTroubleQuotesASecret(t *testing.T) {
	org := acme
	for name, call := range every {
		for _, status := range []int{0, 200, 302, 400, 401, 403, 404, 418, 429, 500} {
			for _, body := range []string{"", "SECRET dana@example.com", refusing("E0000001", "SECRET policy"), `{"id":"SECRET"}`, `{"error":"SECRET"}`} {
				synctest.Test(t, func(t *testing.T) {
					err := call(t.Context(), client(always(status, body)), org)
					if err == nil {
						return
					}
					for _, secret := range []string{"SECRET", "dana", "00token", "123456", "5551230000", "sp1@", "opf1", "00u1"} {
						if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err.Error()), secret) {
							t.Errorf("%s after %d %q: %v holds %q", name, status, body, err, secret)
						}
					}
				})
			}
		}
	}
}

func TestOnlyWhatMayBeMadeTwiceIsRepeated(t *testing.T) {
	for name, call := range every {
		for _, status := range []int{0, 500, 503} {
			synctest.Test(t, func(t *testing.T) {
				f := always(status, "")
				begun := time.Now()
				wants(t, call(t.Context(), client(f), acme), ErrOutage)
				want := 1
				if repeats[name] {
					want = tries
				}
				if f.calls() != want {
					t.Errorf("%s after %d: %d calls, want %d", name, status, f.calls(), want)
				}
				if took := time.Since(begun); took > callFor {
					t.Errorf("%s took %v", name, took)
				}
			})
		}
	}
}

func TestACallEndsWithinItsTime(t *testing.T) {
	for name, call := range every {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			got := wants(t, call(t.Context(), client(stuck{}), acme), ErrOutage)
			if time.Since(begun) != callFor || got.Cause != context.DeadlineExceeded {
				t.Errorf("%s: %v after %v", name, got, time.Since(begun))
			}
		})
	}
}

// stuck never answers.
type stuck struct{}

func (stuck) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}
