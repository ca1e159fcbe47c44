package signin_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func TestAnIPv6NetworkIsASlash64(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8::1": "2001:db8::/64",
		"2001:DB8:0:0:ffff::1": "2001:db8::/64", "2001:db8:0:1::1": "2001:db8:0:1::/64", "fe80::1%eth0": "fe80::/64",
		"@": "@", "": "",
	} {
		if got := signin.Prefix(address); got != want {
			t.Errorf("Prefix(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestANetworkWaitsFromAHundredFailuresOfTenNames(t *testing.T) {
	zero := time.Unix(1_800_000_000, 0).Truncate(time.Minute)
	now := zero.Add(9*time.Minute + 30*time.Second)
	// of makes rows of so many failures each, for names 0 to n-1, in one minute.
	of := func(minute, names, each int) (rows []signin.NetworkFailure) {
		for i := range names {
			rows = append(rows, signin.NetworkFailure{Minute: zero.Add(time.Duration(minute) * time.Minute), Subject: fmt.Sprint(i), Fails: each})
		}
		return rows
	}
	for _, tt := range []struct {
		name string
		rows []signin.NetworkFailure
		want time.Duration // after zero; 0: none
	}{
		{"nothing", nil, 0},
		{"a hundred of ten names", of(5, 10, 10), 15 * time.Minute},
		{"a hundred of nine", of(5, 9, 12), 0},
		{"ninety-nine of many", append(of(5, 33, 2), of(6, 33, 1)...), 0},
		{"all given back", of(5, 200, 0), 0},
		{"until the oldest are left out", append(of(1, 10, 5), append(of(4, 10, 4), of(8, 10, 4)...)...), 11 * time.Minute},
		{"until so many are that it is enough", append(of(0, 1, 1), of(3, 10, 10)...), 13 * time.Minute},
		{"those of ten minutes ago count no more", append(of(-1, 10, 9), of(8, 10, 9)...), 0},
	} {
		got := signin.NetworkWait(tt.rows, now)
		if tt.want == 0 != got.IsZero() || tt.want != 0 && !got.Equal(zero.Add(tt.want)) {
			t.Errorf("%s: until %v, want %v after zero", tt.name, got, tt.want)
		}
	}
}

// A cookie holds after the key was rotated, and no longer than its key.
func TestABrowserStaysKnownWhenTheKeyIsRotated(t *testing.T) {
	h := newHouse(t)
	ring := func(active secret.KeyID, ids ...secret.KeyID) *secret.Ring {
		keys := map[secret.KeyID][]byte{}
		for _, id := range ids {
			keys[id] = append(make([]byte, 30), id[len(id)-2:]...)
		}
		r, err := secret.NewRing(active, keys)
		h.Must(err)
		return r
	}
	c := h.b.Between.Company
	u := h.User(c, company.Salesperson)
	user, _, err := h.Store.FindUser(t.Context(), c, u)
	h.Must(err)
	s := &signin.SignIns{
		Store: h.Store, Forms: h.Store, Names: h.Store, Passwords: anyPassword{}, Keys: ring("k-1", "k-1"),
		Kinds: map[factor.Kind]factor.Verifier{}, Now: func() time.Time { return h.Now }, Log: slog.New(slog.DiscardHandler),
	}
	done := signin.SignIn{ID: "s1", User: u, Epoch: 1, Stage: signin.Done, Demand: signin.Demand{Purpose: signin.PurposeSignIn}}
	token, ok := s.Remember(done, c)
	if !ok || token.Browser != "s1" {
		t.Fatalf("remembered %v as %+v", ok, token.Known)
	}
	if _, ok := s.Remember(signin.SignIn{ID: "s2", User: u, Stage: signin.Challenged}, c); ok {
		t.Error("remembered before the last door has opened")
	}
	as := func(keys *secret.Ring, tokens ...signin.KnownToken) signin.BrowserID {
		t.Helper()
		s.Keys = keys
		begun, err := s.Open(t.Context(), signin.Entry{Name: user.Username, Password: secret.New("any"), Browser: signin.Browser{Known: tokens}})
		h.Must(err)
		st, err := h.Store.Load(t.Context(), signin.Browser{Between: begun.Token})
		h.Must(err)
		return st.SignIn.Browser
	}
	forged := token
	forged.Browser = "mine"
	for what, got := range map[string]signin.BrowserID{
		"under its key":           as(ring("k-1", "k-1"), forged, token),
		"under the next":          as(ring("k-2", "k-1", "k-2"), token),
		"once its key has left":   as(ring("k-2", "k-2"), token),
		"forged":                  as(ring("k-1", "k-1"), forged),
		"with no cookie whatever": as(ring("k-1", "k-1")),
	} {
		want := map[string]signin.BrowserID{"under its key": "s1", "under the next": "s1"}[what]
		if got != want {
			t.Errorf("%s it counts as %q, want %q", what, got, want)
		}
	}
	h.Now = h.Now.Add(signin.KnownLife)
	if got := as(ring("k-1", "k-1"), token); got != "" {
		t.Errorf("after ninety days it counts as %q", got)
	}
}
