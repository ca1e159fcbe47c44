package e2e

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Whoever has the right password and no method gets to the list of methods and no
// further, whatever their role and whatever they type into the address line.
func TestWithoutASecondFactorNobodyIsIn(t *testing.T) {
	t.Parallel()
	demo := Demo(t, program, t.TempDir())
	for _, way := range ways {
		t.Run(way.String(), func(t *testing.T) {
			t.Parallel()
			for _, u := range six {
				p := newPerson(t, demo, u.username, way)
				if p.user.Role != u.role {
					t.Errorf("the table calls %s %q, want %q", u.username, p.user.Role, u.role)
				}
				p.givePassword()
				p.Heading("Set up two-factor authentication")
				list := p.Path()
				for _, path := range []string{"/", "/settings"} {
					p.Go(path)
					p.At("/sign-in")
					p.Status(200)
				}
				for _, path := range []string{"/settings/methods", "/settings/methods/1/remove", "/admin", "/api/v1/users", list + "/finish", list + "/skip", list + "/answer"} {
					p.Go(path)
					if p.signedIn() {
						t.Errorf("%s: %s is a page of a session:\n%s", u.username, path, p.Text())
					}
				}
				p.Go(list)
				p.Heading("Set up two-factor authentication")
				if p.HasButton("Skip for now") || p.HasButton("Finish") {
					t.Errorf("%s can leave the list without a method: %v", u.username, p.Buttons())
				}
			}
		})
	}
}

func TestTheListOffersTheFourMethods(t *testing.T) {
	journey(t, func(t *testing.T, p *person) {
		p.Go("/")
		p.At("/sign-in")
		p.picture("sign-in")
		p.typePassword()
		p.Heading("Set up two-factor authentication")
		p.See(juniper+" requires it", "about two minutes", "Recommended")
		var offered []Control
		for _, b := range p.Buttons() {
			if strings.HasPrefix(b.Name, "Set up ") {
				offered = append(offered, b)
			}
		}
		slices.SortFunc(offered, func(a, b Control) int { return strings.Compare(a.Name, b.Name) })
		want := []Control{
			{Name: "Set up Google Authenticator"},
			{Name: "Set up Okta Verify"},
			{Name: "Set up SMS Authentication"},
			{Name: "Set up Voice Call Authentication"},
		}
		if !slices.Equal(offered, want) {
			t.Errorf("offered are %v, want %v", offered, want)
		}
		p.See("You approve a notification on your phone.", "Text and data rates may apply.", "A landline works too.")
		p.picture("choose")
	})
}

func TestGoogleAuthenticatorIsSetUp(t *testing.T) {
	journey(t, func(t *testing.T, p *person) {
		p.givePassword()
		p.Press("Set up Google Authenticator")
		p.Heading("Get Google Authenticator")
		p.See("App Store", "Google Play", "Step 1 of 3")
		p.Press("Next")

		p.Heading("Scan this code with the app")
		p.See("Step 2 of 3")
		p.picture("scan")
		key := p.key()
		link := p.Link("Open it on this phone")
		if scanned := p.ScanQR("QR code for the app"); scanned != link {
			t.Errorf("the QR code says %q, the link %q", scanned, link)
		}
		checkOffer(t, link, key, p.user)

		// The key stays the same: looked at again, in another way, after a step back.
		p.Reload()
		p.Press("Next")
		p.Follow("Back")
		if again := p.key(); again != key {
			t.Errorf("the key was %s and is %s after a step back", key, again)
		}
		p.Press("Next")

		p.Heading("Enter the code from the app")
		p.See("Step 3 of 3")
		phone := NewPhone(t, key)
		p.Fill("Enter code", phone.Wrong())
		p.Press("Verify")
		p.Status(422)
		p.See("The code was not right", "4 attempts left")
		p.Fill("Enter code", "12345")
		p.Press("Verify")
		p.Status(422)
		p.SeeOne("A code has six digits.")
		p.Follow("Back")
		if again := p.key(); again != key {
			t.Errorf("the key was %s and is %s after a wrong code", key, again)
		}
		p.Press("Next")

		code := phone.Next()
		p.Fill("Enter code", code[:3]+" "+code[3:])
		p.Press("Verify")
		p.Heading("Google Authenticator is set up")
		p.See("Set up", "You can also set up", "Ready")
		p.picture("finish")

		// A method counts from Verify on; only Finish signs in.
		p.Go("/settings")
		p.At("/sign-in")
		p.GoBack()
		p.Heading("Google Authenticator is set up")
		p.Press("Finish")
		p.inside()
	})
}

