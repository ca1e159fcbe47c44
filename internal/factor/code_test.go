package factor

import (
	"errors"
	"strings"
	"testing"
)

func TestACodeIsReadAsPeopleTypeIt(t *testing.T) {
	for name, s := range map[string]string{
		"plain": "123456", "a space": "123 456", "spaces all over": " 1 2 3 4 5 6 ", "pasted": "123456\r\n", "tab": "123\t456",
		"no-break space": "123\u00a0456", "narrow no-break space": "123\u202f456", "thin space": "123\u2009456",
		"ideographic space": "123\u3000456", "zero width": "\ufeff123\u200b456\u2060",
		"hyphen": "123-456", "no-break hyphen": "123\u2011456", "en dash": "123–456", "em dash": "123—456",
		"minus": "123\u2212456", "full-width hyphen": "123\uff0d456",
	} {
		if got, err := SixDigits(s); err != nil || got != "123456" {
			t.Errorf("%s: SixDigits(%q) = %q, %v", name, s, got, err)
		}
	}
}

func TestWhatIsNoCodeIsMalformed(t *testing.T) {
	for name, s := range map[string]string{
		"empty": "", "spaces": "   ", "five digits": "12345", "seven digits": "1234567", "letters": "12345a", "a word": "abcdef",
		"plus": "+123456", "dot": "123.456", "full-width digits": "１２３４５６", "Arabic digits": "١٢٣٤٥٦",
		"two bytes look like six": "١٢٣", "invalid UTF-8": "12345\xff", "NUL": "12345\x00", "endless": strings.Repeat(" ", 1<<20) + "123456",
	} {
		if got, err := SixDigits(s); !errors.Is(err, ErrMalformed) || got != "" {
			t.Errorf("%s: SixDigits(%.20q) = %q, %v, want ErrMalformed", name, s, got, err)
		}
	}
}

func FuzzACodeIsSixDigitsOrMalformed(f *testing.F) {
	for _, s := range []string{"123456", "123 456", "123–456", "１２３４５６", "\xff\xfe", "12345\u0300"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, err := SixDigits(s)
		if err != nil {
			if !errors.Is(err, ErrMalformed) || code != "" {
				t.Errorf("SixDigits(%q) = %q, %v", s, code, err)
			}
			return
		}
		if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
			t.Errorf("SixDigits(%q) = %q", s, code)
		}
		var order strings.Builder
		for _, r := range s {
			if r >= '0' && r <= '9' {
				order.WriteRune(r)
			}
		}
		if order.String() != code {
			t.Errorf("SixDigits(%q) = %q, but its digits are %s", s, code, order.String())
		}
	})
}
