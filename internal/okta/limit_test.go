package okta

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// says are the headers of Okta's limits, by Okta's own clock, which is off by an hour here.
func says(left string, reset time.Duration) http.Header {
	okta := time.Now().Add(time.Hour)
	return http.Header{
		"X-Rate-Limit-Limit": {"600"}, "X-Rate-Limit-Remaining": {left},
		"X-Rate-Limit-Reset": {strconv.FormatInt(okta.Add(reset).Unix(), 10)}, "Date": {okta.UTC().Format(http.TimeFormat)},
	}
}

func TestAfterALimitNobodyCallsUntilItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := always(429, refusing("E0000047"))
		f.header = says("0", 30*time.Second)
		c := client(f)
		begun := time.Now()
		got := wants(t, every["Factors"](t.Context(), c, acme), ErrLimit)
		if d := got.Until.Sub(begun); d != 31*time.Second {
			t.Errorf("until in %v, want 31 s", d)
		}
		for _, name := range []string{"Push", "FindUser", "VerifyCode"} {
			got := wants(t, every[name](t.Context(), c, acme), ErrLimit)
			if got.Until.Sub(begun) != 31*time.Second || got.Status != 0 {
				t.Errorf("%s: %+v", name, got)
			}
		}
		if f.calls() != 1 || time.Since(begun) != 0 {
			t.Errorf("%d calls in %v, want 1 at once", f.calls(), time.Since(begun))
		}
		other := Org{Origin: "https://other.okta.com", Token: acme.Token}
		wants(t, every["Push"](t.Context(), c, other), ErrLimit)
		if f.calls() != 2 {
			t.Error("one organisation held another back")
		}
		time.Sleep(32 * time.Second)
		wants(t, every["Push"](t.Context(), c, acme), ErrLimit)
		if f.calls() != 3 {
			t.Error("still held back")
		}
	})
}

func TestAShortLimitIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		f.answer = func(*http.Request, string) (int, string) {
			if f.calls() == 1 {
				return 429, refusing("E0000047")
			}
			return 200, "[]"
		}
		f.set = func(_ *http.Request, h http.Header) {
			if f.calls() == 1 {
				for name, values := range says("0", time.Second) {
					h[name] = values
				}
			}
		}
		begun := time.Now()
		if err := every["Factors"](t.Context(), client(f), acme); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(begun); d < 2*time.Second || d > 3*time.Second || f.calls() != 2 {
			t.Errorf("%d calls in %v", f.calls(), d)
		}
	})
}

func TestTheLastCallThatIsLeftHoldsTheNextBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := always(200, "[]")
		f.header = says("0", time.Minute)
		c := client(f)
		if err := every["Factors"](t.Context(), c, acme); err != nil {
			t.Fatal(err)
		}
		wants(t, every["Factors"](t.Context(), c, acme), ErrLimit)
		if f.calls() != 1 {
			t.Errorf("%d calls", f.calls())
		}
	})
}

func TestTheLimitOfOneUserHoldsNobodyElseBack(t *testing.T) {
	for _, c := range []struct {
		name string
		code string
		h    http.Header
	}{
		{"by its code", "E0000109", nil},
		{"by calls that are left", "E0000047", says("588", time.Minute)},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := always(429, refusing(c.code))
			f.header = c.h
			cl := client(f)
			for range 3 {
				wants(t, every["VerifyCode"](t.Context(), cl, acme), ErrLimit)
			}
			if f.calls() != 3 {
				t.Errorf("%d calls, want 3", f.calls())
			}
		})
	}
}

