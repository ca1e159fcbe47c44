package traces

import (
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/signin"
)

// history is what really happened, kept beside the machine's own fields. The verdicts of
// judge_test.go come from it alone. Times are since the trace began.
type history struct {
	persons   [people]person
	passwords map[int]*passwordRun // none: of the name that stands for nobody
	required  [companies]bool
	signIns   []*attempt
	methods   []*held
	messages  []*sent
	sessions  map[int]*stay // by the sign-in that made it
	events    map[audit.Kind]int
	order     int // of what was set up, one after the other
}

// person is what is known of one of the cast.
type person struct {
	active   bool
	must     bool // since a reset
	guessed  bool // so many wrong codes that they may be told
	era      int  // rises at reset, password change and deactivation
	password int
	wait     time.Duration // until when nothing is compared
}

// attempt is a sign-in, or a ceremony in a session.
type attempt struct {
	user, browser int
	purpose       signin.Purpose
	target        int // that is to be removed
	session       int // in which it began
	era           int
	able          set // methods that worked when it began
	others        set // methods that were there at any time since
	proved        set
	provedAt      time.Duration
	first         int // method that was set up in it while there was no other
	made          int // sessions
	compared      map[int]int
	replayed      map[int]int
}

// held is a method, from the moment on at which it is being set up.
type held struct {
	user     int
	kind     factor.Kind
	number   string
	state    state
	order    int
	added    time.Duration
	fails    int
	failedAt time.Duration
	step     int64 // the newest that was accepted
}

type state int

const (
	pending state = iota
	works
	gone
)

// sent is a text or call.
type sent struct {
	message
	user, method int
	at           time.Duration
	entered      bool
}

// stay is a session.
type stay struct {
	user, era     int
	two           bool // a second factor was shown
	there         bool
	created, seen time.Duration
	proved        time.Duration // when a method was shown last; -1: never
}

// passwordRun counts the passwords of one name.
type passwordRun struct {
	fails, hour           int
	last, until, hourFrom time.Duration
}

type set map[int]bool

// longAgo is before every trace, by more than any limit looks back.
const longAgo = -100 * 24 * time.Hour

func newHistory(required [companies]bool) history {
	h := history{required: required, passwords: map[int]*passwordRun{}, sessions: map[int]*stay{}, events: map[audit.Kind]int{}}
	for i := none; i < people; i++ {
		h.passwords[i] = &passwordRun{last: longAgo, until: longAgo, hourFrom: longAgo}
	}
	for i := range h.persons {
		h.persons[i].active, h.persons[i].wait = true, longAgo
	}
	return h
}

// begin notes a sign-in that has begun.
func (h *history) begin(a attempt) {
	a.era, a.first = h.persons[a.user].era, none
	a.able, a.others, a.proved = h.working(a.user), h.working(a.user), set{}
	a.compared, a.replayed = map[int]int{}, map[int]int{}
	h.signIns = append(h.signIns, &a)
}

// working are the methods of a user that have their power.
func (h *history) working(user int) set {
	s := set{}
	for k, m := range h.methods {
		if m.user == user && m.state == works {
			s[k] = true
		}
	}
	return s
}

// needs: whether the user must show a second factor.
func (h *history) needs(user int) bool {
	return h.required[cast[user].company] || h.persons[user].must || len(h.working(user)) > 0
}

// shown reports that sign-in i has been proved by a method that still works.
func (h *history) shown(i int) bool {
	for k := range h.signIns[i].proved {
		if h.methods[k].state == works {
			return true // in whatever order
		}
	}
	return false
}

// opens: whether the session of sign-in i opens the pages.
func (h *history) opens(i int, now time.Duration) bool {
	x := h.sessions[i]
	if x == nil || !x.there {
		return false
	}
	p := h.persons[x.user]
	return p.active && x.era == p.era && now < x.created+signin.SessionLife && now < x.seen+signin.SessionIdle &&
		(x.two || !h.needs(x.user))
}

// fits says what an answer from s is to method k in sign-in i, at now and in this step.
func (h *history) fits(i, k int, s source, now time.Duration, step int64) string {
	switch {
	case s.method != none:
		if s.method != k || s.step < step-1 || s.step > step+1 {
			return wrong
		}
		if s.step <= h.methods[k].step {
			return replayed
		}
		return right
	case s.message != none:
		return h.messageFits(i, k, h.messages[s.message], now)
	}
	return wrong
}

func (h *history) messageFits(i, k int, m *sent, now time.Duration) string {
	newest := h.newest(i)
	if m.SignIn != i || m.method != k || newest == nil || m.Challenge != newest.Challenge || now >= m.Until {
		return wrong
	}
	if m.Generation == newest.Generation || m.Generation == newest.Generation-1 {
		return right
	}
	return wrong
}

// newest is the last message of sign-in i.
func (h *history) newest(i int) *sent {
	for n := len(h.messages) - 1; n >= 0; n-- {
		if h.messages[n].SignIn == i {
			return h.messages[n]
		}
	}
	return nil
}

// sum is how many wrong answers of a user count at now.
func (h *history) sum(user int, now time.Duration) int {
	sum := 0
	for _, m := range h.methods {
		if m.user == user && m.state == works && now-m.failedAt < signin.FailureLife {
			sum += m.fails
		}
	}
	return sum
}

// secondWait is how long nothing is compared after so many wrong answers (security § 1).
func secondWait(fails int) time.Duration {
	switch {
	case fails < 5:
		return 0
	case fails < 8:
		return time.Minute
	case fails < 10:
		return 5 * time.Minute
	case fails == 10:
		return 15 * time.Minute
	case fails == 11:
		return 30 * time.Minute
	}
	return time.Hour
}

// passwordWait is the same for passwords.
func passwordWait(fails int) time.Duration {
	waits := []time.Duration{0, 0, 0, 0, 0, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute}
	if fails < len(waits) {
		return waits[fails]
	}
	return time.Hour
}

// locked is until when no password of this name is compared; not after now where it is.
func (p *passwordRun) locked(now time.Duration) time.Duration {
	if now < p.until {
		return p.until
	}
	if now < p.hourFrom+time.Hour && p.hour >= 30 {
		return p.hourFrom + time.Hour
	}
	return now
}

// compare counts a password that was compared.
func (p *passwordRun) compare(matched bool, now time.Duration) {
	if now >= p.hourFrom+time.Hour {
		p.hourFrom, p.hour = now, 0
	}
	if now >= p.last+24*time.Hour {
		p.fails = 0
	}
	p.last, p.until = now, longAgo
	if matched {
		return
	}
	p.fails++
	p.hour++
	if d := passwordWait(p.fails); d > 0 {
		p.until = now + d
	}
}
