//go:build !race

package signin

import (
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
)

// The world of the exploration is small enough to be a map key: one user, two browsers,
// up to three sign-ins. Times are minutes since the world began.

const (
	maxAuths   = 4
	maxSignIns = 3
	browsers   = 2
	none       = -1
)

// The kinds of browser: those that are not known, which count together, and the one with a
// cookie of a full sign-in.
const (
	unknown int8 = iota
	known
	browserKinds
)

var browserIDs = [browserKinds]BrowserID{"", "b"}

// Spends are told apart only as far as it matters: the one whose step is held back,
// the one whose step runs now, and all that are settled.
const (
	noSpend int8 = iota
	heldSpend
	thisSpend
	oldSpend
	noService // no spend: its service has the authenticator no more
)

const (
	kindTyped    = factor.Kind("typed")
	kindApproval = factor.Kind("approval")
	kindText     = factor.Kind("text")   // its codes are texted, or read out
	kindSpoken   = factor.Kind("spoken") // its codes are read out
	kindPush     = factor.Kind("push")   // is answered on a phone, or by a typed code
)

type wAuth struct {
	present    bool
	kind       int8 // index in kinds
	number     int8 // of a kind whose codes are sent
	since      int16
	added      int16
	lastUsed   int16
	lastStep   int8
	disabledBy int8 // a spend
	run        int8
	fails      [browserKinds]int8
	failedAt   [browserKinds]int16
}

type wSignIn struct {
	exists    bool
	browser   int8
	known     int8 // the kind of browser that it began in
	version   int16
	epoch     int16
	since     int16
	purpose   int8 // index in purposes
	target    int8
	stage     int8 // index in stages
	began     int16
	expires   int16
	session   int8 // the sign-in that made the session of a ceremony
	challenge int8
	asks      int8 // authenticator
	chExpires int16
	verdict   int8
	gen       int8 // of the challenge's code
	earlier   int16
	sentAt    int16
	sentBy    int8 // index in channels
	pending   int8 // authenticator or none
	pendKind  int8
	pendNum   int8
	provedBy  int8
	provedAt  int16
	first     int8
	taken     [maxAuths]int8 // attempts
}

// wWait is the wait of one kind of browser.
type wWait struct {
	until int16
	by    int8
}

type wSession struct {
	exists    bool
	owner     int8 // index in userIDs
	version   int16
	epoch     int16
	assurance int8
	created   int16
	provedBy  int8
	provedAt  int16
}

type world struct {
	whose    int8 // index in userIDs
	now      int16
	step     int8 // the TOTP step of now
	required bool
	failing  bool // policy look-ups fail
	policyV  int16
	version  int16
	epoch    int16
	active   bool
	must     bool
	waits    [browserKinds]wWait
	cookies  [browsers]int16 // the epoch of which a browser's cookie is; 0: it has none
	run      wRun            // wrong passwords from unknown browsers
	link     wLink           // the newest that was mailed
	auths    [maxAuths]wAuth
	signIns  [maxSignIns]wSignIn
	sessions [maxSignIns]wSession
	holds    [browsers]int8 // the session a browser holds
	sends    int8           // texts and calls that count
	pushes   int8           // pushes that count
	budget   budget
	hist     history
}

// budget is what a trace may still spend.
type budget struct {
	signIns, changes, enrolments, admin, policy, ticks, ceremonies, fails, resends int8
	challenges                                                                     int8 // ids given out
	browsers                                                                       int8
	links                                                                          int8
}

// goneChallenge is the id of one that no sign-in asks any more.
const goneChallenge = 31

