package okta

import (
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

// challenged is Okta's own example of a push on its way, with a number (management API
// 2026.06.3).
const challenged = `{"expiresAt":"2015-04-01T15:57:32.000Z","factorResult":"WAITING","_links":{
"poll":{"href":"` + at + `/transactions/v2mst.Gld"},"cancel":{"href":"` + at + `/transactions/v2mst.Gld"}},
"_embedded":{"challenge":{"correctAnswer":72}}}`

func TestPushSaysWhoseBrowserItIs(t *testing.T) {
	long := strings.Repeat("ä", 300)
	for _, c := range []struct {
		name        string
		d           Device
		agent, from string
	}{
		{"a browser", Device{"Mozilla/5.0 (X11)", "8.8.8.8"}, "Mozilla/5.0 (X11)", "8.8.8.8"},
		{"mapped", Device{"M", "::ffff:8.8.8.8"}, "M", "8.8.8.8"},
		{"none", Device{}, "Sallyport", ""},
		{"at home", Device{"M", "192.168.1.7"}, "M", ""},
		{"no address", Device{"M", "8.8.8.8, 1.1.1.1"}, "M", ""},
		{"with a header inside", Device{"M\r\nX: y\x00", "8.8.8.8\r\nX: y"}, "MX: y", ""},
		{"nothing that can be seen", Device{" \t\n", ""}, "Sallyport", ""},
		{"long", Device{long, ""}, strings.Repeat("ä", 256), ""},
	} {
		f := always(201, challenged)
		got, err := client(f).Push(t.Context(), acme, "00u1", "opf1", c.d, false)
		if err != nil || got.Number != 72 || got.Poll != at+"/transactions/v2mst.Gld" || got.Cancel != got.Poll ||
			!got.Expires.Equal(time.Date(2015, 4, 1, 15, 57, 32, 0, time.UTC)) {
			t.Fatalf("%s: got %+v, %v", c.name, got, err)
		}
		if h := f.last.Header; h.Get("User-Agent") != c.agent || h.Get("X-Forwarded-For") != c.from {
			t.Errorf("%s: sent %q, %q", c.name, h.Get("User-Agent"), h.Get("X-Forwarded-For"))
		}
		if f.sent != "" || f.last.Header.Get("Content-Type") != "" {
			t.Errorf("%s: a plain push has a body: %s", c.name, f.sent)
		}
	}
}

func TestPushAsksForANumberAndShowsTheOneThatComes(t *testing.T) {
	for _, c := range []struct {
		number string
		want   int
	}{{"72", 72}, {`"07"`, 7}, {"0", 0}, {"null", -1}} {
		f := always(200, strings.Replace(challenged, "72", c.number, 1))
		got, err := client(f).Push(t.Context(), acme, "00u1", "opf1", Device{}, true)
		if err != nil || got.Number != c.want || f.sent != `{"useNumberMatchingChallenge":true}` {
			t.Errorf("%s: got %+v, %v, sent %s", c.number, got, err, f.sent)
		}
	}
	got, err := client(always(201, strings.Replace(challenged, "_embedded", "x", 1))).Push(t.Context(), acme, "00u1", "opf1", Device{}, true)
	if err != nil || got.Number != -1 {
		t.Errorf("none: got %+v, %v", got, err)
	}
}

func TestAPushInAnotherShapeIsNone(t *testing.T) {
	for _, c := range [][2]string{
		{`"WAITING"`, `"SUCCESS"`}, {`"WAITING"`, `"REJECTED"`}, {"2015-04-01T15:57:32.000Z", "soon"}, {`"poll"`, `"pool"`}, {"72", "-1"}, {"72", "1000"},
		{"72", "7.5"}, {"72", "{}"}, {at, "https://evil.example/api/v1"}, {`"cancel":{"href":"https`, `"cancel":{"href":"http`}, {"{", "["},
	} {
		got, err := client(always(201, strings.Replace(challenged, c[0], c[1], 1))).Push(t.Context(), acme, "00u1", "opf1", Device{}, true)
		wants(t, err, ErrAnswer)
		if got != (Transaction{}) {
			t.Errorf("%v: a partial result %+v", c, got)
		}
	}
}

func TestTransactionTellsTheFourResults(t *testing.T) {
	poll := at + "/transactions/v2mst.Gld"
	for _, want := range []Result{Waiting, Success, Rejected, Timeout} {
		f := always(200, `{"factorResult":"`+string(want)+`"}`)
		got, err := client(f).Transaction(t.Context(), acme, poll)
		if err != nil || got != want || !strings.HasPrefix(f.seen[0], "GET ") {
			t.Errorf("got %v, %v", got, err)
		}
	}
	got, err := client(always(403, refusing("E0000073"))).Transaction(t.Context(), acme, poll)
	if err != nil || got != Rejected {
		t.Errorf("rejected by an error: got %v, %v", got, err)
	}
	for _, body := range []string{"", "{}", "[]", `{"factorResult":"success"}`, `{"factorResult":"CHALLENGE"}`, `{"factorResult":true}`, `{"factorResult":"SUCCESS"`} {
		got, err := client(always(200, body)).Transaction(t.Context(), acme, poll)
		wants(t, err, ErrAnswer)
		if got != "" {
			t.Errorf("%q: %v", body, got)
		}
	}
}

func TestCancelDeletes(t *testing.T) {
	f := always(204, "")
	if err := client(f).Cancel(t.Context(), acme, at+"/transactions/x"); err != nil || f.seen[0] != "DELETE /api/v1/users/00u1/factors/opf1/transactions/x" {
		t.Errorf("%v, asked %v", err, f.seen)
	}
}

func TestVerifyCodeTakesSuccessAloneForRight(t *testing.T) {
	for result, want := range map[string]error{
		"SUCCESS": nil, "FAILED": ErrWrong, "REJECTED": ErrWrong, "EXPIRED": ErrWrong, "TIMEOUT": ErrWrong, "TIME_WINDOW_EXCEEDED": ErrWrong,
		"PASSCODE_REPLAYED": ErrReplayed, "ERROR": ErrOutage, "CHALLENGE": ErrAnswer, "WAITING": ErrAnswer, "success": ErrAnswer, "": ErrAnswer,
	} {
		f := always(200, `{"factorResult":"`+result+`"}`)
		wants(t, client(f).VerifyCode(t.Context(), acme, "00u1", "ost1", secret.New("012345")), want)
		if f.seen[0] != "POST /api/v1/users/00u1/factors/ost1/verify" || f.sent != `{"passCode":"012345"}` {
			t.Errorf("asked %v %s", f.seen, f.sent)
		}
	}
	for _, body := range []string{"", "{}", "null", `"SUCCESS"`, `["SUCCESS"]`} {
		wants(t, client(always(200, body)).VerifyCode(t.Context(), acme, "00u1", "ost1", secret.New("012345")), ErrAnswer)
	}
}

func TestWhatIsNoCodeIsNotSent(t *testing.T) {
	f := always(200, `{"factorResult":"SUCCESS"}`)
	for _, code := range []string{"", "12345", "1234567", "12345a", `1","x":"`, "12 456", "١٢٣"} {
		wants(t, client(f).VerifyCode(t.Context(), acme, "00u1", "ost1", secret.New(code)), ErrWrong)
	}
	if f.calls() != 0 {
		t.Errorf("asked %v", f.seen)
	}
}
