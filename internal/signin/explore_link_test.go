//go:build !race

package signin

import "time"

// The first door in the model: wrong passwords in a row from unknown browsers, and the links that
// are mailed once there were too many.

const (
	modelPasswords   = 2 // in a row, then unknown browsers need a link
	modelLinkMinutes = int16(LinkLife / time.Minute)
)

// wRun is a run of wrong passwords.
type wRun struct {
	fails int8
	at    int16 // of the last
}

// wLink is a mailed link.
type wLink struct {
	id    int8 // from 1; 0: none was mailed
	used  bool
	epoch int16
	at    int16
}

// linkOf is l as it is loaded.
func (w *world) linkOf(l wLink) Link {
	return Link{ID: "link", Company: "co", User: userIDs[w.whose], Epoch: int64(l.epoch), Expires: at(l.at + modelLinkMinutes), Used: l.used}
}

// over: a run that nobody has added to for a day.
func (r wRun) over(now int16) bool { return now-r.at >= failureMinutes }

// full: no more are compared.
func (r wRun) full(now int16) bool { return r.fails >= modelPasswords && !r.over(now) }

// shut is what the store does.
func shut(w *world, k int8) bool { return k == unknown && w.run.full(w.now) }

// door: a password is about to be compared that comes from a browser of kind k; by the history hk.
func (g *rig) door(w *world, k, hk int8) error {
	if g.shuts(w, k) {
		if hk == known {
			return broke(6, "a known browser is shut out by strangers")
		}
		return ErrShut
	}
	if hk == unknown && w.hist.run100.full(w.now) {
		return broke(6, "a password is compared after %d wrong ones in a row", w.hist.run100.fails)
	}
	return nil
}

// mistype is a wrong password in browser b.
func (g *rig) mistype(w *world, b int8) error {
	r := request{kind: evBegin, browser: b, signIn: none, cookie: w.cookies[b], given: w.hist.cookies[b]}
	k, hk := w.kindFor(r), w.hist.kind(w, r)
	if err := g.door(w, k, hk); err != nil {
		return err
	}
	w.run.count(k, w.now)
	w.hist.run100.count(hk, w.now)
	return nil
}

func (r *wRun) count(k int8, now int16) {
	if k == known {
		return
	}
	if r.over(now) {
		r.fails = 0
	}
	r.fails, r.at = r.fails+1, now
}

// mail mails a link, which nobody has used.
func (w *world) mail() {
	w.link = wLink{id: w.link.id + 1, epoch: w.epoch, at: w.now}
	w.hist.linkEra, w.hist.linkUsed, w.hist.linkAt = w.hist.era, false, w.now
}

// spendLink is the store's condition, and the cookie that the browser is given after it.
func (g *rig) spendLink(w *world, d decided) error {
	l := d.request.link
	if l.id != w.link.id { // its row is another one, which this model does not keep
		return ErrEnded
	}
	if g.linkOnce && w.link.used {
		return ErrEnded
	}
	w.link.used = true
	return nil
}

// unlocked: a link counts once (4), within its hour and its epoch (8), and changes nothing but
// whose counts its browser has.
func (h *history) unlocked(old, w *world, d decided) error {
	if d.request.kind != evUnlock {
		return nil
	}
	switch {
	case h.linkUsed:
		return broke(4, "a link was used twice")
	case h.linkEra != h.era, !w.active:
		return broke(8, "a link from before a reset, password change or deactivation")
	case d.at >= h.linkAt+modelLinkMinutes:
		return broke(8, "a link that is %d minutes old", d.at-h.linkAt)
	case w.version != old.version, w.sessions != old.sessions, w.signIns != old.signIns, w.auths != old.auths, w.waits != old.waits, w.run != old.run:
		return broke(14, "a link changed more than whose counts a browser has")
	}
	h.linkUsed = true
	b := d.request.browser
	if w.cookies[b] != w.epoch { // one that is known keeps its own
		w.cookies[b], h.cookies[b] = d.request.link.epoch, h.linkEra+1
	}
	return nil
}
