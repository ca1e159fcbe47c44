//go:build !race

package signin

import (
	"slices"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// mutant is a machine or a store with one thing wrong. Where one guard stands behind
// another both are taken away together, and the pair is named: singly they hide each
// other.
type mutant struct {
	name   string
	scope  string // where it is looked for
	mutate func(*rig)
}

// decider changes what Decide is given.
func decider(change func(State, Event) (State, Event)) func(*rig) {
	return func(g *rig) {
		g.decide = func(s State, e Event, now time.Time) (State, []Effect, error) {
			s, e = change(s, e)
			return Decide(s, e, now)
		}
	}
}

// outcome changes what Decide says.
func outcome(change func(before, after State, e Event, effects []Effect) (State, []Effect)) func(*rig) {
	return func(g *rig) {
		g.decide = func(s State, e Event, now time.Time) (State, []Effect, error) {
			after, effects, err := Decide(s, e, now)
			if err != nil {
				return after, effects, err
			}
			after, effects = change(s, after, e, effects)
			return after, effects, nil
		}
	}
}

func mutants() []mutant {
	return []mutant{
		{"Skip does not ask the policy", "P", decider(func(s State, e Event) (State, Event) {
			if _, ok := e.(Skip); ok {
				s.Policy.Required = false
			}
			return s, e
		})},
		{"a password that the host operator gives ends nothing", "H", outcome(func(before, after State, e Event, effects []Effect) (State, []Effect) {
			if _, ok := e.(GivePassword); ok {
				after.User.Epoch = before.User.Epoch
			}
			return after, effects
		})},
		{"a reset by the host operator lets the next sign-in skip", "H", outcome(func(before, after State, e Event, effects []Effect) (State, []Effect) {
			if _, ok := e.(Reset); ok && before.Host {
				after.User.MustEnrol = false
			}
			return after, effects
		})},
		{"Skip does not ask for a reset's must_enrol", "D2", decider(func(s State, e Event) (State, Event) {
			if _, ok := e.(Skip); ok {
				s.User.MustEnrol = false
			}
			return s, e
		})},
		{"Skip forgets the authenticators, and the store does not compare the user (pair)", "P", func(g *rig) {
			g.compareUser = false
			decider(func(s State, e Event) (State, Event) {
				if _, ok := e.(Skip); ok {
					s.User.Authenticators = nil
				}
				return s, e
			})(g)
		}},
		{"the store does not compare the policy's version", "P", func(g *rig) { g.comparePolicy = false }},
		{"a policy that cannot be read requires nothing", "P", func(g *rig) {
			g.load = func(w *world, i, b int8) (State, bool) {
				failing := w.failing
				w.failing = false
				s, ok := w.load(i, b)
				w.failing = failing
				if failing {
					s.Policy.Required = false
				}
				return s, ok
			}
		}},
		{"sessions are not measured against the policy again", "P", func(g *rig) {
			g.signedIn = func(x Session, u User, _ Policy, now time.Time) error {
				return SignedIn(x, User{
					ID: u.ID, Company: u.Company, Epoch: u.Epoch, Status: u.Status}, Policy{}, now)
			}
		}},
		{"Skip makes a session of assurance 2", "P", outcome(func(_, after State, e Event, effects []Effect) (State, []Effect) {
			for i, f := range effects {
				if m, ok := f.(MakeSession); ok {
					m.Session.Assurance = 2
					effects[i] = m
				}
			}
			return after, effects
		})},
		{"a reset leaves the epoch", "D2", outcome(func(before, after State, e Event, effects []Effect) (State, []Effect) {
			if _, ok := e.(Reset); ok {
				after.User.Epoch = before.User.Epoch
			}
			return after, effects
		})},
		{"a new password leaves the epoch", "D2", outcome(func(before, after State, e Event, effects []Effect) (State, []Effect) {
			if _, ok := e.(ChangePassword); ok {
				after.User.Epoch = before.User.Epoch
			}
			return after, effects
		})},
		{"a deactivation leaves the epoch", "D2", outcome(func(before, after State, e Event, effects []Effect) (State, []Effect) {
			if x, ok := e.(SetStatus); ok && x.Status == company.Deactivated {
				after.User.Epoch = before.User.Epoch
			}
			return after, effects
		})},
		{"a reset sets no must_enrol", "D2", outcome(func(_, after State, e Event, effects []Effect) (State, []Effect) {
			if _, ok := e.(Reset); ok {
				after.User.MustEnrol = false
			}
			return after, effects
		})},
		{"a password compared before a change still begins", "D2", func(g *rig) {
			g.compareUser = false
			decider(func(s State, e Event) (State, Event) {
				if b, ok := e.(Begin); ok {
					b.PasswordEpoch = s.User.Epoch
					e = b
				}
				return s, e
			})(g)
		}},
		{"a younger authenticator proves something in an older sign-in", "A", decider(func(s State, e Event) (State, Event) {
			if s.SignIn != nil {
				si := *s.SignIn
				si.Since = 1 << 30
				s.SignIn = &si
			}
			return s, e
		})},
		{"an answer is not compared with its challenge", "A", decider(func(s State, e Event) (State, Event) {
			if a, ok := e.(Answer); ok && s.SignIn != nil {
				a.Proof.Challenge, a.Proof.Authenticator = s.SignIn.Challenge.ID, s.SignIn.Challenge.Authenticator
				e = a
			}
			return s, e
		})},
		{"a denied or open push opens", "A", decider(func(s State, e Event) (State, Event) {
			if _, ok := e.(Continue); ok && s.SignIn != nil {
				si := *s.SignIn
				si.Challenge.Verdict = factor.Approved
				s.SignIn = &si
			}
			return s, e
		})},
		{"Finish takes a pending authenticator", "D1", decider(func(s State, e Event) (State, Event) {
			if _, ok := e.(Finish); ok && s.SignIn != nil && s.SignIn.Stage == Enrolling {
				si := *s.SignIn
				si.Stage, si.First = Enrolled, si.Pending.ID
				si.Proved = Proved{By: si.Pending.ID}
				s.SignIn = &si
				s.User.Authenticators = append(s.User.Authenticators, *si.Pending)
			}
			return s, e
		})},
		{"a first set-up ends no other, and more may be set up without a proof (pair)", "D1", func(g *rig) {
			g.endOthers = false
			decider(func(s State, e Event) (State, Event) {
				switch e.(type) {
				case Enrol, Answer:
					if s.SignIn != nil && s.SignIn.First == "" && s.SignIn.Stage != Challenged {
						s.User.Authenticators = nil
					}
				}
				return s, e
			})(g)
		}},
		{"a first set-up does not end the others", "D1", func(g *rig) { g.endOthers = false }},
		{"TOTP steps are written back, not burned (pair with the user's version)", "D1", func(g *rig) {
			g.writeDifferences, g.compareUser, g.burnOnce = false, false, false
		}},
		{"a TOTP step is burned without a condition", "A", func(g *rig) { g.burnOnce = false }},
		{"two sessions from one sign-in: neither version nor session once (pair)", "D1", func(g *rig) {
			g.compareSignIn, g.sessionOnce = false, false
		}},
		{"an ended sign-in goes on", "D1", decider(func(s State, e Event) (State, Event) {
			if s.SignIn != nil && s.SignIn.Stage == Ended {
				si := *s.SignIn
				si.Stage = Choosing
				s.SignIn = &si
			}
			return s, e
		})},
		{"a method slipped in removes an older one at once", "A inside", decider(func(s State, e Event) (State, Event) {
			as := append([]factor.Authenticator(nil), s.User.Authenticators...)
			for i := range as {
				as[i].Added = time.Time{}
			}
			s.User.Authenticators = as
			return s, e
		})},
		{"the last method can be removed", "A inside", decider(func(s State, e Event) (State, Event) {
			if s.SignIn != nil && s.SignIn.Demand.Purpose == PurposeRemove || isRemove(e) {
				s.Policy.Required = false
			}
			return s, e
		})},
		{"adding a method asks for no proof of its own", "A inside", decider(func(s State, e Event) (State, Event) {
			if s.SignIn != nil && s.SignIn.Demand.Purpose == PurposeEnrol && s.SignIn.Stage == Challenged {
				if _, ok := e.(Enrol); ok {
					si := *s.SignIn
					si.Stage = Choosing
					si.Proved = Proved{By: si.Challenge.Authenticator, At: si.Began}
					s.SignIn = &si
				}
			}
			return s, e
		})},
		{"attempts are not limited", "C", func(g *rig) { g.spendLimits = false }},
		{"a wait is not obeyed", "C", func(g *rig) { g.spendWaits = false }},
		{"a right answer of one method clears the others", "C", func(g *rig) { g.acceptOwnOnly = false }},
		{"nothing is given back after an outage", "C", func(g *rig) { g.refundAll = false }},
		{"a known browser shares the count of the unknown ones", "C browsers", func(g *rig) {
			g.kindOf = func(*world, int8) int8 { return unknown }
		}},
		{"a wait of the unknown browsers blocks the known one", "C browsers", func(g *rig) {
			g.waitFor = func(*world, int8) int8 { return unknown }
		}},
		{"an accepted answer zeroes the counts of all kinds of browser", "C browsers", func(g *rig) { g.acceptAllKinds = true }},
		{"the kind of browser follows the cookies that are there", "C browsers", func(g *rig) {
			present := func(w *world, i int8) int8 {
				if b := w.signIns[i].browser; w.cookies[b] == w.epoch {
					return known
				}
				return unknown
			}
			g.kindOf, g.waitFor = present, present
		}},
		{"a cookie of an older epoch is honoured", "D2", decider(func(s State, e Event) (State, Event) {
			if b, ok := e.(Begin); ok && b.Known.Browser != "" {
				b.Known.Epoch = s.User.Epoch
				e = b
			}
			return s, e
		})},
		{"a mailed link counts twice (pair)", "L", func(g *rig) {
			g.linkOnce = false
			decider(func(s State, e Event) (State, Event) {
				if u, ok := e.(Unlock); ok {
					u.Link.Used = false
					e = u
				}
				return s, e
			})(g)
		}},
		{"a mailed link that was read before it was used counts", "L", func(g *rig) { g.linkOnce = false }},
		{"a mailed link outlives its epoch", "L", decider(func(s State, e Event) (State, Event) {
			if u, ok := e.(Unlock); ok {
				u.Link.Epoch = s.User.Epoch
				e = u
			}
			return s, e
		})},
		{"a mailed link of somebody deactivated counts (pair)", "L", decider(func(s State, e Event) (State, Event) {
			if u, ok := e.(Unlock); ok {
				u.Link.Epoch, s.User.Status = s.User.Epoch, company.Active
				e = u
			}
			return s, e
		})},
		{"a mailed link has no end", "L", decider(func(s State, e Event) (State, Event) {
			if u, ok := e.(Unlock); ok {
				u.Link.Expires = u.Link.Expires.Add(48 * time.Hour)
				e = u
			}
			return s, e
		})},
		{"a mailed link is a session", "L", outcome(func(before, after State, e Event, effects []Effect) (State, []Effect) {
			if u, ok := e.(Unlock); ok {
				effects = append(effects, MakeSession{Session: Session{ID: signInIDs[0], Company: "co", User: before.User.ID, Version: 1,
					Epoch: u.Link.Epoch, Assurance: 1, Created: worldZero}})
			}
			return after, effects
		})},
		{"passwords have no end", "L", func(g *rig) { g.shuts = func(*world, int8) bool { return false } }},
		{"strangers shut out the known browser", "L", func(g *rig) {
			g.shuts = func(w *world, _ int8) bool { return w.run.full(w.now) }
		}},
		{"a run of wrong answers disables nothing", "C", func(g *rig) { g.disable = false }},
		{"an answer's generation is not compared", "S", decider(func(s State, e Event) (State, Event) {
			if a, ok := e.(Answer); ok && s.SignIn != nil {
				a.Proof.Generation = s.SignIn.Challenge.Generation
				e = a
			}
			return s, e
		})},
		{"an expired code is compared, and counts (pair)", "S", func(g *rig) {
			g.asksOver = false
			decider(func(s State, e Event) (State, Event) {
				if _, ok := e.(Answer); ok && s.SignIn != nil {
					si := *s.SignIn
					si.Challenge.Expires = time.Time{}
					s.SignIn = &si
				}
				return s, e
			})(g)
		}},
		{"a code grows older with each resend", "S", outcome(func(_, after State, e Event, effects []Effect) (State, []Effect) {
			if _, ok := e.(Resend); ok {
				after.SignIn.Challenge.Expires = after.SignIn.Challenge.Sent.Add(CodeLife)
				for i, f := range effects {
					if m, ok := f.(Send); ok {
						m.Delivery.Expires = after.SignIn.Challenge.Expires
						effects[i] = m
					}
				}
			}
			return after, effects
		})},
		{"another number keeps the challenge of the first", "S", outcome(func(before, after State, e Event, effects []Effect) (State, []Effect) {
			old := before.SignIn
			if _, ok := e.(Enrol); ok && old.Pending != nil && old.Challenge.Generation > 0 {
				after.SignIn.Challenge = old.Challenge
				after.SignIn.Challenge.Authenticator = after.SignIn.Pending.ID
				return after, nil
			}
			return after, effects
		})},
		{"a code goes to the number that the request names", "S", outcome(func(_, after State, _ Event, effects []Effect) (State, []Effect) {
			for i, f := range effects {
				if m, ok := f.(Send); ok {
					m.To = secret.New(numbers[3])
					effects[i] = m
				}
			}
			return after, effects
		})},
		{"a resend goes out during a wait", "S", decider(func(s State, e Event) (State, Event) {
			if _, ok := e.(Resend); ok {
				s.User.Wait = time.Time{}
			}
			return s, e
		})},
		{"a method chosen during a wait sends its code", "S methods", decider(func(s State, e Event) (State, Event) {
			if _, ok := e.(Choose); ok {
				s.User.Wait = time.Time{}
			}
			return s, e
		})},
		{"a method without attempts sends its code", "S methods", decider(func(s State, e Event) (State, Event) {
			if _, ok := e.(Choose); ok && s.SignIn != nil {
				si := *s.SignIn
				si.Spent = nil
				s.SignIn = &si
			}
			return s, e
		})},
		{"a number that goes is not told", "S inside", outcome(func(_, after State, _ Event, effects []Effect) (State, []Effect) {
			return after, slices.DeleteFunc(effects, func(e Effect) bool {
				n, ok := e.(Notify)
				return ok && n.By == outbox.Text && n.Notice.Kind == outbox.MethodRemoved
			})
		})},
		{"a notice goes to the number that was just added", "S inside", outcome(func(before, after State, _ Event, effects []Effect) (State, []Effect) {
			for i, e := range effects {
				if n, ok := e.(Notify); ok && n.By == outbox.Text && n.Notice.Kind == outbox.MethodAdded {
					n.To = before.SignIn.Pending.Secret
					effects[i] = n
				}
			}
			return after, effects
		})},
		{"messages are not limited", "S", func(g *rig) { g.sendLimits = false }},
		{"a resend gives the attempts back", "S", func(g *rig) { g.refills = true }},
		{"a disabled method counts as none", "C", decider(func(s State, e Event) (State, Event) {
			var as []factor.Authenticator
			for _, a := range s.User.Authenticators {
				if !a.Disabled() {
					as = append(as, a)
				}
			}
			s.User.Authenticators = as
			return s, e
		})},
	}
}

func isRemove(e Event) bool {
	b, ok := e.(BeginInside)
	return ok && b.Demand.Purpose == PurposeRemove
}

func TestTheExplorationCatchesEveryMutant(t *testing.T) {
	byName := map[string]scope{}
	for _, s := range scopes() {
		byName[s.name] = s
	}
	for _, m := range append(mutants(), pushMutants()...) {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			s := byName[m.scope]
			g := newRig(s.counts)
			m.mutate(&g)
			if _, err := explore(g, s, 0); !broken(err) {
				t.Errorf("scope %s lets it live", m.scope)
			} else {
				t.Log(err)
			}
		})
	}
}
