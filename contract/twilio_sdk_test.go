package contract

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"

	"sallyport.dev/sallyport/internal/delivery/twilio/twiliofake"
)

// toBooth sends what goes to Twilio to the stand-in.
type toBooth struct{ host string }

func (to toBooth) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", to.host
	return http.DefaultTransport.RoundTrip(r)
}

// Twilio's own library is a customer of the stand-in: it speaks Twilio's dialect.
func TestTwiliosLibraryUnderstandsTheStandIn(t *testing.T) {
	fake, err := twiliofake.Start(customer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	made := client.Client{
		Credentials: client.NewCredentials(customer.SID, customer.Token),
		HTTPClient:  &http.Client{Transport: toBooth{strings.TrimPrefix(fake.Origin, "http://")}},
	}
	made.SetAccountSid(customer.SID)
	twilio := api.NewApiServiceWithClient(&made)

	text := new(api.CreateMessageParams)
	text.SetTo(twiliofake.Good)
	text.SetFrom(customer.Numbers[0])
	text.SetBody("418207 is your code.")
	text.SetValidityPeriod(300)
	text.SetContentRetention("discard")
	text.SetAddressRetention("obfuscate")
	text.SetStatusCallback("https://login.example.com/carriers/main/d1/status")
	m, err := twilio.CreateMessage(text)
	if err != nil || *m.Sid != fake.Texts()[0].SID || *m.Status != "queued" || *m.AccountSid != customer.SID || m.ErrorCode != nil {
		t.Fatalf("%+v, error %v", m, err)
	}

	call := new(api.CreateCallParams)
	call.SetTo(twiliofake.Good)
	call.SetFrom(customer.Numbers[0])
	call.SetTwiml("<Response><Hangup/></Response>")
	call.SetTimeout(30)
	call.SetRecord(false)
	call.SetSendDigits("WW42")
	call.SetStatusCallbackEvent([]string{"initiated", "completed"})
	c, err := twilio.CreateCall(call)
	if err != nil || *c.Sid != fake.Calls()[0].SID || *c.Status != "queued" {
		t.Fatalf("%+v, error %v", c, err)
	}
	if got := fake.Calls()[0].Form["StatusCallbackEvent"]; len(got) != 2 {
		t.Errorf("events %q", got)
	}

	for code, status := range map[int]int{21211: 400, 21610: 400, 20003: 401, 20429: 429} {
		text.SetTo(twiliofake.Refused(code))
		_, err := twilio.CreateMessage(text)
		var no *client.TwilioRestError
		if !errors.As(err, &no) || no.Code != code || no.Status != status || no.MoreInfo == "" {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestTwiliosLibraryTakesTheStandInsSignatures(t *testing.T) {
	validator := client.NewRequestValidator("12345")
	for _, address := range []string{
		"https://login.example.com/carriers/main/d1/status", "https://login.example.com:443/carriers/main/d1/key",
		"http://127.0.0.1:41000/carriers/main/d1/status", "https://login.example.com/x?a=b&c=%2F",
	} {
		for _, f := range []url.Values{{}, {"AccountSid": {"AC1"}, "Digits": {"1"}}, {"b": {"=&"}, "a": {"ä +"}, "aa": {""}, "A": {"x"}}} {
			if !validator.ValidateBody(address, []byte(f.Encode()), twiliofake.Sign("12345", address, f)) {
				t.Errorf("%s, %v", address, f)
			}
		}
	}
}
