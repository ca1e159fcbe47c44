package traces

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// broke ends the trace: an invariant of the threat model (security design § 2) does not hold.
func (w *world) broke(invariant int, format string, args ...any) {
	w.t.Fatalf("invariant %d: %s", invariant, fmt.Sprintf(format, args...))
}

// learn notes the methods that this call has begun to set up.
func (w *world) learn(r *request, _ answer) {
	h := w.houses[0]
	for k := len(w.methods); k < len(h.methods); k++ {
		m := &held{user: r.user, kind: h.methods[k].kind}
		if m.kind != factor.TOTP {
			m.number = h.methods[k].seed.Reveal()
		}
		w.methods = append(w.methods, m)
	}
}

// judgePassword: nothing is compared during a wait (6); unknown, wrong and deactivated are
// the same and cost the same (13); nothing else begins a sign-in, and a right one does (15).
func (w *world) judgePassword(user int, matches bool, aw away, a answer) {
	run, now := w.passwords[user], w.now()
	until := run.locked(now)
	if a.Hashed > 1 {
		w.broke(13, "%d passwords were compared for one", a.Hashed)
	}
	if a.Hashed == 0 {
		wait, waits := isWaiting(a.Err)
		switch {
		case a.Begun != none:
			w.broke(1, "a sign-in began without a password")
		case aw == awayReading:
		case !waits:
			w.broke(13, "no password was compared: %s", a.Err)
		case until != wait:
			w.broke(6, "a wait for the password until %v, where the history says %v", wait, until)
		}
		return
	}
	if until > now {
		w.broke(6, "a password was compared during a wait until %v", until)
	}
	opens := matches && w.persons[max(user, 0)].active
	run.compare(opens, now)
	switch {
	case a.Begun != none && !opens:
		w.broke(1, "a sign-in began without the right password")
	case !opens && a.Err != signin.ErrWrongPassword.Error():
		w.broke(13, "a wrong password was answered %q", a.Err)
	case opens && a.Begun == none && aw == awayNever:
		w.broke(15, "a right password was answered %q", a.Err)
	}
}

// judgeAnswer: each counts once (4) and for what it was given (5); comparisons stay within
// their limits (6); what was compared was spent (7), which judgeRows looks up.
func (w *world) judgeAnswer(r *request, s source, a answer) {
	i := r.cookies.signIn
	if len(a.Compared) > 1 {
		w.broke(6, "one answer was compared %d times", len(a.Compared))
	}
	if len(a.Compared) == 0 {
		w.judgeUnlooked(i, a)
		return
	}
	c := a.Compared[0]
	k := c.Method
	if k == none {
		w.broke(5, "an answer was compared with a method that nobody has set up")
	}
	spent := w.compared(i, k, c.Outcome)
	want := w.fits(i, k, s, w.now(), stepOf(w.clock.now))
	switch {
	case c.Outcome == right && want == replayed:
		w.broke(4, "%s counted again", s.words)
	case c.Outcome == right && want != right:
		w.broke(5, "%s was taken for a code of method %d in sign-in %d", s.words, k, i)
	case c.Outcome != unlooked && c.Outcome != want:
		w.broke(15, "%s for method %d was %s, and is %s", s.words, k, c.Outcome, want)
	case a.Err == "" && c.Outcome != right:
		w.broke(5, "an answer that is %s was accepted", c.Outcome)
	}
	if a.Err == "" {
		w.accept(r, k, s, spent, a)
	}
}

// judgeUnlooked: what refuses an answer without looking has its reason.
func (w *world) judgeUnlooked(i int, a answer) {
	if a.Err == "" {
		w.broke(5, "an answer was accepted without a comparison")
	}
	wait, waits := isWaiting(a.Err)
	p := w.persons[w.signIns[i].user]
	if waits && wait != p.wait {
		w.broke(6, "a wait until %v, where the history says %v", wait, p.wait)
	}
	if a.Err == noneLeft {
		for k := range w.methods {
			if w.taken(i, k) >= signin.MaxAttempts {
				return
			}
		}
		w.broke(6, "no attempt is left, and none was used up")
	}
}

func (w *world) taken(i, k int) int { return w.signIns[i].compared[k] + w.signIns[i].replayed[k] }

