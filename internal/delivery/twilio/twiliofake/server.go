// Package twiliofake is a stand-in for Twilio, for tests: it brings nothing to anybody. It answers
// the two calls that Sallyport makes as Twilio answers them, refuses what Twilio refuses, signs
// what it tells and runs the documents of calls. Every answer of it says that it is a stand-in.
//
//	Server  takes messages and calls, by HTTP on 127.0.0.1      server.go
//	fates   what becomes of a number                            numbers.go
//	Tell    a signed report on one of them                      callback.go
//	Answer, Press, Wait  a call, as its reader hears it          call.go
//
// Nothing happens by itself: a test says what comes next.
package twiliofake

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Account is an account that exists.
type Account struct {
	SID, Token     string
	Key, KeySecret string   // an API key; "": it has none
	Numbers        []string // its own
	Service        string   // a messaging service; "": it has none
	Redacts        bool     // it has Message Redaction
}

// Text is a message that was taken. Form is its request.
type Text struct {
	SID  string
	Form url.Values
}

// Server is the stand-in.
type Server struct {
	Origin string // "http://127.0.0.1:41000"

	account Account
	client  *http.Client // calls back
	http    *http.Server
	ended   chan struct{}

	mu    sync.Mutex
	next  []http.HandlerFunc
	count int
	texts []Text
	calls []*call
}

// Start starts one on a free port of 127.0.0.1.
func Start(a Account) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the stand-in for Twilio: %w", err)
	}
	s := &Server{Origin: "http://" + l.Addr().String(), account: a, client: &http.Client{Timeout: 10 * time.Second}, ended: make(chan struct{})}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go s.http.Serve(l) // ends with Close
	return s, nil
}

// Close ends it, and whatever is held up by Silence.
func (s *Server) Close() {
	close(s.ended)
	_ = s.http.Close() // nobody is left to hear of it
	s.client.CloseIdleConnections()
}

// Texts are the messages that were taken, the oldest first.
func (s *Server) Texts() []Text {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.texts)
}

// Next has h answer the next request instead, each h one.
func (s *Server) Next(h ...http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = append(s.next, h...)
}

// Takes is for Next: the request is taken as any other, but h answers.
func (s *Server) Takes(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.answer(&nothing{header: http.Header{}}, r)
		h(w, r)
	}
}

// nothing is an answer that nobody gets.
type nothing struct{ header http.Header }

func (n *nothing) Header() http.Header         { return n.header }
func (n *nothing) Write(b []byte) (int, error) { return len(b), nil }
func (n *nothing) WriteHeader(int)             {}

// Silence is for Next: no answer until whoever asks gives up.
func (s *Server) Silence(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.ended:
	}
}

// Fails is for Next: an answer with that status, as a gateway in front of Twilio gives it.
func Fails(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<html><title>%d</title>a stand-in for Twilio</html>", status)
	}
}

// ServeHTTP answers as api.twilio.com does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Stand-In", "twiliofake: nothing is sent")
	s.mu.Lock()
	answer := s.answer
	if len(s.next) > 0 {
		answer, s.next = s.next[0], s.next[1:]
	}
	s.mu.Unlock()
	answer(w, r)
}

var path = regexp.MustCompile(`^/2010-04-01/Accounts/([^/]+)/(Messages|Calls)\.json$`)

// answer judges a request in Twilio's order: who asks, what for, with which fields.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	at := path.FindStringSubmatch(r.URL.Path)
	switch {
	case !s.knows(r):
		refuse(w, 20003)
		return
	case at == nil || at[1] != s.account.SID || r.Method != http.MethodPost:
		refuse(w, 20404)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		refuse(w, 20001)
		return
	}
	if at[2] == "Messages" {
		s.takeText(w, r.PostForm)
	} else {
		s.takeCall(w, r.PostForm)
	}
}

// knows checks who asks.
func (s *Server) knows(r *http.Request) bool {
	user, password, _ := r.BasicAuth()
	same := func(a, b string) bool { return b != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
	return user == s.account.SID && same(password, s.account.Token) || user == s.account.Key && same(password, s.account.KeySecret)
}

var number = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// textFault is the code of what is wrong with a message's request; 0: nothing.
func (s *Server) textFault(f url.Values) int {
	validity, err := strconv.Atoi(f.Get("ValidityPeriod"))
	from, service := f.Get("From"), f.Get("MessagingServiceSid")
	switch {
	case f.Get("To") == "":
		return 21604
	case from == "" && service == "":
		return 21603
	case f.Get("Body") == "":
		return 21602
	case utf8.RuneCountInString(f.Get("Body")) > 1600:
		return 21617
	case f.Has("ValidityPeriod") && (err != nil || validity < 1 || validity > 36000):
		return 20001
	case f.Has("StatusCallback") && !isAddress(f.Get("StatusCallback")):
		return 21609
	case f.Has("ContentRetention") && !s.retention(f.Get("ContentRetention"), "discard"):
		return 30029
	case f.Has("AddressRetention") && !s.retention(f.Get("AddressRetention"), "obfuscate"):
		return 30030
	case service != "" && service != s.account.Service:
		return 21701
	case service == "" && !number.MatchString(from):
		return 21212
	case service == "" && !slices.Contains(s.account.Numbers, from):
		return 21606
	case !number.MatchString(f.Get("To")):
		return 21211
	}
	return textRefusal(f.Get("To"))
}

// retention takes what is asked of one of the two.
func (s *Server) retention(asked, hides string) bool {
	return asked == "retain" || asked == hides && s.account.Redacts
}

// isAddress takes what Twilio can call: a host without underscores.
func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && !strings.Contains(u.Host, "_")
}

func (s *Server) takeText(w http.ResponseWriter, f url.Values) {
	if code := s.textFault(f); code != 0 {
		refuse(w, code)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	t := Text{SID: fmt.Sprintf("SM%032x", s.count), Form: f}
	s.texts = append(s.texts, t)
	made := s.made("Messages", t.SID)
	made["to"], made["from"], made["body"] = f.Get("To"), orNull(f.Get("From")), f.Get("Body")
	made["messaging_service_sid"] = orNull(f.Get("MessagingServiceSid"))
	made["num_segments"], made["num_media"] = "1", "0"
	made["error_code"], made["error_message"], made["date_sent"] = nil, nil, nil
	made["status"] = "queued"
	if f.Has("MessagingServiceSid") {
		made["status"], made["num_segments"] = "accepted", "0" // until it has picked a number
	}
	write(w, http.StatusCreated, made)
}

// made are the fields that a new message and a new call both have.
func (s *Server) made(kind, sid string) map[string]any {
	at := "/2010-04-01/Accounts/" + s.account.SID + "/" + kind + "/" + sid
	now := time.Now().UTC().Format(time.RFC1123Z)
	return map[string]any{
		"sid": sid, "account_sid": s.account.SID, "api_version": "2010-04-01", "direction": "outbound-api",
		"date_created": now, "date_updated": now, "price": nil, "price_unit": "USD",
		"uri": at + ".json", "subresource_uris": map[string]any{},
	}
}

// orNull is null for what is not there.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// refuse answers as Twilio does when it says no.
func refuse(w http.ResponseWriter, code int) {
	status, ok := map[int]int{20003: http.StatusUnauthorized, 20404: http.StatusNotFound, 20429: http.StatusTooManyRequests}[code]
	if !ok {
		status = http.StatusBadRequest
	}
	write(w, status, map[string]any{
		"code": code, "status": status, "message": "stand-in for Twilio: refused",
		"more_info": "https://www.twilio.com/docs/errors/" + strconv.Itoa(code),
	})
}

func write(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever has gone hears nothing
}
