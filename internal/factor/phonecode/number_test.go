package phonecode

import (
	"errors"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/factor"
)

// faultOf is why err refuses a number, "" when it does not.
func faultOf(t *testing.T, err error) factor.NumberFault {
	t.Helper()
	if err == nil {
		return ""
	}
	fault, ok := errors.AsType[factor.BadNumber](err)
	if !ok || fault.Why == "" {
		t.Fatalf("%v is no BadNumber", err)
	}
	return fault.Why
}

func TestNumbersAreReadAsPeopleTypeThem(t *testing.T) {
	const (
		missing, characters, country   = factor.NumberMissing, factor.NumberCharacters, factor.NumberCountry
		impossible, costly, noTexts    = factor.NumberImpossible, factor.NumberCostly, factor.NumberNoTexts
		portland, london, berlin, oslo = "+15035550142", "+442079460958", "+4930123456", "+4721234567"
	)
	for _, tt := range []struct {
		name, country, typed string
		want                 string             // what Voice makes of it
		voice, sms           factor.NumberFault // what each refuses it for
	}{
		{"the form it is kept in", "", "+15035550142", portland, "", ""},
		{"national", "US", "5035550142", portland, "", ""},
		{"brackets and dashes", "US", "(503) 555-0142", portland, "", ""},
		{"dots", "US", "503.555.0142", portland, "", ""},
		{"with the 1 in front", "US", "1-503-555-0142", portland, "", ""},
		{"a country's name in small letters", "us", "503 555 0142", portland, "", ""},
		{"a plus says its own country", "DE", "+1 503 555 0142", portland, "", ""},
		{"a plus, and no such country picked", "XX", "+1 503 555 0142", portland, "", ""},
		{"a bracketed plus", "", "(+1) 503-555-0142", portland, "", ""},
		{"011 from the United States", "US", "011 1 503 555 0142", portland, "", ""},
		{"00 from Germany", "DE", "00 1 503 555 0142", portland, "", ""},
		{"010 from Japan", "JP", "010 1 503 555 0142", portland, "", ""},
		{"00, with the United States picked", "US", "0044 20 7946 0958", london, "", noTexts},
		{"011, with Germany picked", "DE", "011 44 20 7946 0958", london, "", noTexts},
		{"00, and no country picked", "", "0044 20 7946 0958", london, "", noTexts},
		{"the zero in brackets", "", "+44 (0)20 7946 0958", london, "", noTexts},
		{"an address", "", "tel:+1-503-555-0142", portland, "", ""},
		{"a label", "", "Tel. +1 503 555 0142", portland, "", ""},
		{"full-width", "JP", "＋１（５０３）５５５－０１４２", portland, "", ""},
		{"Arabic digits", "EG", "٠١٠٠١٢٣٤٥٦٧", "+201001234567", "", ""},
		{"Persian digits", "IR", "۰۹۱۲۳۴۵۶۷۸۹", "+989123456789", "", ""},
		{"no-break spaces and dashes", "", "+1\u00a0503\u2011555\u20130142", portland, "", ""},
		{"copied from contacts", "", "\u202a+1 (503) 555-0142\u202c\n", portland, "", ""},
		{"a slash", "DE", "030/123456", berlin, "", noTexts},

		{"a British mobile", "GB", "07400 123456", "+447400123456", "", ""},
		{"a British number for drama is not given out", "GB", "07700 900123", "", impossible, impossible},
		{"a German mobile", "DE", "0151 23456789", "+4915123456789", "", ""},
		{"a French mobile", "FR", "06 12 34 56 78", "+33612345678", "", ""},
		{"an Italian line keeps its zero", "IT", "06 1234 5678", "+390612345678", "", noTexts},
		{"an Italian mobile", "IT", "312 345 6789", "+393123456789", "", ""},
		{"an Argentine mobile", "AR", "011 15-2345-6789", "+5491123456789", "", ""},
		{"a Mexican number", "MX", "222 123 4567", "+522221234567", "", ""},
		{"a Brazilian mobile", "BR", "(11) 96123-4567", "+5511961234567", "", ""},
		{"an Indian mobile", "IN", "081234 56789", "+918123456789", "", ""},
		{"a Japanese mobile", "JP", "090-1234-5678", "+819012345678", "", ""},
		{"a Japanese number over IP", "JP", "050-1234-5678", "+815012345678", "", ""},
		{"a Norwegian line", "NO", "21 23 45 67", oslo, "", noTexts},
		{"an Australian mobile", "AU", "0412 345 678", "+61412345678", "", ""},
		{"a Canadian number", "CA", "(506) 234-5678", "+15062345678", "", ""},
		{"a short national number", "NU", "4002", "+6834002", "", noTexts},
		{"a Chinese mobile", "CN", "131 2345 6789", "+8613123456789", "", ""},

		{"nothing", "US", "", "", missing, missing},
		{"spaces", "US", " \u00a0\t", "", missing, missing},
		{"a plus alone", "US", "+", "", missing, missing},
		{"dashes", "US", "--", "", missing, missing},
		{"letters", "US", "1-800-FLOWERS", "", characters, characters},
		{"a word", "US", "mobile", "", characters, characters},
		{"a mail address", "US", "jo@acme.example", "", characters, characters},
		{"a plus inside", "US", "503+5550142", "", characters, characters},
		{"two plusses", "US", "++15035550142", "", characters, characters},
		{"two numbers", "US", "+15035550142, +15035550143", "", characters, characters},
		{"a context", "US", "tel:5550142;phone-context=+1503", "", characters, characters},
		{"invalid UTF-8", "US", "503555014\xff", "", characters, characters},
		{"NUL", "US", "5035550142\x00", "", characters, characters},
		{"Devanagari digits", "IN", "०८१२३४५६७८९", "", characters, characters},
		{"no country", "", "5035550142", "", country, country},
		{"no such country", "XX", "5035550142", "", country, country},
		{"no ISO code", "UK", "07400 123456", "", country, country},
		{"a region of the world", "001", "12345678", "", country, country},
		{"no such calling code", "US", "+999 1234567", "", country, country},
		{"a plus and zeros", "US", "+00 1 503 555 0142", "", country, country},
		{"too short", "US", "555 0142", "", impossible, impossible},
		{"too long", "US", "503 555 0142 9", "", impossible, impossible},
		{"a plus and a country", "US", "+1", "", impossible, impossible},
		{"no such area", "US", "000 555 0142", "", impossible, impossible},
		{"emergency: 911", "US", "911", "", impossible, impossible},
		{"emergency: 112", "DE", "112", "", impossible, impossible},
		{"emergency: 999", "GB", "999", "", impossible, impossible},
		{"emergency: +49 112", "", "+49 112", "", impossible, impossible},
		{"a short code", "US", "24273", "", impossible, impossible},
		{"endless", "US", strings.Repeat("5", 1<<20), "", impossible, impossible},
		{"65 characters", "US", strings.Repeat(" ", 55) + "5035550142", "", impossible, impossible},

		{"premium rate", "US", "+1 900 555 0100", "", costly, costly},
		{"German premium rate", "DE", "0900 1234567", "", costly, costly},
		{"shared cost", "DE", "0180 1234567", "", costly, costly},
		{"toll-free", "US", "800 555 0100", "", costly, costly},
		{"a personal number", "", "+44 70 1234 5678", "", costly, costly},
		{"an American personal number", "US", "500 555 0100", "", costly, costly},
		{"a company's number", "", "+44 55 1234 5678", "", costly, costly},
		{"a pager", "", "+44 7640 123456", "", costly, costly},
		{"international toll-free", "", "+800 1234 5678", "", costly, costly},
		{"international premium rate", "", "+979 1 2345 6789", "", costly, costly},
		{"a satellite telephone", "", "+881 6 123 45678", "", costly, costly},
		{"a ship", "", "+870 773 111 632", "", costly, costly},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, kind := range []struct {
				name  string
				v     Verifier
				fault factor.NumberFault
			}{{"voice", Voice(nil), tt.voice}, {"sms", SMS(nil), tt.sms}} {
				got, err := kind.v.Address(factor.Number{Country: tt.country, Typed: tt.typed})
				want := tt.want
				if kind.fault != "" {
					want = ""
				}
				if fault := faultOf(t, err); fault != kind.fault || got.Reveal() != want {
					t.Errorf("%s: Address(%q, %.40q) = %q, %q, want %q, %q", kind.name, tt.country, tt.typed, got.Reveal(), fault, want, kind.fault)
				}
				if err != nil && len(tt.typed) > 2 && strings.Contains(err.Error(), tt.typed) {
					t.Errorf("%s: the error shows what was typed: %v", kind.name, err)
				}
			}
		})
	}
}