// compared counts a comparison, and returns whether it set the wait.
func (w *world) compared(i, k int, outcome string) (setWait bool) {
	m, s, now := w.methods[k], w.signIns[i], w.now()
	p := &w.persons[m.user]
	if m.user != s.user {
		w.broke(14, "sign-in %d of %s compared with a method of %s", i, nameOf(s.user), nameOf(m.user))
	}
	counted := m.state == works
	if counted && now < p.wait {
		w.broke(6, "a comparison during a wait until %v", p.wait)
	}
	if w.taken(i, k) >= signin.MaxAttempts {
		w.broke(6, "comparison %d with method %d in sign-in %d", w.taken(i, k)+1, k, i)
	}
	if m.state == gone {
		w.broke(10, "a comparison with method %d, which is gone", k)
	}
	switch outcome {
	case replayed:
		s.replayed[k]++
	case right, wrong:
		s.compared[k]++
	}
	if !counted {
		return false
	}
	if now-m.failedAt >= signin.FailureLife {
		m.fails = 0
	}
	m.fails++
	m.failedAt = now
	if w.sum(m.user, now) >= signin.TellFrom {
		p.guessed = true
	}
	d := secondWait(w.sum(m.user, now))
	if d > 0 {
		p.wait = now + d
	}
	if outcome == replayed || outcome == unlooked {
		m.fails--
		if d > 0 {
			p.wait = longAgo
		}
	}
	return d > 0
}

// accept is an answer that was accepted.
func (w *world) accept(r *request, k int, s source, setWait bool, a answer) {
	i := r.cookies.signIn
	si, m := w.signIns[i], w.methods[k]
	if s.method != none {
		m.step = s.step
	}
	if s.message != none {
		ch := w.messages[s.message].Challenge
		for _, x := range w.messages {
			if x.Challenge == ch {
				if x.entered {
					w.broke(4, "challenge %d was answered twice", ch)
				}
				x.entered = true
			}
		}
	}
	if m.state == pending {
		w.activate(i, k, a)
		return
	}
	m.fails = 0
	if setWait {
		w.persons[m.user].wait = longAgo
	}
	if !si.able[k] {
		w.broke(2, "method %d proved something in sign-in %d, which is older", k, i)
	}
	if si.era != w.persons[si.user].era || !w.persons[si.user].active {
		w.broke(8, "an answer counted in sign-in %d from before", i)
	}
	si.proved[k], si.provedAt = true, w.now()
	switch si.purpose {
	case signin.PurposeSignIn:
		w.in(r, a)
	case signin.PurposeStepUp:
		w.sessions[si.session].proved = w.now()
		w.over(r.browser, []int{i})
	case signin.PurposeRemove:
		w.remove(i, k, a)
		w.over(r.browser, []int{i})
	}
}

// activate: a method counts from now on. By rule only where there was none, or after a proof (10).
func (w *world) activate(i, k int, a answer) {
	si, m := w.signIns[i], w.methods[k]
	p := &w.persons[si.user]
	switch {
	case si.era != p.era, !p.active:
		w.broke(8, "a method was set up in sign-in %d from before", i)
	case len(si.others) == 0 && si.purpose == signin.PurposeSignIn:
		si.first = k
		si.proved[k], si.provedAt = true, w.now()
		w.others(i)
	case si.first != none && w.methods[si.first].state == works:
	case w.shown(i):
	default:
		w.broke(10, "method %d was set up in sign-in %d without a proof", k, i)
	}
	w.order++
	m.state, m.order, m.added, m.fails, m.failedAt = works, w.order, w.now(), 0, longAgo
	p.must = false
	for _, other := range w.signIns {
		if other.user == si.user {
			other.others[k] = true
		}
	}
	if si.purpose == signin.PurposeEnrol {
		w.sessions[si.session].proved = si.provedAt
		w.over(si.browser, []int{i})
	}
	w.events["method-added"]++
	w.judgeMail(a, "method-added", si.user)
}

// others: a first set-up ends what else is under way (10).
func (w *world) others(i int) {
	for _, k := range w.rows.sorted() {
		if k.what == rowSignIn && k.a != i && k.b == w.signIns[i].user && !over(w.rows[k].s) {
			w.broke(10, "sign-in %d lives on after the first set-up in sign-in %d", k.a, i)
		}
	}
}

