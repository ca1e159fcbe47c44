package okta

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

const at = origin + "/api/v1/users/00u1/factors/opf1"

// pending is Okta's own example of a push that was enrolled (management API 2026.06.3), with
// shorter ids.
const pending = `{"id":"opf1","factorType":"push","provider":"OKTA","vendorName":"OKTA","status":"PENDING_ACTIVATION",
"created":"2015-11-13T07:34:22.000Z","lastUpdated":"2015-11-13T07:34:22.000Z",
"_links":{"poll":{"href":"` + at + `/lifecycle/activate/poll","hints":{"allow":["POST"]}},"self":{"href":"` + at + `"}},
"_embedded":{"activation":{"expiresAt":"2015-11-13T07:44:22.000Z","factorResult":"WAITING","_links":{
"send":[{"name":"email","href":"` + at + `/lifecycle/activate/email"},{"name":"sms","href":"` + at + `/lifecycle/activate/sms"}],
"qrcode":{"href":"` + at + `/qr/00Ji8qVB","type":"image/png"}}}}}`

// activated is the factor that a poll answers with when the app has scanned.
const activated = `{"id":"opf1","factorType":"push","provider":"OKTA","vendorName":"OKTA","status":"ACTIVE",
"profile":{"credentialId":"x","deviceType":"SmartPhone_IPhone","name":"Dana's\u0007 iPhone","platform":"IOS","version":"9.0"},
"_links":{"verify":{"href":"` + at + `/verify"}}}`

var enrolled = Enrolment{
	Factor: "opf1", Poll: at + "/lifecycle/activate/poll", Picture: at + "/qr/00Ji8qVB",
	Text: at + "/lifecycle/activate/sms", Mail: at + "/lifecycle/activate/email",
	Expires: time.Date(2015, 11, 13, 7, 44, 22, 0, time.UTC),
}

func TestEnrolReadsOktasExample(t *testing.T) {
	f := always(200, pending)
	got, err := client(f).Enrol(t.Context(), acme, "00u1")
	if err != nil || got != enrolled {
		t.Fatalf("got %+v, %v", got, err)
	}
	if f.seen[0] != "POST /api/v1/users/00u1/factors" || f.sent != `{"factorType":"push","provider":"OKTA"}` {
		t.Errorf("asked %v %s", f.seen, f.sent)
	}
	got, err = client(f).Restart(t.Context(), acme, "00u1", "opf1")
	if err != nil || got != enrolled {
		t.Fatalf("restart: got %+v, %v", got, err)
	}
	if f.seen[1] != "POST /api/v1/users/00u1/factors/opf1/lifecycle/activate" || f.sent != "" {
		t.Errorf("asked %v %s", f.seen, f.sent)
	}
}