var (
	stages    = [...]Stage{Choosing, Challenged, Enrolling, Enrolled, Done, Ended}
	purposes  = [...]Purpose{PurposeSignIn, PurposeEnrol, PurposeRemove, PurposeStepUp}
	userIDs   = [...]company.UserID{"u", "v"}
	authIDs   = [...]factor.ID{"a0", "a1", "a2", "a3"}
	signInIDs = [...]ID{"s0", "s1", "s2"}
	chIDs     = func() (ids [32]string) {
		for i := range ids {
			ids[i] = fmt.Sprintf("c%d", i)
		}
		return ids
	}()
	spendIDs  = [...]string{"", "held", "this", "old", Lost}
	kinds     = [...]factor.Kind{kindTyped, kindApproval, kindText, kindSpoken, kindPush}
	channels  = [...]factor.Channel{"", factor.Text, factor.Call, factor.Push}
	numbers   = [...]string{"n0", "n1", "n2", "n3"}
	verdicts  = [...]factor.Verdict{"", factor.Approved, factor.Denied, factor.Unanswered}
	worldZero = time.Unix(1_000_000_000, 0)
)

func index[T comparable](table []T, v T) int8 {
	for i := range table {
		if table[i] == v {
			return int8(i)
		}
	}
	return none
}

func at(minute int16) time.Time { return worldZero.Add(time.Duration(minute) * time.Minute) }

// atOr is at, or the zero time for minute 0.
func atOr(minute int16) time.Time {
	if minute == 0 {
		return time.Time{}
	}
	return at(minute)
}

func minute(t time.Time) int16 {
	if t.IsZero() {
		return 0
	}
	return int16(t.Sub(worldZero) / time.Minute)
}

// userFor is user as it is loaded for a kind of browser.
func (w *world) userFor(k int8) User {
	u := w.user()
	u.Wait = atOr(w.waits[k].until)
	return u
}

func (w *world) user() User {
	u := User{
		ID: userIDs[w.whose], Company: "co", Version: int64(w.version), Epoch: int64(w.epoch),
		Status: company.Deactivated, Role: company.Salesperson, MustEnrol: w.must, AnyWait: atOr(max(w.waits[unknown].until, w.waits[known].until)),
	}
	if w.active {
		u.Status = company.Active
	}
	for i := range w.auths {
		if a := &w.auths[i]; a.present {
			u.Authenticators = append(u.Authenticators, w.authenticator(i, a))
		}
	}
	return u
}

func (w *world) authenticator(i int, a *wAuth) factor.Authenticator {
	as := made(int8(i), a.kind, a.number)
	as.Since, as.Added, as.LastUsed = int64(a.since), at(a.added), atOr(a.lastUsed)
	as.LastStep, as.DisabledBy = int64(a.lastStep), spendIDs[a.disabledBy]
	return as
}

// made is authenticator id as it is when it is set up.
func made(id, kind, number int8) factor.Authenticator {
	a := factor.Authenticator{ID: authIDs[id], Name: string(authIDs[id]), Kind: kinds[kind]}
	switch a.Kind {
	case kindText:
		a.Channels = []factor.Channel{factor.Text, factor.Call}
	case kindSpoken:
		a.Channels = []factor.Channel{factor.Call}
	case kindPush:
		a.Channels = []factor.Channel{factor.Push}
	default:
		return a
	}
	a.Secret = secret.New(numbers[number])
	return a
}

// sent: the codes of authenticator kind k are sent.
func sent(k int8) bool { return kinds[k] == kindText || kinds[k] == kindSpoken }

func (w *world) signIn(i int8) *SignIn {
	s := &w.signIns[i]
	si := &SignIn{
		ID: signInIDs[i], Browser: browserIDs[s.known], Version: int64(s.version), Epoch: int64(s.epoch), Since: int64(s.since),
		Demand: Demand{Purpose: purposes[s.purpose]}, Stage: stages[s.stage], Began: at(s.began), Expires: at(s.expires),
		Left: MaxAttempts,
	}
	for a := range s.taken {
		if s.taken[a] >= modelAttempts {
			si.Spent = append(si.Spent, authIDs[a])
		}
	}
	if s.target != none {
		si.Demand.Target = authIDs[s.target]
	}
	if s.session != none {
		si.Session = signInIDs[s.session]
	}
	if s.challenge != none {
		si.Challenge = factor.Challenge{ID: chIDs[s.challenge], Authenticator: authIDs[s.asks], Generation: int64(s.gen),
			Expires: atOr(s.chExpires), Earlier: atOr(s.earlier), Sent: atOr(s.sentAt), Channel: channels[s.sentBy],
			Verdict: verdicts[s.verdict]}
		si.Left = int(modelAttempts - s.taken[s.asks])
	}
	if s.pending != none {
		pending := made(s.pending, s.pendKind, s.pendNum)
		si.Pending = &pending
	}
	if s.provedBy != none {
		si.Proved = Proved{By: authIDs[s.provedBy], AMR: "otp", At: at(s.provedAt)}
	}
	if s.first != none {
		si.First = authIDs[s.first]
	}
	return si
}