func over(stage string) bool { return stage == string(signin.Done) || stage == string(signin.Ended) }

// remove: by rule 13, and never the last while one is needed (10).
func (w *world) remove(i, by int, a answer) {
	si := w.signIns[i]
	target, prover := w.methods[si.target], w.methods[by]
	if target.state != works || target.user != si.user {
		w.broke(10, "method %d went, which %s does not have", si.target, nameOf(si.user))
	}
	if prover.order > target.order && w.now()-prover.added < signin.ProverAge {
		w.broke(10, "method %d went by the proof of a younger one", si.target)
	}
	target.state = gone
	if w.needs(si.user) && len(w.working(si.user)) == 0 {
		w.broke(10, "the last method of %s went, and one is needed", nameOf(si.user))
	}
	w.sessions[si.session].proved = w.now()
	w.events["method-removed"]++
	w.judgeMail(a, "method-removed", si.user)
}

// judgeMail: whoever's methods change is told. Who was guessed at may be, some time later.
func (w *world) judgeMail(a answer, kind string, user int) {
	mails := slices.DeleteFunc(slices.Clone(a.Mails), func(m string) bool {
		return slices.ContainsFunc(w.guessed(), func(name string) bool { return m == string(outbox.PasswordKnown)+" to "+name })
	})
	if want := []string{kind + " to " + nameOf(user)}; !slices.Equal(mails, want) {
		w.broke(12, "mails %q, want %q", a.Mails, want)
	}
	for _, told := range a.Told { // at the numbers of before; how many may be is the store's own test
		if told != kind+" to "+nameOf(user) {
			w.broke(12, "told by text %q, with a mail of %s to %s", told, kind, nameOf(user))
		}
	}
}

// guessed names those at whose codes somebody has guessed.
func (w *world) guessed() []string {
	var names []string
	for i, p := range w.persons {
		if p.guessed {
			names = append(names, nameOf(i))
		}
	}
	return names
}

// in: the sign-in of r is done. One session (1), with a proof where one is needed (2), and
// nothing from before (8). The session that the browser held ends.
func (w *world) in(r *request, a answer) {
	i := r.cookies.signIn
	si := w.signIns[i]
	p := w.persons[si.user]
	if !a.In {
		w.broke(1, "sign-in %d is done and made no session", i)
	}
	if si.made++; si.made > 1 {
		w.broke(1, "sign-in %d made %d sessions", i, si.made)
	}
	if si.era != p.era || !p.active {
		w.broke(8, "a session from before a reset, a new password or a deactivation")
	}
	two := w.shown(i)
	if w.needs(si.user) && !two {
		w.broke(2, "a session of %s without a proof", nameOf(si.user))
	}
	if x := w.sessions[r.cookies.session]; x != nil {
		x.there = false
	}
	x := &stay{user: si.user, era: si.era, two: two, there: true, created: w.now(), seen: w.now(), proved: longAgo}
	if two {
		x.proved = si.provedAt
	}
	w.sessions[i] = x
	w.browsers[r.browser].session = i
	w.over(r.browser, []int{i})
	w.passwords[si.user].fails, w.passwords[si.user].until = 0, longAgo
}

// judgeStep is a step that compares nothing.
func (w *world) judgeStep(before rows, r *request, words string, a answer) {
	i := r.cookies.signIn
	if len(a.Compared) > 0 {
		w.broke(6, "%s compared something", words)
	}
	if a.Err != "" {
		return
	}
	if si := w.signIns[i]; si.era != w.persons[si.user].era && words != "cancel" {
		w.broke(8, "%s in sign-in %d from before", words, i)
	}
	if k := (key{what: rowSignIn, a: i, b: w.signIns[i].user}); over(before[k].s) {
		w.broke(11, "%s in sign-in %d, which is %s", words, i, before[k].s)
	}
	if a.Page.Stage == signin.Done {
		w.in(r, a)
	}
}

