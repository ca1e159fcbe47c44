package traces

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
)

const (
	companies = 2
	people    = 3
	browsers  = 4
	spare     = browsers - 1 // a browser of nobody's, for whoever needs rescue
)

// The people by their numbers.
const (
	ada = iota // the one administrator
	bo         // ada's colleague
	cy         // of another company
)

var cast = [people]struct {
	name    string
	company int
	role    company.Role
}{
	{"ada", 0, company.Administrator},
	{"bo", 0, company.Salesperson},
	{"cy", 1, company.Salesperson},
}

// nobody is a name that stands for no one.
const nobody = "nobody"

func nameOf(user int) string {
	if user == none {
		return nobody
	}
	return cast[user].name
}

// clock is passed to every house, and never goes by itself.
type clock struct{ now time.Time }

// browser is a jar of cookies.
type browser struct {
	session int   // the sign-in that made the session it holds
	held    []int // the sign-ins that it has under way
}

// world is one trace under way.
type world struct {
	t        *rapid.T
	ctx      context.Context
	houses   []*house
	clock    *clock
	began    time.Time
	number   int // of the trace, which parts its names from those of others
	browsers [browsers]browser
	past     []*request
	rows     rows // as they are now
	calls    int
	history
}

// newWorld begins a trace. What the one before has left is days old.
func newWorld(t *rapid.T, houses []*house, c *clock, number int, required [companies]bool) *world {
	w := &world{t: t, ctx: context.Background(), houses: houses, clock: c, began: c.now, number: number}
	for i := range w.browsers {
		w.browsers[i].session = none
	}
	w.history = newHistory(required)
	for _, h := range houses {
		if err := h.settle(w.ctx, number, required); err != nil {
			t.Fatalf("%s: %v", h.name, err)
		}
	}
	w.rows = w.read()
	return w
}

// now is how long the trace has been going.
func (w *world) now() time.Duration { return w.clock.now.Sub(w.began) }

// passes lets time pass.
func (w *world) passes(d time.Duration) {
	w.clock.now = w.clock.now.Add(d)
	w.t.Logf("%v: %v later", w.now(), d)
}

// request is one call, which can be made again.
type request struct {
	words   string
	user    int // whose state it may change; none
	browser int
	cookies cookies
	acts    bool // on another's account or the company's rules
	away    away
	outage  bool
	form    form
	ask     func(ctx context.Context, h *house) (answer, error)
	judge   func(before rows, a answer)
	first   answer
	claimed bool // its form was taken: sent again it does nothing more
}

// make makes a call on every house and judges it.
func (w *world) make(r *request) answer {
	before := w.rows
	a := w.both(r)
	w.learn(r, a)
	r.judge(before, a)
	w.judgeRows(before, r)
	r.first = a
	r.claimed = r.form.nonce != "" && (a.Err == "" || len(a.Compared) > 0)
	if r.form.nonce != "" || r.user != none {
		w.past = append(w.past, r)
	}
	return a
}

// both asks every house, which must answer alike and leave the same rows.
func (w *world) both(r *request) answer {
	w.calls++
	var first answer
	var words string
	for i, h := range w.houses {
		h.between.away, h.outage = r.away, r.outage
		a, err := r.ask(w.ctx, h)
		h.between.away, h.outage = awayNever, false
		if err != nil {
			w.t.Fatalf("%s: %s: %v", r.words, h.name, err)
		}
		if i == 0 {
			first, words = a, fmt.Sprintf("%+v", a)
			continue
		}
		if got := fmt.Sprintf("%+v", a); got != words {
			w.t.Fatalf("the engines differ: %s:\n%s: %s\n%s: %s", r.words, w.houses[0].name, words, h.name, got)
		}
	}
	w.t.Logf("%v: %s: %s", w.now(), r.words, first)
	w.rows = w.read()
	return first
}

// read reads the rows of every house, which must be the same.
func (w *world) read() rows {
	var first rows
	for i, h := range w.houses {
		all, err := h.read(w.ctx)
		if err != nil {
			w.t.Fatalf("%s: %v", h.name, err)
		}
		if i == 0 {
			first = all
		} else if !maps.Equal(first, all) {
			w.t.Fatalf("the engines differ in their rows: %s", difference(first, all))
		}
	}
	return first
}

// difference names the first key in which two readings differ.
func difference(a, b rows) string {
	for _, pair := range [][2]rows{{a, b}, {b, a}} {
		for _, k := range pair[0].sorted() {
			if pair[1][k] != pair[0][k] {
				return fmt.Sprintf("%+v is %+v and %+v", k, a[k], b[k])
			}
		}
	}
	return ""
}

// String is an answer in a trace that is printed.
func (a answer) String() string {
	out := a.Err
	if out == "" {
		out = "yes"
	}
	if a.Page.Stage != "" {
		out += fmt.Sprintf(", then %s", a.Page.Stage)
	}
	if a.Page.Asks != none {
		out += fmt.Sprintf(" (method %d, %s)", a.Page.Asks, a.Page.Kind)
	}
	for _, c := range a.Compared {
		out += fmt.Sprintf("; compared with method %d: %s", c.Method, c.Outcome)
	}
	for _, m := range a.Arrived {
		out += fmt.Sprintf("; %s for sign-in %d, challenge %d, generation %d", m.Channel, m.SignIn, m.Challenge, m.Generation)
	}
	for _, m := range a.Mails {
		out += "; mail " + m
	}
	for _, m := range a.Told {
		out += "; text " + m
	}
	return out
}

// cookies are what browser b sends with a request in sign-in i.
func (w *world) cookies(b, i int) cookies {
	return cookies{signIn: i, session: w.browsers[b].session, held: slices.Clone(w.browsers[b].held)}
}

// look is the page that browser b sees of its sign-in i. The houses answered alike so far,
// so one is asked.
func (w *world) look(b, i int) page {
	p, err := w.houses[0].look(w.ctx, w.cookies(b, i))
	if err != nil {
		w.t.Fatalf("the page of sign-in %d: %v", i, err)
	}
	return p
}

// whose is whose session browser b holds.
func (w *world) whose(b int) int {
	if i := w.browsers[b].session; i != none {
		return w.signIns[i].user
	}
	return none
}

// source is where somebody has an answer from.
type source struct {
	words   string
	method  int    // the app of this method
	step    int64  // which shows the code of this step
	message int    // a text or a call
	typed   string // just this
}

// code is the code itself, which is another one on each house. A wrong one is none that
// could be right by chance.
func (h *house) code(s source, asks int) string {
	switch {
	case s.method != none:
		return totpCode(h.methods[s.method].seed, s.step)
	case s.message != none:
		return h.messages[s.message].code
	case s.typed != "":
		return s.typed
	}
	var near []string
	if asks != none && h.methods[asks].kind == factor.TOTP {
		step := stepOf(h.clock())
		for at := step - 25; at <= step+25; at++ {
			near = append(near, totpCode(h.methods[asks].seed, at))
		}
	}
	for _, m := range h.messages {
		near = append(near, m.code)
	}
	guess := 0
	for slices.Contains(near, fmt.Sprintf("%06d", guess)) {
		guess++
	}
	return fmt.Sprintf("%06d", guess)
}

func stepOf(t time.Time) int64 { return t.Unix() / 30 }

// totpCode is RFC 6238, as an app has it.
func totpCode(seed secret.Text, step int64) string {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(seed.Reveal())
	if err != nil {
		return "no seed"
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step))) // a hash never refuses
	sum := mac.Sum(nil)
	from := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[from:])&0x7fffffff%1_000_000)
}
