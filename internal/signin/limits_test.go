package signin

import (
	"testing"
	"time"
)

func TestWaitsGrowToAnHour(t *testing.T) {
	for _, c := range []struct {
		failures         int
		factor, password time.Duration
	}{
		{0, 0, 0},
		{4, 0, 0},
		{5, time.Minute, 30 * time.Second},
		{6, time.Minute, time.Minute},
		{7, time.Minute, 5 * time.Minute},
		{8, 5 * time.Minute, 15 * time.Minute},
		{9, 5 * time.Minute, 30 * time.Minute},
		{10, 15 * time.Minute, time.Hour},
		{11, 30 * time.Minute, time.Hour},
		{12, time.Hour, time.Hour},
		{99, time.Hour, time.Hour},
		{1 << 30, time.Hour, time.Hour},
	} {
		if got := Wait(c.failures); got != c.factor {
			t.Errorf("after %d wrong codes: %s, want %s", c.failures, got, c.factor)
		}
		if got := PasswordWait(c.failures); got != c.password {
			t.Errorf("after %d wrong passwords: %s, want %s", c.failures, got, c.password)
		}
	}
}

func TestASignInIsExtendedByItsStepsForTwoHoursAtMost(t *testing.T) {
	began := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		name  string
		stage Stage
		after time.Duration
		want  time.Duration
	}{
		{"at a challenge", Challenged, 0, 10 * time.Minute},
		{"while choosing", Choosing, 0, 30 * time.Minute},
		{"while enrolling, later", Enrolling, 20 * time.Minute, 50 * time.Minute},
		{"near its end", Enrolling, 110 * time.Minute, 2 * time.Hour},
		{"done: a minute for a repeated form", Done, 5 * time.Minute, 6 * time.Minute},
	} {
		if got := expiry(c.stage, began, began.Add(c.after)); !got.Equal(began.Add(c.want)) {
			t.Errorf("%s: until %s after it began, want %s", c.name, got.Sub(began), c.want)
		}
	}
}