// judgeMessages: a code belongs to a sign-in of its user and goes to the number that is asked
// for (12), no more often than the limits of security § 1 allow.
func (w *world) judgeMessages(a answer) {
	for _, m := range a.Arrived {
		if m.SignIn < 0 || m.SignIn >= len(w.signIns) || a.Page.Asks == none {
			w.broke(12, "a code for no sign-in")
		}
		si, asked := w.signIns[m.SignIn], w.methods[a.Page.Asks]
		switch {
		case asked.user != si.user || asked.number != m.To || asked.state == gone:
			w.broke(12, "a code for sign-in %d went to %s, and asks for method %d", m.SignIn, m.To, a.Page.Asks)
		case si.era != w.persons[si.user].era || !w.persons[si.user].active:
			w.broke(8, "a code for sign-in %d from before", m.SignIn)
		}
		w.messages = append(w.messages, &sent{message: m, user: si.user, method: a.Page.Asks, at: w.now()})
		w.judgeLimits(si.user)
	}
}

func (w *world) judgeLimits(user int) {
	burst, day, most := 0, 0, 0
	for _, m := range w.messages {
		if m.user != user || w.now()-m.at >= signin.SendDay {
			continue
		}
		most++
		if m.entered {
			continue
		}
		day++
		if w.now()-m.at < signin.SendBurst {
			burst++
		}
	}
	if burst > signin.SendsPerBurst || day > signin.SendsPerDay || most > signin.SendCap {
		w.broke(12, "%s got %d messages in ten minutes, %d in a day, %d with those that were entered", nameOf(user), burst, day, most)
	}
}

// judgeRows compares what is written with the history.
func (w *world) judgeRows(before rows, r *request) {
	w.judgeOthers(before, r)
	w.judgeOrder(before)
	w.judgePeople()
	w.judgeMethods()
	w.judgeSpends()
	w.judgeSessions()
	w.judgeEntered()
	for _, kind := range slices.Sorted(maps.Keys(w.events)) {
		n, sum := w.events[kind], int64(0)
		for k, r := range w.rows {
			if k.what == rowEvent && k.name == string(kind) {
				sum += r.m
			}
		}
		if sum != int64(n) {
			w.broke(10, "%d lines of the log say %s, want %d", sum, kind, n)
		}
	}
}

// judgeEntered: what was entered is noted, since all that was not counts towards the limits (12).
func (w *world) judgeEntered() {
	var noted, entered [people]int64
	for k, r := range w.rows {
		if k.what == rowOutbox && k.b != none {
			noted[k.b] += r.n
		}
	}
	for _, m := range w.messages {
		if m.entered {
			entered[m.user]++
		}
	}
	for user := range people {
		if noted[user] < entered[user] {
			w.broke(12, "%d codes of %s were entered, and %d are noted", entered[user], nameOf(user), noted[user])
		}
	}
}

// judgeOthers: what one person does changes nothing of another's (14), but for what their
// browsers share; a database that is away changes nothing (9).
func (w *world) judgeOthers(before rows, r *request) {
	for _, pair := range [][2]rows{{before, w.rows}, {w.rows, before}} {
		for _, k := range pair[0].sorted() {
			v := pair[0][k]
			if other, there := pair[1][k]; there && other == v {
				continue
			}
			if r.away == awayReading {
				w.broke(9, "a look-up that failed changed %+v", k)
			}
			if owner := w.ownerOf(k, v); owner != none && owner != r.user && !w.carried(k, r) {
				w.broke(14, "%s changed %s's %s", r.words, nameOf(owner), k.what)
			}
		}
	}
}

func (w *world) ownerOf(k key, r row) int {
	if (k.what == rowAttempt || k.what == rowSpend) && k.a != none {
		return w.signIns[k.a].user
	}
	return r.owner
}

// carried: the request carries the cookie of this sign-in or session.
func (w *world) carried(k key, r *request) bool {
	switch k.what {
	case rowSignIn:
		return slices.Contains(r.cookies.held, k.a)
	case rowSession:
		return r.cookies.session == k.a
	}
	return false
}

