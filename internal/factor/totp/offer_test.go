package totp

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"sallyport.dev/sallyport/internal/secret"
)

func TestANewSecretIs160BitsOfBase32(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		s, err := Verifier{}.NewSecret()
		if err != nil {
			t.Fatal(err)
		}
		if key, err := decode(s); err != nil || len(key) != 20 || len(s.Reveal()) != 32 {
			t.Errorf("NewSecret() has %d characters and decodes to %d bytes, %v", len(s.Reveal()), len(key), err)
		}
		if seen[s.Reveal()] {
			t.Error("a secret came twice")
		}
		seen[s.Reveal()] = true
	}
}

func TestAnOfferHasTheAddressThatAppsRead(t *testing.T) {
	const tail = "&algorithm=SHA1&digits=6&period=30"
	const key = "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for _, tt := range []struct{ name, issuer, account, want string }{
		{"plain", "Acme", "jo", "Acme:jo" + key + "&issuer=Acme" + tail},
		{"a space", "Acme Inc", "jo do", "Acme%20Inc:jo%20do" + key + "&issuer=Acme%20Inc" + tail},
		{"a plus", "A+B", "jo+crm@acme.example", "A%2BB:jo%2Bcrm%40acme.example" + key + "&issuer=A%2BB" + tail},
		{"colons", "Acme: Inc", "crm:jo", "Acme%20Inc:crmjo" + key + "&issuer=Acme%20Inc" + tail},
		{"what parts an address", "A&B?#/%", "jo=1", "A%26B%3F%23%2F%25:jo%3D1" + key + "&issuer=A%26B%3F%23%2F%25" + tail},
		{"UTF-8", "Bäcker 東京", "jö", "B%C3%A4cker%20%E6%9D%B1%E4%BA%AC:j%C3%B6" + key + "&issuer=B%C3%A4cker%20%E6%9D%B1%E4%BA%AC" + tail},
		{"no UTF-8", "A\xff", "jo", "A%EF%BF%BD:jo" + key + "&issuer=A%EF%BF%BD" + tail},
		{"no issuer", " : ", "jo", "jo" + key + tail},
	} {
		offer, err := Verifier{}.Offer(phone(), tt.issuer, tt.account)
		if err != nil {
			t.Fatal(err)
		}
		if got := offer.URL.Reveal(); got != "otpauth://totp/"+tt.want {
			t.Errorf("%s:\n got %s\nwant otpauth://totp/%s", tt.name, got, tt.want)
		}
	}
}

func TestAnOffersKeyIsInGroupsOfFour(t *testing.T) {
	offer, err := Verifier{}.Offer(phone(), "Acme", "jo")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := offer.Key.Reveal(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"; got != want {
		t.Errorf("Key = %q, want %q", got, want)
	}
}

func FuzzAnOffersAddressCarriesEveryName(f *testing.F) {
	f.Add("Acme Inc", "jo+crm@acme.example")
	f.Add("A:B", "\xff")
	f.Add("", "%2")
	f.Fuzz(func(t *testing.T, issuer, account string) {
		offer, err := Verifier{}.Offer(phone(), issuer, account)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(offer.URL.Reveal())
		if err != nil {
			t.Fatalf("Offer(%q, %q): %v", issuer, account, err)
		}
		plain := func(s string) string {
			return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), ":", ""))
		}
		label := plain(account)
		if plain(issuer) != "" {
			label = plain(issuer) + ":" + label
		}
		if u.Path != "/"+label || u.Query().Get("issuer") != plain(issuer) || u.Query().Get("secret") != phone().Secret.Reveal() {
			t.Errorf("Offer(%q, %q) = %s", issuer, account, offer.URL.Reveal())
		}
		if strings.Contains(offer.URL.Reveal(), "+") || !utf8.ValidString(u.Path) {
			t.Errorf("Offer(%q, %q) = %s", issuer, account, offer.URL.Reveal())
		}
	})
}

func FuzzASecretIsReadOnlyIfItWouldBeWrittenSo(f *testing.F) {
	f.Add("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	f.Add("GEZDGNBVGY3TQOJQ\nGEZDGNBVGY3TQOJQ")
	f.Fuzz(func(t *testing.T, s string) {
		if key, err := decode(secret.New(s)); err == nil && base32Key.EncodeToString(key) != s {
			t.Errorf("decode(%q) is written %q", s, base32Key.EncodeToString(key))
		}
	})
}
