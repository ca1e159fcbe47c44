package signin_test

import (
	"errors"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/signin"
)

// A link changes nothing about its user: it is used up, and a line of the log says so.
func TestAMailedLinkIsUsedUpAndNothingElse(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	st := signin.State{User: signin.User{ID: "dana", Company: "co", Version: 7, Epoch: 3, Status: company.Active}}
	link := signin.Link{ID: "l", Company: "co", User: "dana", Epoch: 3, Expires: now.Add(time.Millisecond)}
	after, effects, err := signin.Decide(st, signin.Unlock{Link: link, Address: "203.0.113.7"}, now)
	if err != nil || after.User.Version != 7 || after.Session != nil || after.SignIn != nil || len(effects) != 2 {
		t.Fatalf("%+v, %+v, %v", after, effects, err)
	}
	note, ok := effects[1].(signin.Note)
	if effects[0] != (signin.SpendLink{ID: "l", At: now}) || !ok || note.Event.Kind != audit.LinkUsed || note.Event.Address != "203.0.113.7" {
		t.Errorf("%+v", effects)
	}
	for name, c := range map[string]struct {
		change func(*signin.State, *signin.Link)
		want   error
	}{
		"used":               {func(_ *signin.State, l *signin.Link) { l.Used = true }, signin.ErrEnded},
		"of an older epoch":  {func(s *signin.State, _ *signin.Link) { s.User.Epoch++ }, signin.ErrEnded},
		"its user is gone":   {func(s *signin.State, _ *signin.Link) { s.User.Status = company.Deactivated }, signin.ErrEnded},
		"an hour old":        {func(_ *signin.State, l *signin.Link) { l.Expires = now }, signin.ErrExpired},
		"another's":          {func(s *signin.State, _ *signin.Link) { s.User.ID = "ada" }, signin.ErrNotFound},
		"of another company": {func(s *signin.State, _ *signin.Link) { s.User.Company = "other" }, signin.ErrNotFound},
	} {
		s, l := st, link
		c.change(&s, &l)
		if _, effects, err := signin.Decide(s, signin.Unlock{Link: l}, now); !errors.Is(err, c.want) || effects != nil {
			t.Errorf("%s: %v, %+v", name, err, effects)
		}
	}
}

func TestLinksAreMailedOnceAnHourAndAFewTimesADay(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	var asked []time.Time
	for range signin.LinksPerDay {
		if !signin.MayMailLink(asked, now) {
			t.Fatalf("none after %d", len(asked))
		}
		asked = append(asked, now)
		if signin.MayMailLink(asked, now.Add(signin.LinkEvery-time.Millisecond)) {
			t.Fatal("two within an hour")
		}
		now = now.Add(signin.LinkEvery)
	}
	if signin.MayMailLink(asked, now) {
		t.Fatal("more in a day than there may be")
	}
}
