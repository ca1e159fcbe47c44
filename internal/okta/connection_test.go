package okta

import (
	"fmt"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/secret"
)

func TestAConnectionIsReadAsItWasWritten(t *testing.T) {
	for _, want := range []Connection{
		{Origin: "https://acme.okta.com", Token: secret.New("00abc"), NumberChallenge: true},
		{Origin: "https://acme.okta.com", ClientID: "0oa1", KeyID: "k1", Key: secret.New("-----BEGIN\n\"key\"\n"), Linked: true},
	} {
		text, err := want.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		var got Connection
		if err := got.Unmarshal(text); err != nil {
			t.Fatal(err)
		}
		if got.Token.Reveal() != want.Token.Reveal() || got.Key.Reveal() != want.Key.Reveal() {
			t.Errorf("got token %q, key %q", got.Token.Reveal(), got.Key.Reveal())
		}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) || got.Org().Service.KeyID != want.KeyID || got.Org().Origin != want.Origin {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if s := fmt.Sprintf("%+v %+v", got, got.Org()); strings.Contains(s, "00abc") || strings.Contains(s, "BEGIN") {
			t.Errorf("it prints its secrets: %s", s)
		}
	}
}

func TestWhatIsNoConnectionIsRefusedWithoutQuotingIt(t *testing.T) {
	for _, text := range []string{"", "null", "{}", "[secret]", `{"origin":7,"token":"00abc"}`} {
		var c Connection
		err := c.Unmarshal(secret.New(text))
		if err == nil || strings.Contains(err.Error(), "00abc") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