// checkOffer checks what the QR code carries: the key and whose it is.
func checkOffer(t *testing.T, link, key string, u User) {
	t.Helper()
	offer, err := url.Parse(link)
	if err != nil || offer.Scheme != "otpauth" || offer.Host != "totp" {
		t.Fatalf("the link is %q (%v), want otpauth://totp/…", link, err)
	}
	q := offer.Query()
	if want := strings.ReplaceAll(key, " ", ""); q.Get("secret") != want {
		t.Errorf("the link has the key %q, the text %q", q.Get("secret"), want)
	}
	if strings.Contains(offer.RawQuery, "+") || !strings.Contains(offer.Path, u.Username) || q.Get("issuer") != juniper {
		t.Errorf("the link %q does not say whose the account is (%s at %s)", link, u.Username, juniper)
	}
	for name, want := range map[string]string{"algorithm": "SHA1", "digits": "6", "period": "30"} {
		if got := q.Get(name); got != "" && got != want {
			t.Errorf("%s is %q, want %q or nothing", name, got, want)
		}
	}
}

// Before Finish a second method can be set up, where the page offers one.
func TestASecondMethodCanBeSetUpBeforeFinish(t *testing.T) {
	journeyIn(t, oneDiagonal, 2, func(t *testing.T, p *person) {
		p.givePassword()
		p.setUp(first)
		p.See("You can also set up")
		if !slices.Contains(p.Buttons(), Control{Name: "Set up Google Authenticator"}) {
			t.Fatalf("a second Google Authenticator is not offered: %v", p.Buttons())
		}
		p.setUp("Google Authenticator 2")
		p.See("Google Authenticator 2", "Finish")
		p.Press("Finish")
		p.inside()
		p.settings()
		p.See("Google Authenticator 2")
		p.signOut()

		// The one used last is asked for, the other one by a press.
		p.givePassword()
		last := p.asked()
		p.Follow("Use another method")
		p.Heading("Use another method")
		other := first
		if last == first {
			other = "Google Authenticator 2"
		}
		p.Pick(other)
		if now := p.asked(); now != other {
			t.Fatalf("chose %q, and the page asks for %q", other, now)
		}
		p.giveCode()
		p.inside()
		p.signOut()
		p.givePassword()
		if now := p.asked(); now != other {
			t.Errorf("the next sign-in asks for %q, want the one used last, %q", now, other)
		}
	})
}

// "Choose another method" and Cancel leave nothing behind.
func TestASetUpCanBeLeft(t *testing.T) {
	journeyIn(t, otherDiagonal, 2, func(t *testing.T, p *person) {
		p.givePassword()
		p.Press("Set up Google Authenticator")
		p.Press("Next")
		key := p.key()
		p.Follow("Back")
		p.Press("Choose another method")
		p.Heading("Set up two-factor authentication")
		p.Press("Set up Google Authenticator")
		p.Press("Next")
		if p.key() == key {
			t.Error("another choice was made meanwhile, and the key is the old one")
		}
		p.Press("Cancel")
		p.At("/sign-in")
		p.Go("/")
		p.At("/sign-in")
		p.givePassword()
		p.Heading("Set up two-factor authentication")
	})
}