func (w *world) session(i int8) *Session {
	if i == none || !w.sessions[i].exists {
		return nil
	}
	x := &w.sessions[i]
	s := &Session{
		ID: signInIDs[i], Company: "co", User: userIDs[x.owner], Version: int64(x.version), Epoch: int64(x.epoch),
		Assurance: int(x.assurance), Created: at(x.created), Seen: at(w.now),
	}
	if x.provedBy != none {
		s.Proved = Proved{By: authIDs[x.provedBy], At: at(x.provedAt)}
	}
	return s
}

func (w *world) policy() Policy {
	return Policy{Company: "co", Version: int64(w.policyV), Required: w.required, Administrators: 2}
}

// load is what Decide sees of sign-in i (or none) in browser b. While look-ups fail it
// answers nothing.
func (w *world) load(i, b int8) (State, bool) {
	if w.failing {
		return State{}, false
	}
	s := State{Policy: w.policy(), User: w.userFor(unknown)}
	if i != none {
		s.SignIn = w.signIn(i)
		s.User = w.userFor(w.signIns[i].known)
	}
	if b != none {
		s.Session = w.session(w.holds[b])
	}
	return s, true
}

// known is what the cookie says that came with a beginning.
func (r *request) known(w *world) Known {
	if r.cookie == 0 {
		return Known{}
	}
	return Known{Company: "co", User: userIDs[w.whose], Browser: browserIDs[known], Epoch: int64(r.cookie), Expires: at(w.now + 1)}
}

// kindFor is the kind of browser with which a beginning is loaded.
func (w *world) kindFor(r request) int8 {
	return index(browserIDs[:], r.known(w).Of(w.user(), at(w.now)))
}

// pack is signIn's inverse, keeping the counts that only Spend changes.
func (w *world) pack(i int8, si *SignIn, b int8) {
	s := &w.signIns[i]
	taken, browser := s.taken, s.browser
	if !s.exists {
		browser = b
	}
	*s = wSignIn{
		exists: true, browser: browser, known: index(browserIDs[:], si.Browser), version: int16(si.Version), epoch: int16(si.Epoch), since: int16(si.Since),
		purpose: index(purposes[:], si.Demand.Purpose), target: index(authIDs[:], si.Demand.Target),
		stage: index(stages[:], si.Stage), began: minute(si.Began), expires: minute(si.Expires),
		session: index(signInIDs[:], si.Session), challenge: index(chIDs[:], si.Challenge.ID),
		asks: index(authIDs[:], si.Challenge.Authenticator), chExpires: minute(si.Challenge.Expires),
		verdict: index(verdicts[:], si.Challenge.Verdict), pending: none,
		gen: int8(si.Challenge.Generation), earlier: minute(si.Challenge.Earlier),
		sentAt: minute(si.Challenge.Sent), sentBy: index(channels[:], si.Challenge.Channel),
		provedBy: index(authIDs[:], si.Proved.By), provedAt: minute(si.Proved.At), first: index(authIDs[:], si.First),
		taken: taken,
	}
	if si.Pending != nil {
		s.pending, s.pendKind = index(authIDs[:], si.Pending.ID), index(kinds[:], si.Pending.Kind)
		s.pendNum = max(index(numbers[:], si.Pending.Secret.Reveal()), 0)
	}
}
