// Package cookie carries the three kinds of token that a browser may hold: one for each
// sign-in under way, good for its own pages only; the session's, which exists when the last
// door has opened; and, from then on, one for each user who has signed in here, by which the
// browser is known with them. The last opens nothing: known.go.
package cookie

import (
	"net"
	"net/http"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

const (
	sessionName   = "sallyport"
	betweenPrefix = "sallyport-"
	// maxValue bounds what is read of a cookie, in bytes; ours have about 100.
	maxValue = 256
)

// Jar reads and writes the cookies. Secure says that the base address is https: then
// they are __Host- and Secure. On the demo's plain http they are neither, since Safari
// refuses them there.
type Jar struct{ Secure bool }

// Session returns the session token that r carries, zero when there is none.
func (j Jar) Session(r *http.Request) signin.Token { return j.read(r, sessionName) }

// SetSession gives the browser its session. Only a POST may do so.
func (j Jar) SetSession(w http.ResponseWriter, t signin.Token) {
	http.SetCookie(w, j.cookie(sessionName, value(t), 0))
}

// ClearSession takes the browser's session cookie away.
func (j Jar) ClearSession(w http.ResponseWriter) {
	http.SetCookie(w, j.cookie(sessionName, "", -1))
}

// Between returns the token of sign-in id that r carries, zero when there is none.
func (j Jar) Between(r *http.Request, id signin.ID) signin.Token {
	t := j.read(r, betweenPrefix+string(id))
	if t.ID != id {
		return signin.Token{}
	}
	return t
}

// Held lists the sign-ins under way that r carries.
func (j Jar) Held(r *http.Request) []signin.Token {
	var held []signin.Token
	for _, c := range r.Cookies() {
		id, ok := strings.CutPrefix(c.Name, j.prefix()+betweenPrefix)
		if !ok {
			continue
		}
		if t, ok := parse(c.Value); ok && string(t.ID) == id {
			held = append(held, t)
		}
	}
	return held
}

// Browser is all that r carries, but for the sign-in at hand.
func (j Jar) Browser(r *http.Request) signin.Browser {
	return signin.Browser{
		Session: j.Session(r), Held: j.Held(r), Known: j.Known(r), Address: Address(r), Agent: r.UserAgent(),
	}
}

// At is what r carries for sign-in id.
func (j Jar) At(r *http.Request, id signin.ID) signin.Browser {
	return signin.Browser{Between: j.Between(r, id), Session: j.Session(r), Address: Address(r), Agent: r.UserAgent()}
}

// Address is the network address that r came from.
func Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr // a server that gives no port
	}
	return host
}

// Begin gives the browser the cookie of a sign-in that has begun, and takes those away
// that are of no use any more.
func (j Jar) Begin(w http.ResponseWriter, b signin.Begun) {
	for _, t := range b.Over {
		j.KeepBetween(w, t, 0)
	}
	http.SetCookie(w, j.cookie(betweenPrefix+string(b.Token.ID), value(b.Token), signin.SignInLife))
}

// KeepBetween leaves a finished sign-in its cookie for d more, so that a repeated submit
// gets the same answer; 0 takes it away at once.
func (j Jar) KeepBetween(w http.ResponseWriter, t signin.Token, d time.Duration) {
	if d <= 0 {
		d = -1
	}
	http.SetCookie(w, j.cookie(betweenPrefix+string(t.ID), value(t), d))
}

func (j Jar) prefix() string {
	if j.Secure {
		return "__Host-"
	}
	return ""
}

func (j Jar) cookie(name, value string, life time.Duration) *http.Cookie {
	age := int(life / time.Second)
	if life < 0 {
		age, value = -1, ""
	}
	return &http.Cookie{
		Name: j.prefix() + name, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: j.Secure, SameSite: http.SameSiteLaxMode,
	}
}

func (j Jar) read(r *http.Request, name string) signin.Token {
	c, err := r.Cookie(j.prefix() + name)
	if err != nil {
		return signin.Token{}
	}
	t, _ := parse(c.Value)
	return t
}

func value(t signin.Token) string {
	return string(t.Company) + "." + string(t.ID) + "." + t.Secret.Reveal()
}

// parse reads company.id.secret; false for anything else.
func parse(s string) (signin.Token, bool) {
	parts := strings.Split(s, ".")
	if len(s) > maxValue || len(parts) != 3 {
		return signin.Token{}, false
	}
	for _, p := range parts {
		if p == "" || strings.ContainsFunc(p, odd) {
			return signin.Token{}, false
		}
	}
	return signin.Token{Company: company.ID(parts[0]), ID: signin.ID(parts[1]), Secret: secret.New(parts[2])}, true
}

// odd: not a character of our ids and tokens.
func odd(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
}