// judgeOrder: steps, epochs and versions only grow, and nothing leaves its end (11).
func (w *world) judgeOrder(before rows) {
	for _, k := range before.sorted() {
		old := before[k]
		now, there := w.rows[k]
		switch k.what {
		case rowSignIn:
			if !there || now.m < old.m || over(old.s) && now.s != old.s {
				w.broke(11, "sign-in %d was %+v and is %+v", k.a, old, now)
			}
		case rowUser, rowCompany:
			if !there || now.m < old.m || now.n < old.n {
				w.broke(11, "%s %d was %+v and is %+v", k.what, k.a, old, now)
			}
		case rowMethod:
			if there && (now.m != old.m || now.n < old.n) {
				w.broke(11, "method %d was %+v and is %+v", k.a, old, now)
			}
		}
	}
}

// judgePeople: status, epoch, waits and the company's rule are as the history says (6, 8).
func (w *world) judgePeople() {
	for u, p := range w.persons {
		r := w.rows[key{what: rowUser, a: u, b: none}]
		status := "deactivated"
		if p.active {
			status = "active"
		}
		if p.must {
			status += " must enrol"
		}
		if r.s != status || r.n != int64(1+p.era) {
			w.broke(8, "%s is %q in epoch %d, want %q in epoch %d", nameOf(u), r.s, r.n, status, 1+p.era)
		}
		var until time.Duration
		for k, r := range w.rows {
			if k.what == rowWait && k.a == u {
				until = max(until, time.Duration(r.m-w.began.UnixMilli())*time.Millisecond)
			}
		}
		if until = max(until, w.now()); until != max(p.wait, w.now()) {
			w.broke(6, "%s waits until %v, want %v", nameOf(u), until, p.wait)
		}
	}
	for c, required := range w.required {
		if (w.rows[key{what: rowCompany, a: c, b: none}].s == "required") != required {
			w.broke(10, "company %d requires two-factor: want %v", c, required)
		}
	}
}

// judgeMethods: those that count are those that were set up and did not go (10).
func (w *world) judgeMethods() {
	seen := 0
	for _, k := range w.rows.sorted() {
		r := w.rows[k]
		if k.what != rowMethod {
			continue
		}
		seen++
		if k.a == none || w.methods[k.a].state != works || w.methods[k.a].user != k.b || strings.Contains(r.s, "disabled") {
			w.broke(10, "method %d of %s counts: %+v", k.a, nameOf(k.b), r)
		}
	}
	for _, m := range w.methods {
		if m.state == works {
			seen--
		}
	}
	if seen != 0 {
		w.broke(10, "%d methods too few", -seen)
	}
}

// judgeSpends: spent minus given back is compared, spend by spend (7).
func (w *world) judgeSpends() {
	for i, si := range w.signIns {
		for k := range w.methods {
			if taken := w.rows[key{what: rowAttempt, a: i, b: k}].m; taken != int64(w.taken(i, k)) {
				w.broke(7, "sign-in %d, method %d: %d attempts taken, %d compared", i, k, taken, w.taken(i, k))
			}
			if kept := w.rows[key{what: rowSpend, a: i, b: k}].m; kept != int64(si.compared[k]) {
				w.broke(7, "sign-in %d, method %d: %d spends kept, %d compared", i, k, kept, si.compared[k])
			}
		}
	}
}

// judgeSessions: they are those that the history knows (1), say what was shown (3), and open
// pages exactly as long as they should (3, 8).
func (w *world) judgeSessions() {
	seen := 0
	for _, k := range w.rows.sorted() {
		r := w.rows[k]
		if k.what != rowSession {
			continue
		}
		seen++
		x := w.sessions[k.a]
		switch {
		case x == nil || !x.there || x.user != k.b:
			w.broke(1, "a session that no sign-in has made, or that has ended")
		case x.two != (r.m == 2):
			w.broke(3, "the session of sign-in %d has assurance %d", k.a, r.m)
		}
	}
	for i := range w.signIns {
		x := w.sessions[i]
		if x == nil || !x.there {
			continue
		}
		seen--
		h := w.houses[w.calls%len(w.houses)] // the rows are the same, so one is asked in turn
		opens, err := h.opens(w.ctx, i)
		if err != nil {
			w.t.Fatalf("%s: %v", h.name, err)
		}
		if want := w.opens(i, w.now()); opens != want {
			w.broke(8, "%s: the session of sign-in %d opens pages: %v, want %v", h.name, i, opens, want)
		}
	}
	if seen != 0 {
		w.broke(1, "%d sessions too few", -seen)
	}
}