func TestAnExtensionIsTypedBehindTheNumberOrInItsField(t *testing.T) {
	const line, refused = "+15035550100", factor.NumberExtension
	for _, tt := range []struct {
		name, typed, field string
		want               string // the extension that Voice makes of it
		voice, sms         factor.NumberFault
	}{
		{"none", line, "", "", "", ""},
		{"a blank field", line, " ", "", "", ""},
		{"in its field", line, "42", "42", "", refused},
		{"in its field, spaced and full-width", line, " ４ ２ ", "42", "", refused},
		{"zeros in front stay", line, "0042", "0042", "", refused},
		{"eight digits", line, "12345678", "12345678", "", refused},
		{"x", line + "x42", "", "42", "", refused},
		{"X, spaced", line + " X 42", "", "42", "", refused},
		{"ext.", "503 555 0100 ext. 42", "", "42", "", refused},
		{"Ext:", "503 555 0100 Ext: 42", "", "42", "", refused},
		{"extension", "503 555 0100, extension 42", "", "", factor.NumberCharacters, factor.NumberCharacters},
		{"extension without a comma", "503 555 0100 extension 42", "", "42", "", refused},
		{"#", "503 555 0100 #42", "", "42", "", refused},
		{"RFC 3966", "tel:+1-503-555-0100;ext=42", "", "42", "", refused},
		{"twice the same", line + "x42", "42", "42", "", refused},
		{"two that differ", line + "x42", "43", "", refused, refused},
		{"announced and missing", line + " ext.", "", "", refused, refused},
		{"announced, and in its field", line + " ext.", "42", "", refused, refused},
		{"nine digits", line, "123456789", "", refused, refused},
		{"nine digits behind the number", line + "x123456789", "", "", refused, refused},
		{"letters", line, "4a", "", refused, refused},
		{"a mark in the field", line, "x42", "", refused, refused},
		{"Devanagari digits", line, "४२", "", refused, refused},
		{"endless", line, strings.Repeat(" ", 1<<20) + "42", "", refused, refused},
		{"letters behind the number", line + "x4a", "", "", factor.NumberCharacters, factor.NumberCharacters},
		{"no number", "x42", "", "", factor.NumberMissing, factor.NumberMissing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := factor.Number{Country: "US", Typed: tt.typed, Extension: tt.field}
			want := ""
			if tt.voice == "" {
				want = line
			}
			if tt.want != "" {
				want += ";ext=" + tt.want
			}
			got, err := Voice(nil).Address(n)
			if fault := faultOf(t, err); fault != tt.voice || got.Reveal() != want {
				t.Errorf("voice: Address() = %q, %q, want %q, %q", got.Reveal(), fault, want, tt.voice)
			}
			if got, err = SMS(nil).Address(n); faultOf(t, err) != tt.sms {
				t.Errorf("sms: Address() = %q, %v, want %q", got.Reveal(), err, tt.sms)
			}
		})
	}
}

