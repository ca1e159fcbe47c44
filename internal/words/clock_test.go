package words

import (
	"testing"
	"time"
)

func TestTimesAreWrittenInTheReadersZone(t *testing.T) {
	p := loaded(t).Printer("en")
	portland, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	etc, err := time.LoadLocation("Etc/UTC")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 25, 0, 2, 30, 0, time.UTC)
	for _, test := range []struct{ got, want string }{
		{p.Clock(at, portland), "16:02:30"},
		{p.Clock(at, nil), "00:02:30 UTC"},
		{p.Minute(at, portland), "16:02"},
		{p.Minute(at, time.UTC), "00:02 UTC"},
		{p.On(at, portland), "16:02 on 24 November 2026"},
		{p.Day(at, portland), "24 Nov 2026"},
		{p.Day(at, nil), "25 Nov 2026"},
		{p.Recent(at, at.Add(time.Hour), portland), "today, 16:02"},
		{p.Recent(at, at.Add(9*time.Hour), portland), "24 Nov 2026"},
		{p.Zone(portland, at), "Los Angeles, UTC−08:00"},
		{p.Zone(portland, at.AddDate(0, 6, 0)), "Los Angeles, UTC−07:00"},
		{p.Zone(nil, at), "UTC"},
		{p.Zone(etc, at), "UTC"},
		{p.Minute(at, etc), "00:02 UTC"},
		{p.When(at, at.Add(-time.Hour), portland), "16:03"},
		{p.When(at.Add(-30*time.Second), at.Add(-time.Hour), portland), "16:02"},
		{p.When(at, at.AddDate(0, 0, -1), portland), "16:03 on 24 November 2026"},
		{Countdown(48 * time.Second), "0:48"},
		{Countdown(15*time.Minute + time.Millisecond), "15:01"},
		{Countdown(-time.Second), "0:00"},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}
