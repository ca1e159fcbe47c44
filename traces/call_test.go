package traces

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

// The calls, each with what the history makes of its answer.

// password types a password in browser b: the present one of user, or another.
func (w *world) password(b, user int, matches bool, aw away) answer {
	c := w.cookies(b, none)
	typed := secret.New("another password")
	words := fmt.Sprintf("browser %d gives %s and a wrong password", b, nameOf(user))
	if matches && user != none {
		typed = passwordOf(user, w.persons[user].password)
		words = fmt.Sprintf("browser %d gives %s and their password", b, nameOf(user))
	}
	change := 0
	if user != none {
		change = w.persons[user].password
	}
	return w.make(&request{
		words: words + byDay(aw), user: user, browser: b, cookies: c, away: aw,
		ask: func(ctx context.Context, h *house) (answer, error) {
			return h.open(ctx, username(nameOf(user), w.number), typed, c)
		},
		judge: func(_ rows, a answer) {
			w.judgePassword(user, matches && user != none && w.persons[user].password == change, aw, a)
			w.over(b, a.Over)
			if a.Begun != none {
				w.begin(attempt{user: user, browser: b, purpose: signin.PurposeSignIn, target: none, session: none})
				w.browsers[b].held = append(w.browsers[b].held, a.Begun)
			}
			w.judgeMessages(a)
		},
	})
}

func byDay(aw away) string {
	if aw == awayNever {
		return ""
	}
	return ", the database being away for " + string(aw)
}

// over forgets cookies that are of no use.
func (w *world) over(b int, signIns []int) {
	w.browsers[b].held = slices.DeleteFunc(w.browsers[b].held, func(i int) bool { return slices.Contains(signIns, i) })
}

// inside begins a ceremony in the session that browser b holds.
func (w *world) inside(b int, p signin.Purpose, target int) answer {
	user, c := w.whose(b), w.cookies(b, none)
	words := fmt.Sprintf("browser %d begins a ceremony: %s", b, p)
	if target != none {
		words += fmt.Sprintf(" method %d", target)
	}
	return w.make(&request{
		words: words, user: user, browser: b, cookies: c,
		ask: func(ctx context.Context, h *house) (answer, error) { return h.beginInside(ctx, user, c, p, target) },
		judge: func(_ rows, a answer) {
			w.over(b, a.Over)
			if a.Begun != none {
				if !w.opens(c.session, w.now()) {
					w.broke(8, "a ceremony began in a session that opens nothing")
				}
				w.begin(attempt{user: user, browser: b, purpose: p, target: target, session: c.session})
				w.browsers[b].held = append(w.browsers[b].held, a.Begun)
			}
			w.judgeMessages(a)
		},
	})
}

// formOf is a new rendering of a form.
func formOf(i int, action, value string) form {
	return form{nonce: secret.NewID(), action: fmt.Sprintf("%d/%s/%s", i, action, value)}
}

// answers types an answer into sign-in i.
func (w *world) answers(b, i int, s source, outage bool, aw away) answer {
	p, c := w.look(b, i), w.cookies(b, i)
	words := fmt.Sprintf("browser %d answers in sign-in %d with %s%s", b, i, s.words, byDay(aw))
	if outage {
		words += ", the kind having an outage"
	}
	codes := map[string]string{}
	for _, h := range w.houses {
		codes[h.name] = h.code(s, p.Asks)
	}
	r := &request{
		words: words, user: w.signIns[i].user, browser: b, cookies: c, away: aw, outage: outage, form: formOf(i, "answer", s.words),
	}
	r.ask = func(ctx context.Context, h *house) (answer, error) { return h.answer(ctx, c, r.form, codes[h.name]) }
	r.judge = func(_ rows, a answer) { w.judgeAnswer(r, s, a) }
	return w.make(r)
}

// chooses asks for another method.
func (w *world) chooses(b, i, method int) answer {
	c := w.cookies(b, i)
	return w.inSignIn(b, i, c, fmt.Sprintf("chooses method %d", method), awayNever,
		func(ctx context.Context, h *house, f form) (answer, error) { return h.choose(ctx, c, f, method) })
}

// sets starts to set up a method.
func (w *world) sets(b, i int, kind factor.Kind, number string, keep bool, aw away) answer {
	c := w.cookies(b, i)
	words := "sets up " + string(kind)
	if number != "" {
		words += " at " + number
	}
	if keep {
		words += ", keeping the number"
	}
	return w.inSignIn(b, i, c, words, aw,
		func(ctx context.Context, h *house, f form) (answer, error) {
			return h.enrol(ctx, c, f, kind, number, keep)
		})
}

// resends has the code sent once more.
func (w *world) resends(b, i int, ch factor.Channel) answer {
	c := w.cookies(b, i)
	return w.inSignIn(b, i, c, "asks for another "+string(ch), awayNever,
		func(ctx context.Context, h *house, f form) (answer, error) { return h.resend(ctx, c, f, ch) })
}

// steps takes one of the steps that compare nothing.
func (w *world) steps(b, i int, step string, aw away) answer {
	c := w.cookies(b, i)
	return w.inSignIn(b, i, c, step, aw,
		func(ctx context.Context, h *house, f form) (answer, error) { return h.do(ctx, c, f, step) })
}