func TestACodeGoesToTheAddressThatWasMade(t *testing.T) {
	for _, tt := range []struct {
		v    Verifier
		n    factor.Number
		want string
	}{
		{SMS(nil), factor.Number{Country: "US", Typed: "503 555 0142"}, "+15035550142"},
		{Voice(nil), factor.Number{Country: "US", Typed: "503 555 0100", Extension: "42"}, "+15035550100;ext=42"},
	} {
		to, err := tt.v.Address(tt.n)
		if err != nil {
			t.Fatal(err)
		}
		a := phone(to.Reveal())
		if got := tt.v.Destination(a); got != tt.want {
			t.Errorf("Destination() = %q, want %q", got, tt.want)
		}
	}
}

func FuzzAnAddressIsReadBackAsItself(f *testing.F) {
	for _, s := range [][3]string{
		{"US", "(503) 555-0142", ""}, {"DE", "030/123456", "42"}, {"", "+44 (0)20 7946 0958 ext. 42", ""}, {"IT", "06 1234 5678", ""},
		{"AR", "011 15-2345-6789", ""}, {"MX", "1 222 123 4567", ""}, {"JP", "＋１（５０３）", "４２"}, {"BR", "0 41 11 96123-4567", ""},
		{"US", "0044 20 7946 0958", ""}, {"SM", "0549 886377", ""}, {"CI", "+225 01 23 45 67 89", "\xff"}, {"001", "tel:;ext=", "x"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, country, typed, extension string) {
		for _, v := range []Verifier{SMS(nil), Voice(nil)} {
			to, err := v.Address(factor.Number{Country: country, Typed: typed, Extension: extension})
			if fault := faultOf(t, err); fault != "" {
				if !to.Empty() {
					t.Errorf("Address(%q, %q, %q) = %q, %q", country, typed, extension, to.Reveal(), fault)
				}
				continue
			}
			for _, picked := range []string{"", "US", country} {
				again, err := v.Address(factor.Number{Country: picked, Typed: to.Reveal()})
				if err != nil || again.Reveal() != to.Reveal() {
					t.Errorf("Address(%q, %q, %q) = %q, and that is read as %q, %v", country, typed, extension, to.Reveal(), again.Reveal(), err)
				}
			}
			a := phone(to.Reveal())
			if v.Destination(a) != to.Reveal() || RegionOf(to.Reveal()) == "" {
				t.Errorf("Address(%q, %q, %q) = %q, which is no destination in a country", country, typed, extension, to.Reveal())
			}
			maskKeepsTheSecret(t, v.Hint(a), to.Reveal())
		}
	})
}
