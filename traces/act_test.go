package traces

import (
	"time"

	"pgregory.net/rapid"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/signin"
)

// actions is what happens in a trace. Each has about the same chance, so that what opens
// doors stands here more than once, in several ways.
func (w *world) actions() map[string]func(*rapid.T) {
	acts := map[string]func(*rapid.T){
		"gives a password": w.actPassword,
		"goes in":          w.actGoesIn,
		"mistypes":         w.actMistypes,
		"is at the door":   w.actPassword,
		"answers rightly":  w.actRight,
		"answers":          w.actAnswer,
		"answers wrongly":  w.actWrong,
		"sets up":          w.actSetUp,
		"adds a method":    w.actAdd,
		"adds meanwhile":   w.actMeanwhile,
		"chooses":          w.actChoose,
		"asks for a code":  w.actResend,
		"goes on":          w.actStep,
		"begins inside":    w.actInside,
		"is inside":        w.actSession,
		"administrates":    w.actAdministrate,
		"time passes":      w.actTime,
		"asks again":       w.actAgain,
	}
	for name, act := range acts {
		acts[name] = func(t *rapid.T) {
			w.t = t
			act(t)
		}
	}
	return acts
}

func pick[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

func (w *world) someBrowser(t *rapid.T) int { return rapid.IntRange(0, spare-1).Draw(t, "browser") }
func someone(t *rapid.T) int                { return rapid.IntRange(0, people-1).Draw(t, "person") }

// someAway is mostly a database that is there.
func someAway(t *rapid.T) away {
	return pick(t, "away", awayNever, awayNever, awayNever, awayNever, awayNever, awayNever, awayNever, awayNever, awayReading, awayWriting)
}

// jar is a sign-in in the browser that has its cookie.
type jar struct{ browser, signIn int }

// someSignIn is one whose cookie a browser carries, over or not; it skips the action where
// there is none.
func (w *world) someSignIn(t *rapid.T, fits func(page) bool) jar {
	var all []jar
	for b := range spare {
		for _, i := range w.browsers[b].held {
			if fits == nil || fits(w.look(b, i)) {
				all = append(all, jar{b, i})
			}
		}
	}
	if len(all) == 0 {
		t.Skip("no sign-in is under way")
	}
	return rapid.SampledFrom(all).Draw(t, "sign-in")
}

// someSession is a browser that holds one.
func (w *world) someSession(t *rapid.T) int {
	var all []int
	for b := range spare {
		if w.browsers[b].session != none {
			all = append(all, b)
		}
	}
	if len(all) == 0 {
		t.Skip("nobody is inside")
	}
	return rapid.SampledFrom(all).Draw(t, "browser inside")
}

func asks(p page) bool { return p.Stage == signin.Challenged || p.Stage == signin.Enrolling }

func (w *world) actPassword(t *rapid.T) {
	b, user := w.someBrowser(t), rapid.IntRange(none, people-1).Draw(t, "person or nobody")
	if pick(t, "right", true, true, true, false) {
		w.password(b, user, true, someAway(t))
		return
	}
	for range rapid.IntRange(1, 6).Draw(t, "times") {
		w.password(b, user, false, awayNever)
	}
}

// actMistypes: wrong passwords before a whole sign-in count no more after it.
func (w *world) actMistypes(t *rapid.T) {
	b, user, some := w.someBrowser(t), someone(t), rapid.IntRange(1, 4)
	for range some.Draw(t, "times before") {
		w.password(b, user, false, awayNever)
	}
	if !w.goesIn(b, user, w.someWay(t)) {
		return
	}
	for range some.Draw(t, "times after") {
		w.password(b, user, false, awayNever)
	}
}

func (w *world) actGoesIn(t *rapid.T) {
	b, user := w.someBrowser(t), someone(t)
	w.goesIn(b, user, w.someWay(t))
}

// numbers are telephones that texts reach.
var numbers = []string{"+15035550142", "+15035550143", "+15035550144"}

// way is how somebody means to go in who has no method yet.
type way struct {
	kind   factor.Kind // "": to skip that, where it can be
	number string
}

func (w *world) someWay(t *rapid.T) way {
	kind := pick(t, "kind", factor.TOTP, factor.TOTP, factor.SMS, factor.Voice, "")
	if kind == factor.TOTP || kind == "" {
		return way{kind: kind}
	}
	return way{kind, pick(t, "number", numbers...)}
}

// goesIn takes a rightful user through the doors: they wait where they are told to, and have
// their methods with them. False where that does not lead inside in a bounded number of calls.
func (w *world) goesIn(b, user int, with way) bool {
	if !w.persons[user].active {
		return false
	}
	i := none
	for range 4 { // a wait may be followed by the end of an hour
		a := w.password(b, user, true, awayNever)
		if i = a.Begun; i != none {
			break
		}
		until, _ := isWaiting(a.Err)
		w.passes(until - w.now())
	}
	for range 12 {
		if i == none {
			return false
		}
		if w.browsers[b].session == i {
			return true
		}
		i = w.goesOn(b, i, user, with)
	}
	return false
}

// goesOn takes the next step in sign-in i, and returns it, or the one that was begun instead.
func (w *world) goesOn(b, i, user int, with way) int {
	p := w.look(b, i)
	switch p.Stage {
	case signin.Enrolled:
		w.steps(b, i, "finish", awayNever)
	case signin.Choosing:
		switch {
		case with.kind != "":
			if a := w.sets(b, i, with.kind, with.number, false, awayNever); a.Err != "" { // too many texts: the app needs none
				w.sets(b, i, factor.TOTP, "", false, awayNever)
			}
		case w.steps(b, i, "skip", awayNever).Err != "":
			w.sets(b, i, factor.TOTP, "", false, awayNever)
		}
	case signin.Challenged, signin.Enrolling:
		if wait := w.persons[user].wait; wait > w.now() && p.Stage == signin.Challenged {
			w.passes(wait - w.now())
		}
		s, ok := w.rightAnswer(i, p)
		if !ok || w.look(b, i).Stage == signin.Ended {
			w.passes(signin.SendDay)
			return w.password(b, user, true, awayNever).Begun
		}
		if a := w.answers(b, i, s, false, awayNever); a.Err != "" { // it took too long
			return w.password(b, user, true, awayNever).Begun
		}
	default:
		return w.password(b, user, true, awayNever).Begun
	}
	return i
}

// rightAnswer is what the owner of the method answers that is asked for; they wait for the
// app's next code where this one was used. False where no code has come.
func (w *world) rightAnswer(i int, p page) (source, bool) {
	if p.Kind == factor.TOTP {
		if step := stepOf(w.clock.now); w.methods[p.Asks].step >= step {
			w.passes(time.Duration(w.methods[p.Asks].step-step+1) * 30 * time.Second)
		}
		return w.app(p.Asks, 0), true
	}
	if m := w.newest(i); m != nil && m.method == p.Asks && !p.Over {
		return w.text(len(w.messages) - 1 - w.after(m)), true
	}
	return source{}, false
}

// after is how many messages came after m.
func (w *world) after(m *sent) int {
	for n := range w.messages {
		if w.messages[len(w.messages)-1-n] == m {
			return n
		}
	}
	return 0
}

// app is what the app of method k shows, some steps from now.
func (w *world) app(k int, steps int64) source {
	words := "the app of method " + itoa(k)
	if steps != 0 {
		words += ", steps off: " + itoa(int(steps))
	}
	return source{words: words, method: k, step: stepOf(w.clock.now) + steps, message: none}
}

func (w *world) text(m int) source {
	return source{words: "the code of message " + itoa(m), method: none, message: m}
}

func (w *world) actRight(t *rapid.T) {
	j := w.someSignIn(t, asks)
	p := w.look(j.browser, j.signIn)
	s, ok := w.rightAnswer(j.signIn, p)
	if !ok {
		s = source{words: "a guess", method: none, message: none}
	}
	w.answers(j.browser, j.signIn, s, false, someAway(t))
}

// actAnswer answers with whatever there is: of another method, sign-in, generation, used or not.
func (w *world) actAnswer(t *rapid.T) {
	j := w.someSignIn(t, nil)
	var all []source
	for k, m := range w.methods {
		if m.kind != factor.TOTP {
			continue
		}
		all = append(all, w.app(k, 0), w.app(k, -1), w.app(k, 1), w.app(k, 2))
		if m.step != 0 {
			used := w.app(k, 0)
			used.words, used.step = "the last code of method "+itoa(k)+" that was accepted", m.step
			all = append(all, used, used)
		}
	}
	for m := range w.messages {
		all = append(all, w.text(m))
	}
	all = append(all, source{words: "no code", method: none, message: none, typed: "12 34"})
	s := rapid.SampledFrom(all).Draw(t, "answer")
	w.answers(j.browser, j.signIn, s, pick(t, "outage", false, false, false, false, false, true), someAway(t))
}

func (w *world) actWrong(t *rapid.T) {
	j := w.someSignIn(t, asks)
	for range rapid.IntRange(1, 6).Draw(t, "times") {
		w.answers(j.browser, j.signIn, source{words: "a guess", method: none, message: none}, false, awayNever)
	}
}

func (w *world) actSetUp(t *rapid.T) {
	j := w.someSignIn(t, func(p page) bool {
		return p.Stage == signin.Choosing || p.Stage == signin.Enrolling || p.Stage == signin.Enrolled
	})
	if pick(t, "call instead", false, false, false, true) {
		w.sets(j.browser, j.signIn, factor.Voice, "", true, awayNever)
		return
	}
	with := w.someWay(t)
	if with.kind == "" {
		with.kind = factor.TOTP
	}
	w.sets(j.browser, j.signIn, with.kind, with.number, false, someAway(t))
}

// actAdd adds a method in a session as its owner does.
func (w *world) actAdd(t *rapid.T) {
	b := w.someSession(t)
	w.adds(b, w.someWay(t), pick(t, "to the end", true, true, false))
}

// adds goes through the whole ceremony, or leaves out the last code.
func (w *world) adds(b int, with way, toTheEnd bool) {
	i := w.inside(b, signin.PurposeEnrol, none).Begun
	if i == none {
		return
	}
	if s, ok := w.rightAnswer(i, w.look(b, i)); !ok || w.answers(b, i, s, false, awayNever).Err != "" {
		return
	}
	if with.kind == "" {
		with.kind = factor.TOTP
	}
	if w.sets(b, i, with.kind, with.number, false, awayNever).Err != "" {
		return
	}
	if s, ok := w.rightAnswer(i, w.look(b, i)); ok && toTheEnd {
		w.answers(b, i, s, false, awayNever)
	}
}

// actMeanwhile adds a method while a sign-in is under way in another browser, which then
// chooses it.
func (w *world) actMeanwhile(t *rapid.T) {
	b := w.someSession(t)
	user, other := w.whose(b), (b+1)%spare
	i := w.password(other, user, true, awayNever).Begun
	if i == none || w.look(other, i).Stage != signin.Challenged {
		return
	}
	w.adds(b, w.someWay(t), true)
	w.takes(other, i, len(w.methods)-1)
}

// takes chooses a method and answers with it.
func (w *world) takes(b, i, method int) {
	if w.chooses(b, i, method).Err != "" {
		return
	}
	if s, ok := w.rightAnswer(i, w.look(b, i)); ok {
		w.answers(b, i, s, false, awayNever)
	}
}

func (w *world) actChoose(t *rapid.T) {
	if len(w.methods) == 0 {
		t.Skip("there is no method")
	}
	j := w.someSignIn(t, func(p page) bool { return p.Stage == signin.Challenged })
	var own []int
	for k, m := range w.methods {
		if m.user == w.signIns[j.signIn].user {
			own = append(own, k, k)
		}
	}
	own = append(own, rapid.IntRange(0, len(w.methods)-1).Draw(t, "any method"))
	method := rapid.SampledFrom(own).Draw(t, "method")
	if pick(t, "and answers", true, true, false) {
		w.takes(j.browser, j.signIn, method)
		return
	}
	w.chooses(j.browser, j.signIn, method)
}

func (w *world) actResend(t *rapid.T) {
	j := w.someSignIn(t, func(p page) bool { return asks(p) && p.Kind != factor.TOTP })
	if pick(t, "in time", true, true, false) {
		w.passes(pick(t, "after", 30*time.Second, 3*time.Minute+10*time.Second))
	}
	w.resends(j.browser, j.signIn, pick(t, "by", factor.Text, factor.Call))
}

func (w *world) actStep(t *rapid.T) {
	j := w.someSignIn(t, nil)
	w.steps(j.browser, j.signIn, pick(t, "step", "finish", "finish", "skip", "skip", "cancel", "drop", "more time"), someAway(t))
}

func (w *world) actInside(t *rapid.T) {
	b := w.someSession(t)
	p := pick(t, "purpose", signin.PurposeStepUp, signin.PurposeEnrol, signin.PurposeRemove, signin.PurposeRemove)
	target := none
	if p == signin.PurposeRemove {
		if len(w.methods) == 0 {
			t.Skip("there is no method")
		}
		target = rapid.IntRange(0, len(w.methods)-1).Draw(t, "method")
		for k := range w.working(w.whose(b)) {
			target = max(target, k) // a method of theirs, mostly
		}
	}
	w.inside(b, p, target)
}

func (w *world) actSession(t *rapid.T) {
	b := w.someSession(t)
	switch pick(t, "what", "visit", "visit", "visit", "sign out", "change the password") {
	case "sign out":
		w.signsOut(b)
	case "change the password":
		w.changes(b)
	default:
		w.visits(b)
	}
}

func (w *world) actAdministrate(t *rapid.T) {
	b := 2
	if pick(t, "as ada", true, true, true, true, false) {
		x := w.sessions[w.browsers[b].session]
		if w.whose(b) != ada || x == nil || !x.two || w.now()-x.proved >= signin.ProofFresh || !w.opens(w.browsers[b].session, w.now()) {
			w.goesIn(b, ada, way{kind: factor.TOTP})
		}
	} else {
		b = w.someSession(t)
	}
	if w.whose(b) == none {
		return
	}
	what := pick(t, "act", "reset", "reset", "lift the wait of", "deactivate", "reactivate", "reactivate", "require", "do not require")
	w.administrates(b, pick(t, "whom", bo, bo, bo, bo, ada, cy), what)
}

func (w *world) actTime(t *rapid.T) {
	w.passes(pick(t, "how long", time.Second, 10*time.Second, 30*time.Second, 30*time.Second, 31*time.Second, time.Minute, time.Minute,
		2*time.Minute, 4*time.Minute, 5*time.Minute, 11*time.Minute, 31*time.Minute, time.Hour, 2*time.Hour+time.Minute, 25*time.Hour))
}

func (w *world) actAgain(t *rapid.T) {
	if len(w.past) == 0 {
		t.Skip("nothing was asked")
	}
	back := rapid.IntRange(1, min(len(w.past), 12)).Draw(t, "how far back")
	w.again(w.past[len(w.past)-back])
}

// rescue: from wherever the trace has led, each of the cast gets in, or there is a human whose
// name they know (15).
func (w *world) rescue() {
	w.passes(signin.FailureLife + time.Hour)
	for user, p := range w.persons {
		if !p.active { // ada, whom nobody here can deactivate
			if !w.goesIn(spare, ada, way{kind: factor.TOTP}) || w.administrates(spare, user, "reactivate").Err != "" {
				w.broke(15, "nobody can let %s in again", nameOf(user))
			}
		}
		if !w.goesIn(spare, user, way{kind: factor.TOTP}) {
			w.broke(15, "%s does not get in", nameOf(user))
		}
	}
}
