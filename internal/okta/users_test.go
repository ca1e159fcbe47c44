package okta

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

const login = "sp1@users.example.com"

func TestMakeUserMakesOneWithoutPasswordAndMail(t *testing.T) {
	f := always(200, `{"id":"00u1","status":"ACTIVE","profile":{"login":"x"}}`)
	u, err := client(f).MakeUser(t.Context(), acme, Profile{Login: login})
	if err != nil || u != (User{ID: "00u1", Status: "ACTIVE"}) {
		t.Fatalf("got %v, %v", u, err)
	}
	if f.seen[0] != "POST /api/v1/users?provider=true" || f.last.Header.Get("Authorization") != "SSWS 00tokenSECRET" {
		t.Errorf("asked %v as %q", f.seen, f.last.Header.Get("Authorization"))
	}
	var sent struct {
		Profile     map[string]string
		Credentials map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(f.sent), &sent); err != nil {
		t.Fatal(err)
	}
	if sent.Profile["login"] != login || sent.Profile["email"] != login || string(sent.Credentials["provider"]) != `{"type":"FEDERATION","name":"FEDERATION"}` ||
		len(sent.Credentials) != 1 {
		t.Errorf("sent %s", f.sent)
	}
}

func TestMakingAUserTwiceFindsTheFirst(t *testing.T) {
	f := &fake{answer: func(r *http.Request, _ string) (int, string) {
		if r.Method == http.MethodPost {
			return 400, refusing("E0000001", "login: An object with this field already exists")
		}
		return 200, `{"id":"00u1","status":"STAGED","profile":{"login":"SP1@users.example.com"}}`
	}}
	u, err := client(f).MakeUser(t.Context(), acme, Profile{Login: login})
	if err != nil || u != (User{ID: "00u1", Status: "STAGED"}) {
		t.Fatalf("got %v, %v", u, err)
	}
	if got := f.seen[1]; got != "GET /api/v1/users/sp1@users.example.com" {
		t.Errorf("asked %s", got)
	}
}

func TestAUserRefusedForAnotherReasonStaysRefused(t *testing.T) {
	f := &fake{answer: func(r *http.Request, _ string) (int, string) {
		if r.Method == http.MethodPost {
			return 400, refusing("E0000001", "lastName: too short")
		}
		return 404, refusing("E0000007")
	}}
	_, err := client(f).MakeUser(t.Context(), acme, Profile{Login: login})
	if got := wants(t, err, ErrState); got.Call != "make user" {
		t.Errorf("got %+v", got)
	}
}

func TestAUserOfAnotherLoginIsNotTheOneLookedFor(t *testing.T) {
	f := always(200, `{"id":"00u1","status":"ACTIVE","profile":{"login":"sp1@other.example.com"}}`)
	for _, login := range []string{"sp1", "sp1@users.example.com"} {
		_, err := client(f).FindUser(t.Context(), acme, login)
		wants(t, err, ErrGone)
	}
	if u, err := client(f).FindUser(t.Context(), acme, "00u1"); err != nil || u.ID != "00u1" {
		t.Errorf("by id: %v, %v", u, err)
	}
}

func TestAnIdThatCouldChangeThePathIsNotThere(t *testing.T) {
	f := always(200, `{}`)
	c := client(f)
	for _, id := range []string{"", ".", "..", "...", "me", "a/b", "../x", "a?b", "a#b", "a%2fb", "a b", "a\n", "ä", strings.Repeat("a", 256)} {
		_, err := c.FindUser(t.Context(), acme, id)
		wants(t, err, ErrGone)
		_, err = c.Factors(t.Context(), acme, id)
		wants(t, err, ErrGone)
		_, err = c.Push(t.Context(), acme, "00u1", id, Device{}, false)
		wants(t, err, ErrGone)
		wants(t, c.Unenrol(t.Context(), acme, "00u1", id), ErrGone)
	}
	if f.calls() != 0 {
		t.Errorf("asked %v", f.seen)
	}
}

func TestAnAnswerInAnotherShapeIsNoUser(t *testing.T) {
	for _, body := range []string{"", "null", "[]", "{}", `{"id":"00u1"}`, `{"id":1,"status":"ACTIVE"}`, `{"id":"../x","status":"ACTIVE"}`,
		`{"id":"00u1","status":"two words"}`, `{"id":"00u1","status":"ACTIVE"`, `{"id":"00u1","status":"ACTIVE"}}`, "<html>"} {
		u, err := client(always(200, body)).FindUser(t.Context(), acme, login)
		wants(t, err, ErrAnswer)
		if u != (User{}) {
			t.Errorf("%q: a partial result %v", body, u)
		}
	}
	f := always(200, `{"id":"00u1","status":"ACTIVE"}`)
	f.header = http.Header{"Content-Type": {"text/html"}}
	_, err := client(f).FindUser(t.Context(), acme, login)
	wants(t, err, ErrAnswer)
	_, err = client(always(200, `{"id":"00u1","status":"ACTIVE","x":"`+strings.Repeat("x", maxJSON)+`"}`)).FindUser(t.Context(), acme, login)
	wants(t, err, ErrAnswer)
}