func (w *world) inSignIn(b, i int, c cookies, words string, aw away, ask func(context.Context, *house, form) (answer, error)) answer {
	r := &request{
		words: fmt.Sprintf("browser %d in sign-in %d: %s%s", b, i, words, byDay(aw)), user: w.signIns[i].user, browser: b, cookies: c,
		away: aw, form: formOf(i, "step", words),
	}
	r.ask = func(ctx context.Context, h *house) (answer, error) { return ask(ctx, h, r.form) }
	r.judge = func(before rows, a answer) {
		w.judgeStep(before, r, words, a)
		w.judgeMessages(a)
	}
	return w.make(r)
}

// signsOut ends browser b's session and what it has under way.
func (w *world) signsOut(b int) answer {
	user, c := w.whose(b), w.cookies(b, none)
	return w.make(&request{
		words: fmt.Sprintf("browser %d signs out", b), user: user, browser: b, cookies: c,
		ask: func(ctx context.Context, h *house) (answer, error) { return h.signOut(ctx, user, c) },
		judge: func(_ rows, a answer) {
			if a.Err != "" {
				w.broke(15, "signing out was refused: %s", a.Err)
			}
			if x := w.sessions[c.session]; x != nil {
				x.there = false
			}
			w.browsers[b] = browser{session: none}
		},
	})
}

// changes is a user's own change of password.
func (w *world) changes(b int) answer {
	user, c := w.whose(b), w.cookies(b, none)
	change := w.persons[user].password + 1
	return w.make(&request{
		words: fmt.Sprintf("browser %d changes %s's password", b, nameOf(user)), user: user, browser: b, cookies: c,
		ask: func(ctx context.Context, h *house) (answer, error) {
			return h.changePassword(ctx, user, c, username(nameOf(user), w.number), passwordOf(user, change))
		},
		judge: func(_ rows, a answer) {
			if a.Err != "" {
				return
			}
			if !w.opens(c.session, w.now()) {
				w.broke(8, "a session that opens nothing changed a password")
			}
			w.persons[user].password = change
			w.persons[user].era++
		},
	})
}

// visits opens a page inside.
func (w *world) visits(b int) answer {
	c := w.cookies(b, none)
	return w.make(&request{
		words: fmt.Sprintf("browser %d opens a page", b), user: none, browser: b, cookies: c,
		ask: func(ctx context.Context, h *house) (answer, error) { return h.visit(ctx, c) },
		judge: func(_ rows, a answer) {
			if opens := w.opens(c.session, w.now()); opens != (a.Err == "") {
				w.broke(8, "a session that opens: %v; its page: %s", opens, a)
			}
			if x := w.sessions[c.session]; a.Err == "" && w.now()-x.seen > time.Minute {
				x.seen = w.now()
			}
		},
	})
}

// administrates is an act of whoever is signed in in browser b on user.
func (w *world) administrates(b, user int, what string) answer {
	actor, c := w.whose(b), w.cookies(b, none)
	return w.make(&request{
		words: fmt.Sprintf("browser %d, %s's, acts: %s %s", b, nameOf(actor), what, nameOf(user)), user: user, browser: b, cookies: c, acts: true,
		ask:   func(ctx context.Context, h *house) (answer, error) { return h.act(ctx, actor, c, user, what) },
		judge: func(_ rows, a answer) { w.judgeAct(actor, user, c.session, what, a) },
	})
}

// judgeAct: only an administrator in their live session, with a fresh proof, and never on
// themselves or on another company's (10).
func (w *world) judgeAct(actor, user, session int, what string, a answer) {
	if a.Err != "" {
		return
	}
	x, now := w.sessions[session], w.now()
	whole := what == "require" || what == "do not require"
	switch {
	case !w.opens(session, now), !x.two, now-x.proved >= signin.ProofFresh:
		w.broke(10, "an act without a fresh proof in a live session")
	case cast[actor].role != company.Administrator:
		w.broke(10, "an act by one who is no administrator")
	case !whole && (user == actor || cast[user].company != cast[actor].company):
		w.broke(10, "an act on oneself, or on another company's")
	}
	p := &w.persons[user]
	switch what {
	case "require", "do not require":
		w.required[cast[actor].company] = what == "require"
	case "reset":
		w.reset(user, a)
	case "lift the wait of":
		p.wait = longAgo
		w.events["wait-lifted"]++
	case "deactivate":
		if p.active {
			p.active = false
			p.era++
		}
	default:
		p.active = true
	}
}

func (w *world) reset(user int, a answer) {
	p := &w.persons[user]
	p.must, p.wait = true, longAgo
	p.era++
	for _, m := range w.methods {
		if m.user == user {
			m.state = gone
		}
	}
	w.events["two-factor-reset"]++
	w.judgeMail(a, "two-factor-reset", user)
}

// again sends an earlier request once more.
func (w *world) again(r *request) {
	if !r.claimed {
		again := *r
		again.words = "again: " + r.words
		w.make(&again)
		return
	}
	w.repeats(r)
}

// repeats sends a form again that was taken: it gets the first outcome and nothing happens.
func (w *world) repeats(r *request) {
	again := *r
	again.words, again.away, again.outage = "the same form again: "+r.words, awayNever, false
	before := w.rows
	a := w.both(&again)
	if len(a.Compared) > 0 {
		w.broke(7, "a form that was sent again was compared again")
	}
	if d := difference(before, w.rows); d != "" {
		w.broke(4, "a form that was sent again changed something: %s", d)
	}
	if a.In {
		if !w.opens(r.cookies.signIn, w.now()) {
			w.broke(8, "a form that was sent again gives out a session that opens nothing")
		}
		w.browsers[r.browser].session = r.cookies.signIn
	}
	w.judgeRows(before, &again)
}
