package contract

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"sallyport.dev/sallyport/internal/delivery/twilio/twiliofake"
)

// What Sallyport relies on at Twilio: two requests, their answers and errors, and three callbacks.
// The sources are in package twilio; what they leave open is marked.

// form is what a form's fields look like; a name that ends in "?" may be missing.
type form map[string]pattern

// pattern is a regular expression of a whole value, the same of each where there are several.
type pattern string

func (p pattern) matches(value string) bool {
	return regexp.MustCompile(`^(?s:` + string(p) + `)$`).MatchString(value)
}

const (
	aNumber  pattern = `\+[1-9][0-9]{6,14}`
	anURL    pattern = `https?://[^_]+`
	seconds  pattern = `[1-9][0-9]{0,4}`
	anything pattern = `.+`
)

// id is Twilio's id of a kind.
func id(kind string) pattern { return pattern(kind + `[0-9a-fA-F]{32}`) }

// longest are the most characters of a field.
var longest = map[string]int{"Body": 1600, "Twiml": 4000, "SendDigits": 32}

// refuses says what is wrong with a form.
func (f form) refuses(got url.Values) string {
	for name, p := range f {
		bare, optional := strings.CutSuffix(name, "?")
		if !got.Has(bare) && !optional {
			return bare + " is missing"
		}
		for _, value := range got[bare] {
			if !p.matches(value) {
				return fmt.Sprintf("%s is %q, want %s", bare, value, p)
			}
			if n := longest[bare]; n > 0 && utf8.RuneCountInString(value) > n {
				return fmt.Sprintf("%s has more than %d characters", bare, n)
			}
		}
		if len(got[bare]) > 1 && bare != "StatusCallbackEvent" {
			return bare + " is there twice"
		}
	}
	for name := range got {
		if f[name] == "" && f[name+"?"] == "" {
			return name + " should not be there"
		}
	}
	return ""
}

// matching is a text that a pattern matches whole.
type matching pattern

func (m matching) fits(at string, v any) string {
	if t, ok := v.(string); !ok || !pattern(m).matches(t) {
		return fmt.Sprintf("%s is %v, want %s", at, v, m)
	}
	return ""
}

// creation is a request that makes something.
type creation struct {
	name   string
	path   pattern
	sends  form
	answer shape
	codes  map[int]int // of its own errors, with their status
}

const rfc2822 = matching(`[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} \+0000`)

var creations = []creation{
	{
		name: "message", path: `/2010-04-01/Accounts/` + id("AC") + `/Messages\.json`,
		sends: form{
			"To": aNumber, "Body": anything, "From?": aNumber, "MessagingServiceSid?": id("MG"), "ValidityPeriod": seconds,
			"StatusCallback?": anURL, "ContentRetention?": "discard", "AddressRetention?": "obfuscate",
		},
		answer: fields{
			"sid": matching(id("(SM|MM)")), "account_sid": matching(id("AC")), "error_code": any_, "date_created": rfc2822,
			"status": one{"accepted", "queued"}, "direction": one{"outbound-api"}, "uri": text,
		},
		codes: map[int]int{
			21211: 400, 21408: 400, 21606: 400, 21608: 400, 21610: 400, 21612: 400, 21614: 400, 30029: 400, // the last one's status from memory
		},
	},
	{
		name: "call", path: `/2010-04-01/Accounts/` + id("AC") + `/Calls\.json`,
		sends: form{
			"To": aNumber, "From": aNumber, "Twiml": `<\?xml .+`, "Timeout": seconds, "TimeLimit": seconds, "Record": "false",
			"StatusCallback": anURL, "StatusCallbackEvent": "initiated|ringing|answered|completed", "SendDigits?": `[wW0-9A-D*#]+`,
		},
		answer: fields{
			"sid": matching(id("CA")), "account_sid": matching(id("AC")), "date_created": rfc2822,
			"status": one{"queued"}, "direction": one{"outbound-api"}, "uri": text,
		},
		codes: map[int]int{21210: 400, 21214: 400, 21215: 400, 21216: 400, 21217: 400, 21219: 400}, // their status from memory
	},
}

// anywhere are the errors of both.
var anywhere = map[int]int{20003: 401, 20404: 404, 20429: 429}

var problem = just{"code": number, "message": text, "more_info": text, "status": number}

// The statuses of the two, which reports have too.
var (
	textStatus = []string{"accepted", "canceled", "delivered", "failed", "queued", "read", "sending", "sent", "undelivered"}
	callStatus = []string{"busy", "canceled", "completed", "failed", "in-progress", "no-answer", "queued", "ringing"}
)

