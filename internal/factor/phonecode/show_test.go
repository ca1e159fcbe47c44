package phonecode

import (
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestAMaskShowsTheCountryAndTheLastDigits(t *testing.T) {
	for to, want := range map[string]string{
		"+15035550142":                "+1 ••• ••• 0142",
		"+15035550100;ext=42":         "+1 ••• ••• 0100 #42",
		"+15035550100;ext=0042":       "+1 ••• ••• 0100 #0042",
		"+15035550100;ext=12345678":   "+1 ••• ••• 0100 #••••5678",
		"+442079460958":               "+44 •• •••• 0958",
		"+33612345678":                "+33 • •• •• 56 78",
		"+390612345678":               "+39 •• •••• 5678",
		"+4915123456789":              "+49 •••• •••6789",
		"+5491123456789":              "+54 • •• •••• 6789",
		"+29022158":                   "+290 •••58",
		"+6834002":                    "+683 ••02",
		"+15035550142x":               "",
		"":                            "",
		"+999123456789":               "",
		"+80012345678":                "+800 •••• 5678",
		"+15035550100;ext=42;ext=43":  "",
		"+15035550142\u202e":          "",
		"+1503555014200000000000000":  "",
		"tel:+15035550142":            "",
		"+15035550100;ext=" + "４２":    "",
		"+15035550100;phone-context=": "",
	} {
		if got := Voice(nil).Hint(phone(to)); got != want {
			t.Errorf("Hint(%q) = %q, want %q", to, got, want)
		}
	}
}

// maskKeepsTheSecret fails when hint shows more of a number than it may.
func maskKeepsTheSecret(t *testing.T, hint, to string) {
	t.Helper()
	country, rest, _ := strings.Cut(hint, " ")
	national, _, _ := strings.Cut(rest, " #")
	hidden, shown := strings.Count(national, "•"), strings.Count(national, "")-1-strings.Count(national, "•")-strings.Count(national, " ")
	if !strings.HasPrefix(to, country) || hidden == 0 || shown < 1 || shown > 4 || shown > hidden {
		t.Errorf("Hint(%q) = %q: %d digits are shown and %d hidden", to, hint, shown, hidden)
	}
	number, _, _ := strings.Cut(to, ";")
	if hidden+shown != len(number)-len(country) {
		t.Errorf("Hint(%q) = %q: %d places for %d digits", to, hint, hidden+shown, len(number)-len(country))
	}
}

func TestNoCountrysMaskShowsMoreThanFourDigitsOrHalf(t *testing.T) {
	for _, c := range Countries() {
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE} {
			number := phonenumbers.GetExampleNumberForType(c.Region, kind)
			if number == nil {
				continue
			}
			to := phonenumbers.Format(number, phonenumbers.E164)
			maskKeepsTheSecret(t, Voice(nil).Hint(phone(to)), to)
		}
	}
}

func TestCountriesAreSortedAndHaveTheirCodes(t *testing.T) {
	all := Countries()
	if len(all) < 240 {
		t.Errorf("%d countries, want about 245", len(all))
	}
	if !slices.IsSortedFunc(all, func(a, b Country) int { return strings.Compare(a.Region, b.Region) }) {
		t.Error("they are not sorted by region")
	}
	for _, want := range []Country{{"US", 1}, {"CA", 1}, {"GB", 44}, {"DE", 49}, {"IN", 91}, {"NU", 683}, {"VA", 39}} {
		if !slices.Contains(all, want) {
			t.Errorf("%v is missing", want)
		}
	}
	for i, c := range all {
		if len(c.Region) != 2 || strings.ToUpper(c.Region) != c.Region || c.Code < 1 || c.Code > 999 || i > 0 && all[i-1].Region == c.Region {
			t.Errorf("%v is no country, or is there twice", c)
		}
	}
}

func TestADestinationsCountryIsFound(t *testing.T) {
	for to, want := range map[string]string{
		"+15035550142": "US", "+15062345678": "CA", "+442079460958": "GB", "+15035550100;ext=42": "US", "+18765550100": "JM",
		"+390669812345": "VA", "+80012345678": "", "+999123456789": "", "5035550142": "", "": "", "US": "",
	} {
		if got := RegionOf(to); got != want {
			t.Errorf("RegionOf(%q) = %q, want %q", to, got, want)
		}
	}
}

func BenchmarkHint(b *testing.B) {
	v, a := SMS(nil), phone(number)
	b.ReportAllocs()
	for b.Loop() {
		if v.Hint(a) == "" {
			b.Fatal("no mask")
		}
	}
}