func TestHowLongToHoldBack(t *testing.T) {
	now := time.Now()
	h := func(reset, date string) http.Header {
		return http.Header{"X-Rate-Limit-Reset": {reset}, "Date": {date}}
	}
	const date = "Tue, 24 Nov 2026 12:00:00 GMT"
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).Unix()
	for _, c := range []struct {
		name string
		h    http.Header
		want time.Duration
	}{
		{"as its own clock says", h(strconv.FormatInt(at+7, 10), date), 8 * time.Second},
		{"no header", http.Header{}, 5 * time.Second},
		{"no date", h(strconv.FormatInt(at+7, 10), ""), 5 * time.Second},
		{"no number", h("soon", date), 5 * time.Second},
		{"past", h(strconv.FormatInt(at-70, 10), date), time.Second},
		{"far", h(strconv.FormatInt(at+9e6, 10), date), 10 * time.Minute},
		{"beyond all time", h("9223372036854775807", date), 0},
	} {
		got := resume(c.h, now).Sub(now)
		if c.want != 0 && got != c.want || got < time.Second || got > 10*time.Minute {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestTheCircuitOpensAfterFiveOutagesAndLetsOneCallTryAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := always(503, "")
		c := client(f)
		for range 5 {
			wants(t, every["Push"](t.Context(), c, acme), ErrOutage)
		}
		got := wants(t, every["Push"](t.Context(), c, acme), ErrOutage)
		if f.calls() != 5 || time.Until(got.Until) != openFor {
			t.Fatalf("%d calls, %+v", f.calls(), got)
		}
		time.Sleep(openFor)
		wants(t, every["Push"](t.Context(), c, acme), ErrOutage)
		wants(t, every["Push"](t.Context(), c, acme), ErrOutage)
		if f.calls() != 6 {
			t.Fatalf("%d calls, want one more", f.calls())
		}
		time.Sleep(openFor)
		f.answer = func(*http.Request, string) (int, string) { return 404, refusing("E0000007") }
		for range 3 {
			wants(t, every["Push"](t.Context(), c, acme), ErrGone)
		}
		if f.calls() != 9 {
			t.Errorf("%d calls: any answer closes the circuit", f.calls())
		}
	})
}

func TestOneCallAloneTriesAClosedDoor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane()
		for range outages {
			if err := l.enter(t.Context(), time.Now); err != nil {
				t.Fatal(err)
			}
			l.leave(failed, time.Time{}, time.Now())
		}
		time.Sleep(openFor)
		if err := l.enter(t.Context(), time.Now); err != nil {
			t.Fatal(err)
		}
		if err := l.enter(t.Context(), time.Now); !errors.Is(err, ErrOutage) {
			t.Errorf("a second came in: %v", err)
		}
		l.leave(unknown, time.Time{}, time.Now()) // its caller gave up, so the next may try
		if err := l.enter(t.Context(), time.Now); err != nil {
			t.Error(err)
		}
		l.leave(answered, time.Time{}, time.Now()) // from now on all may
		for range 2 {
			if err := l.enter(t.Context(), time.Now); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestNeitherACallerWhoGivesUpNorACarrierOpensTheCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(stuck{})
		for range 7 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			got := wants(t, every["Push"](ctx, c, acme), ErrOutage)
			cancel()
			if got.Cause == nil {
				t.Errorf("answered without a call: %+v", got)
			}
		}
		f := always(503, refusing("E0000139"))
		c = client(f)
		for range 7 {
			wants(t, every["SendLink"](t.Context(), c, acme), ErrOutage)
		}
		if f.calls() != 7 {
			t.Errorf("%d calls, want 7", f.calls())
		}
	})
}

func TestAtMostFiftyCallsAreUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var under, most atomic.Int64
		slow := tripper(func(r *http.Request) (*http.Response, error) {
			if n := under.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			under.Add(-1)
			return always(200, "[]").RoundTrip(r)
		})
		c := client(slow)
		var all sync.WaitGroup
		var done atomic.Int64
		for range 120 {
			all.Go(func() {
				if every["Factors"](t.Context(), c, acme) == nil {
					done.Add(1)
				}
			})
		}
		all.Wait()
		if most.Load() != atOnce || done.Load() != 120 {
			t.Errorf("%d at once, %d done", most.Load(), done.Load())
		}
	})
}

func TestWhoWaitsForASlotInVainIsToldOfALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(stuck{})
		l := c.lane(origin)
		for range atOnce {
			l.slots <- struct{}{}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wants(t, every["Push"](ctx, c, acme), ErrLimit)
	})
}

func TestManyAddressesFillNoMemory(t *testing.T) {
	c := client(stuck{})
	for i := range manyLanes * 3 {
		c.lane("https://a" + strconv.Itoa(i) + ".okta.com")
		c.grant(Org{Origin: "https://a" + strconv.Itoa(i) + ".okta.com"})
	}
	if len(c.lanes) > manyLanes || len(c.grants) > maxGrants {
		t.Errorf("%d lanes, %d grants", len(c.lanes), len(c.grants))
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