// callbacks are what is posted to us, by the end of its address. The initiated of a call is from
// memory: its description has it as an event alone.
var callbacks = map[string]form{
	"message": {
		"AccountSid": id("AC"), "MessageSid": id("(SM|MM)"), "MessageStatus": pattern(strings.Join(textStatus, "|")), "ErrorCode?": `[0-9]{5}`,
		"SmsSid?": anything, "SmsStatus?": anything, "To?": anything, "From?": `.*`, "ApiVersion?": anything,
	},
	"call": {
		"AccountSid": id("AC"), "CallSid": id("CA"), "CallStatus": pattern(strings.Join(append(callStatus, "initiated"), "|")),
		"To?": anything, "From?": anything, "Called?": anything, "Caller?": anything, "Direction?": anything, "ApiVersion?": anything, "ErrorCode?": `[0-9]{5}`,
	},
	"key": {
		"AccountSid": id("AC"), "CallSid": id("CA"), "CallStatus": "in-progress", "Digits": `[0-9*#]`, "FinishedOnKey?": `.*`, "msg?": anything,
		"To?": anything, "From?": anything, "Called?": anything, "Caller?": anything, "Direction?": anything, "ApiVersion?": anything,
	},
}

// exchange is a request and its answer.
type exchange struct {
	creation
	sent   url.Values
	status int
	body   any
}

// booth is the stand-in for Twilio with a checker before it.
type booth struct {
	t      *testing.T
	fake   *twiliofake.Server
	origin string // of the checker

	mu   sync.Mutex
	all  []exchange
	seen map[string]bool // "message 201", "call 21217"
}

var customer = twiliofake.Account{
	SID: "AC" + strings.Repeat("0a", 16), Token: "TheAuthToken", Key: "SK" + strings.Repeat("1b", 16), KeySecret: "TheKeySecret",
	Numbers: []string{"+14155550100"}, Service: "MG" + strings.Repeat("2c", 16), Redacts: true,
}

func newBooth(t *testing.T, a twiliofake.Account) *booth {
	t.Helper()
	fake, err := twiliofake.Start(a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	b := &booth{t: t, fake: fake, seen: map[string]bool{}}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.origin = server.URL
	return b
}

// ServeHTTP checks what passes.
func (b *booth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Errorf("read a request: %v", err)
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(sent)))
	got := httptest.NewRecorder()
	b.fake.ServeHTTP(got, r)
	body := got.Body.String()
	b.check(r, sent, got.Code, body)
	for name, values := range got.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(got.Code)
	if _, err := io.WriteString(w, body); err != nil {
		b.t.Errorf("answer: %v", err)
	}
}

func (b *booth) check(r *http.Request, sent []byte, status int, body string) {
	at := slices.IndexFunc(creations, func(c creation) bool { return r.Method == http.MethodPost && c.path.matches(r.URL.EscapedPath()) })
	if at < 0 {
		b.t.Errorf("%s %s is none of the contract", r.Method, r.URL.Path)
		return
	}
	c := creations[at]
	posted, err := url.ParseQuery(string(sent))
	if _, _, ok := r.BasicAuth(); err != nil || !ok || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.URL.RawQuery != "" {
		b.t.Errorf("%s: a form without a query, with a name and a password: %v, %v", c.name, r.Header, err)
	}
	if why := c.sends.refuses(posted); why != "" {
		b.t.Errorf("%s: the request: %s", c.name, why)
	}
	if posted.Has("Body") && posted.Has("From") == posted.Has("MessagingServiceSid") {
		b.t.Errorf("%s: one of From and MessagingServiceSid: %v", c.name, posted)
	}
	var answer any
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		b.t.Errorf("%s: the answer %d: %v", c.name, status, err)
		return
	}
	what, why := c.reads(status, answer)
	if why != "" {
		b.t.Errorf("%s: the answer %d: %s: %s", c.name, status, why, body)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen[c.name+" "+what] = true
	b.all = append(b.all, exchange{c, posted, status, answer})
}

// reads says what an answer is, and what is wrong with it.
func (c creation) reads(status int, answer any) (what, why string) {
	if status == http.StatusCreated {
		return "201", c.answer.fits("", answer)
	}
	if why := problem.fits("", answer); why != "" {
		return strconv.Itoa(status), why
	}
	said := answer.(map[string]any)
	code := int(said["code"].(float64))
	want, ok := c.codes[code]
	if !ok {
		want = anywhere[code]
	}
	if want != status || int(said["status"].(float64)) != status {
		return strconv.Itoa(code), fmt.Sprintf("%d has status %d", code, want)
	}
	return strconv.Itoa(code), ""
}