func TestAnEnrolmentWithoutPollLinkIsPolledWhereOktaPollsIt(t *testing.T) {
	body := strings.Replace(pending, `"poll"`, `"pool"`, 1)
	for name, enrol := range map[string]func(c *Client) (Enrolment, error){
		"Enrol":    func(c *Client) (Enrolment, error) { return c.Enrol(t.Context(), acme, "00u1") },
		"Restart":  func(c *Client) (Enrolment, error) { return c.Restart(t.Context(), acme, "00u1", "opf1") },
		"SendLink": func(c *Client) (Enrolment, error) { return c.SendLink(t.Context(), acme, enrolled.Mail, "") },
	} {
		got, err := enrol(client(always(200, body)))
		if err != nil || got.Poll != enrolled.Poll {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestALinkMayStandAloneInsteadOfInAList(t *testing.T) {
	head, rest, _ := strings.Cut(pending, `"send":[`)
	_, tail, _ := strings.Cut(rest, "],")
	for _, c := range []struct {
		name, send string
		text, mail string
	}{
		{"one", `"send":{"name":"sms","href":"` + enrolled.Text + `"},`, enrolled.Text, ""},
		{"none", ``, "", ""},
		{"one that is none", `"send":7,`, "", ""},
	} {
		got, err := client(always(200, head+c.send+tail)).Enrol(t.Context(), acme, "00u1")
		if err != nil || got.Text != c.text || got.Mail != c.mail {
			t.Errorf("%s: got %+v, %v", c.name, got, err)
		}
	}
}

func TestAnEnrolmentInAnotherShapeIsNone(t *testing.T) {
	for _, c := range []struct{ name, old, new string }{
		{"no id", `"id":"opf1"`, `"id":""`},
		{"an id that is a path", `"id":"opf1"`, `"id":"a/b"`},
		{"another type", `"factorType":"push"`, `"factorType":"sms"`},
		{"no time", `"expiresAt":"2015-11-13T07:44:22.000Z"`, `"expiresAt":"soon"`},
		{"not waiting", `"WAITING"`, `"TIMEOUT"`},
		{"a poll elsewhere", origin + "/api/v1/users/00u1/factors/opf1/lifecycle/activate/poll", "https://evil.example/api/v1/x"},
		{"a poll by http", at + "/lifecycle/activate/poll", "http://acme.okta.com/api/v1/x"},
		{"a picture elsewhere", at + "/qr", "https://acme.okta.com.evil.example/api/v1"},
		{"a text elsewhere", at + "/lifecycle/activate/sms", origin + "@evil.example/api/v1/x"},
		{"a mail elsewhere", at + "/lifecycle/activate/email", origin + ":8443/api/v1/x"},
		{"another path", at + "/qr", origin + "/oauth2/v1/x"},
		{"a path that climbs", at + "/qr", origin + "/api/v1/../../x"},
		{"a path that climbs in disguise", at + "/qr", origin + "/api/v1/%2e%2e/%2e%2e/x"},
	} {
		body := strings.Replace(pending, c.old, c.new, 1)
		if body == pending {
			t.Fatalf("%s changes nothing", c.name)
		}
		got, err := client(always(200, body)).Enrol(t.Context(), acme, "00u1")
		wants(t, err, ErrAnswer)
		if got != (Enrolment{}) {
			t.Errorf("%s: a partial result %+v", c.name, got)
		}
	}
}

func TestAPolicyWithoutTheFactorIsToldFromAFactorThatIsThere(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   error
	}{
		{400, refusing("E0000001", "SECRET factor type is not enabled"), ErrPolicy},
		{403, refusing("E0000006", "not allowed by the policy of dana@example.com"), ErrPolicy},
		{400, refusing("E0000001", "A factor of this type is already set up."), ErrState},
		{403, refusing("E0000006"), ErrPermission},
		{404, refusing("E0000007", "policy"), ErrGone},
	} {
		_, err := client(always(c.status, c.body)).Enrol(t.Context(), acme, "00u1")
		wants(t, err, c.want)
	}
}

func TestActivationReadsBothShapes(t *testing.T) {
	phone := Factor{ID: "opf1", Type: Push, Provider: "OKTA", Status: Active, Device: "Dana's iPhone"}
	for _, c := range []struct {
		name, body string
		want       Activation
	}{
		{"bare, waiting", `{"expiresAt":"2015-11-13T07:44:22.000Z","factorResult":"WAITING","_links":{"send":[]}}`, Activation{Result: Waiting}},
		{"bare, too late", `{"factorResult":"TIMEOUT"}`, Activation{Result: Timeout}},
		{"bare, expired", `{"factorResult":"EXPIRED"}`, Activation{Result: Timeout}},
		{"whole, waiting", pending, Activation{Result: Waiting}},
		{"whole, done", activated, Activation{Result: Success, Factor: phone}},
	} {
		f := always(200, c.body)
		got, err := client(f).Activation(t.Context(), acme, enrolled.Poll)
		if err != nil || got != c.want || !strings.HasPrefix(f.seen[0], "POST /api/v1/") {
			t.Errorf("%s: got %+v, %v", c.name, got, err)
		}
	}
	for _, body := range []string{"", "[]", "null", "{}", `{"factorResult":"SUCCESS"}`, `{"status":"ACTIVE"}`,
		strings.Replace(activated, `"push"`, `"sms"`, 1), strings.Replace(activated, `"opf1"`, `""`, 1)} {
		got, err := client(always(200, body)).Activation(t.Context(), acme, enrolled.Poll)
		wants(t, err, ErrAnswer)
		if got != (Activation{}) {
			t.Errorf("%q: a partial result %+v", body, got)
		}
	}
}

func TestSendLinkTextsANumberOrMails(t *testing.T) {
	f := always(200, pending)
	got, err := client(f).SendLink(t.Context(), acme, enrolled.Text, "+15551230000")
	if err != nil || got.Picture != "" || got.Poll != enrolled.Poll {
		t.Fatalf("got %+v, %v", got, err)
	}
	var sent struct {
		Profile map[string]string `json:"profile"`
	}
	if json.Unmarshal([]byte(f.sent), &sent) != nil || sent.Profile["phoneNumber"] != "+15551230000" {
		t.Errorf("sent %s", f.sent)
	}
	if _, err = client(f).SendLink(t.Context(), acme, enrolled.Mail, ""); err != nil || f.sent != "" {
		t.Errorf("mail: %v, sent %s", err, f.sent)
	}
}

func TestPictureTakesASmallPNGAlone(t *testing.T) {
	const png = "\x89PNG\r\n\x1a\n"
	for _, c := range []struct {
		name, media, body string
		ok                bool
	}{
		{"a picture", "image/png", png + "x", true},
		{"at most this long", "image/png", png + strings.Repeat("x", maxPicture-8), true},
		{"too long", "image/png", png + strings.Repeat("x", maxPicture-7), false},
		{"another type", "image/svg+xml", png, false},
		{"a page that says it is one", "image/png", "<html>", false},
		{"no type", "", png, false},
		{"empty", "image/png", "", false},
	} {
		f := always(200, c.body)
		f.header = map[string][]string{"Content-Type": {c.media}}
		got, err := client(f).Picture(t.Context(), acme, enrolled.Picture)
		if c.ok && (err != nil || string(got) != c.body || f.last.Header.Get("Accept") != "image/png") {
			t.Errorf("%s: %d bytes, %v", c.name, len(got), err)
		}
		if !c.ok {
			wants(t, err, ErrAnswer)
		}
	}
}

func TestFactorsListsAllOrNone(t *testing.T) {
	totp := `{"id":"ost1","factorType":"token:software:totp","provider":"OKTA","status":"ACTIVE"}`
	got, err := client(always(200, "["+activated+","+totp+"]")).Factors(t.Context(), acme, "00u1")
	want := []Factor{
		{ID: "opf1", Type: Push, Provider: "OKTA", Status: Active, Device: "Dana's iPhone"},
		{ID: "ost1", Type: TOTP, Provider: "OKTA", Status: Active},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err = client(always(200, "[]")).Factors(t.Context(), acme, "00u1"); err != nil || len(got) != 0 {
		t.Errorf("none: got %+v, %v", got, err)
	}
	for _, body := range []string{"null", "{}", "", "[" + activated, "[{}]", "[" + totp + `,{"id":"x"}]`, "[null]", "[1]"} {
		got, err := client(always(200, body)).Factors(t.Context(), acme, "00u1")
		wants(t, err, ErrAnswer)
		if got != nil {
			t.Errorf("%q: a partial result %v", body, got)
		}
	}
}

func TestUnenrolDeletes(t *testing.T) {
	f := always(204, "")
	if err := client(f).Unenrol(t.Context(), acme, "00u1", "opf1"); err != nil || f.seen[0] != "DELETE /api/v1/users/00u1/factors/opf1" {
		t.Errorf("%v, asked %v", err, f.seen)
	}
}

// Links are stored between two requests, so they are checked again: a row that was edited
// must not send our token elsewhere.
func TestAStoredLinkToAnotherPlaceIsNotFollowed(t *testing.T) {
	f := always(200, pending)
	c := client(f)
	for _, to := range []string{"", "x", "/api/v1/x", "https://evil.example/api/v1/x", "https://other.okta.com/api/v1/x", "http://acme.okta.com/api/v1/x",
		origin + "/", origin + "/api/v1", origin + "/api/v2/x", origin + ".evil.example/api/v1/x", origin + ":443/api/v1/x", origin + "/api/v1/x#y",
		"https://x:y@acme.okta.com/api/v1/x", origin + "/api/v1/../x", origin + `/api/v1/\x`, origin + "/api/v1/" + strings.Repeat("a", 2048)} {
		_, err := c.Picture(t.Context(), acme, to)
		wants(t, err, ErrAnswer)
		_, err = c.Activation(t.Context(), acme, to)
		wants(t, err, ErrAnswer)
		_, err = c.SendLink(t.Context(), acme, to, "")
		wants(t, err, ErrAnswer)
		_, err = c.Transaction(t.Context(), acme, to)
		wants(t, err, ErrAnswer)
		wants(t, c.Cancel(t.Context(), acme, to), ErrAnswer)
	}
	if f.calls() != 0 {
		t.Errorf("asked %v", f.seen)
	}
}
