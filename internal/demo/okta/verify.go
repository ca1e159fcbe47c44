package okta

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

const (
	step        = 30  // seconds, of codes
	wrongInARow = 5   // then the factor is shut
	keptPushes  = 100 // the newest
	waiting     = "WAITING"
	success     = "SUCCESS"
	rejected    = "REJECTED"
	timeout     = "TIMEOUT"
	cancelled   = "CANCELLED" // for the app alone: Okta does not know it any more
)

// push is one question on the phone: a transaction, in Okta's words.
type push struct {
	id      string
	user    *user
	factor  *factor
	at      time.Time
	browser string
	address string
	state   string
	number  int   // the right one
	numbers []int // to choose from; nil: none is asked for
}

// stateOf is how p stands; one that nobody answered ends by itself.
func (o *Org) stateOf(p *push) string {
	if p.state == waiting && !o.Now().Before(p.at.Add(pushFor)) {
		return timeout
	}
	return p.state
}

// postVerify asks on the phone, or compares a code.
func (o *Org) postVerify(r *http.Request) reply {
	u, f, missing := o.named(r)
	var body struct {
		PassCode                   string
		UseNumberMatchingChallenge bool
	}
	switch {
	case missing != "":
		return fail(missing)
	case !parse(r, &body):
		return fail("E0000003")
	case u.refused() != "":
		return fail(u.refused())
	case f.Status != active:
		return fail("E0000079")
	case f.Type == totpType:
		return o.verifyCode(f, body.PassCode)
	case f.Type != pushType:
		return fail("E0000001", "the stand-in verifies push and token:software:totp alone")
	case r.UserAgent() == "":
		return fail("E0000001", "User-Agent: a push needs one")
	}
	return o.ask(r, u, f, body.UseNumberMatchingChallenge)
}

func (o *Org) ask(r *http.Request, u *user, f *factor, number bool) reply {
	address, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ",")
	p := &push{
		id: "v2mst." + rand.Text()[:22], user: u, factor: f, at: o.Now().UTC(), state: waiting,
		browser: r.UserAgent(), address: strings.TrimSpace(address),
	}
	if number {
		for _, n := range mathrand.Perm(90)[:3] {
			p.numbers = append(p.numbers, 10+n)
		}
		p.number = p.numbers[mathrand.IntN(len(p.numbers))]
	}
	o.pushes = slices.Insert(o.pushes, 0, p)
	clear(o.pushes[min(keptPushes, len(o.pushes)):])
	o.pushes = o.pushes[:min(keptPushes, len(o.pushes))]
	return reply{status: http.StatusCreated, body: o.waitingBody(r, p)}
}

func (o *Org) waitingBody(r *http.Request, p *push) object {
	path := o.factorPath(r, p.user, p.factor) + "/transactions/" + p.id
	body := object{
		"expiresAt": stamp(p.at.Add(pushFor)), "factorResult": waiting,
		"_links": object{"poll": link(path, "GET"), "cancel": link(path, "DELETE")},
	}
	if p.numbers != nil {
		body["_embedded"] = object{"challenge": object{"correctAnswer": p.number}}
	}
	return body
}

// transaction finds what the path names; nil: Okta does not know it (any more).
func (o *Org) transaction(r *http.Request) *push {
	_, f, _ := o.named(r)
	for _, p := range o.pushes {
		if f != nil && p.factor == f && p.id == r.PathValue("transaction") && p.state != cancelled {
			return p
		}
	}
	return nil
}

func (o *Org) getTransaction(r *http.Request) reply {
	p := o.transaction(r)
	if p == nil {
		return fail("E0000007")
	}
	switch s := o.stateOf(p); s {
	case waiting:
		body := o.waitingBody(r, p)
		body["profile"] = object{"credentialId": p.user.login()} // which the answer to verify has not
		return ok(body)
	case success:
		return ok(object{"factorResult": s})
	default:
		path := o.factorPath(r, p.user, p.factor)
		return ok(object{
			"factorResult": s, "profile": object{"credentialId": p.user.login()},
			"_links": object{"verify": link(path+"/verify", "POST"), "factor": link(path, "GET", "DELETE")},
		})
	}
}

// deleteTransaction cancels a push: from memory, as are its statuses.
func (o *Org) deleteTransaction(r *http.Request) reply {
	p := o.transaction(r)
	if p == nil {
		return fail("E0000007")
	}
	if o.stateOf(p) != waiting {
		return fail("E0000079")
	}
	p.state = cancelled
	return reply{status: http.StatusNoContent}
}

// verifyCode takes the code of this step, the last or the next, each step once. After five
// wrong ones in a row it takes none for five minutes, as the Identity Engine does.
func (o *Org) verifyCode(f *factor, code string) reply {
	now := o.Now()
	if now.Before(o.shutTill[f.ID]) {
		return fail("E0000047")
	}
	if code == "" {
		return fail("E0000001", "passCode: The field cannot be left blank")
	}
	current := now.Unix() / step
	for s := current - 1; s <= current+1; s++ {
		if !secret.Equal([]byte(codeOf(f.Seed, s)), []byte(code)) {
			continue
		}
		if s <= f.LastStep {
			return fail("E0000082")
		}
		f.LastStep = s
		delete(o.wrong, f.ID)
		return reply{status: http.StatusOK, body: object{"factorResult": success}, changed: true}
	}
	if o.wrong[f.ID]++; o.wrong[f.ID] == wrongInARow {
		delete(o.wrong, f.ID)
		o.shutTill[f.ID] = now.Add(5 * time.Minute)
	}
	return fail("E0000068", "Your passcode doesn't match our records. Please try again.")
}

// codeOf is the code of one step (RFC 6238 with SHA-1 and six digits).
func codeOf(seed []byte, step int64) string {
	mac := hmac.New(sha1.New, seed)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step))) // a hash never refuses
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf // RFC 4226 § 5.3
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}
