package traces

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/signin"
)

// What the rows of a database are about.
const (
	rowCompany = "company" // m: its version; s: "required" where two-factor is
	rowUser    = "user"    // m, n: version and epoch; s: the status, " must enrol" after a reset
	rowMethod  = "method"  // m, n: since and the last step
	rowSignIn  = "sign-in" // m: its version; s: the stage
	rowAttempt = "attempt" // by sign-in and method; m: taken
	rowSpend   = "spend"   // by sign-in and method; m: not given back; n: all
	rowSession = "session" // by the sign-in that made it; m: assurance
	rowWait    = "wait"    // of a user and a kind of browser; m: until, ms
	rowEvent   = "event"   // by kind, how many
	rowOutbox  = "outbox"  // by channel; m: how many; n: those whose code was entered
)

// key names a row: a and b are numbers in the trace, b the owner or none.
type key struct {
	what string
	a, b int
	name string // of an event, a channel, a kind of browser
}

// row is what it says, of those columns that must be the same on every house.
type row struct {
	m, n  int64
	s     string
	owner int // the person whom it is about; none
}

// rows are all that a trace has left in a database, ids apart.
type rows map[key]row

// sorted are the keys in an order of their own, so that a trace ends the same way each time.
func (r rows) sorted() []key {
	return slices.SortedFunc(maps.Keys(r), func(x, y key) int {
		return cmp.Or(cmp.Compare(x.what, y.what), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b), cmp.Compare(x.name, y.name))
	})
}

// One statement for both databases. What is secret, sealed or random is not looked at.
const readRows = `
SELECT 'company', id, '', version, 0, CASE WHEN two_factor_required THEN 'required' ELSE '' END
  FROM company WHERE id IN ($1, $2)
UNION ALL
SELECT 'user', id, '', version, epoch, status || CASE WHEN must_enrol THEN ' must enrol' ELSE '' END
  FROM users WHERE company_id IN ($1, $2)
UNION ALL
SELECT 'method', id, user_id, since_version, last_step, kind || CASE WHEN disabled_by = '' THEN '' ELSE ' disabled' END
  FROM authenticator WHERE company_id IN ($1, $2)
UNION ALL
SELECT 'sign-in', id, user_id, version, 0, stage
  FROM sign_in WHERE company_id IN ($1, $2)
UNION ALL
SELECT 'attempt', sign_in_id, authenticator_id, taken, 0, ''
  FROM attempt WHERE company_id IN ($1, $2)
UNION ALL
SELECT 'spend', sign_in_id, authenticator_id, SUM(CASE WHEN refunded THEN 0 ELSE 1 END), count(*), ''
  FROM spend WHERE company_id IN ($1, $2) GROUP BY sign_in_id, authenticator_id
UNION ALL
SELECT 'session', id, user_id, assurance, 0, ''
  FROM session WHERE company_id IN ($1, $2)
UNION ALL
SELECT 'wait', user_id, browser, until_ms, 0, ''
  FROM wait WHERE company_id IN ($1, $2)
UNION ALL
SELECT 'event', kind, person_id, count(*), 0, ''
  FROM event WHERE company_id IN ($1, $2) GROUP BY kind, person_id
UNION ALL
SELECT 'outbox', channel, user_id, count(*), SUM(CASE WHEN entered THEN 1 ELSE 0 END), ''
  FROM outbox WHERE company_id IN ($1, $2) GROUP BY channel, user_id`

// read reads the rows of the trace under way.
func (h *house) read(ctx context.Context) (rows, error) {
	found, err := h.rows.QueryContext(ctx, string(h.companies[0]), string(h.companies[1]))
	if err != nil {
		return nil, fmt.Errorf("read the rows: %w", err)
	}
	defer found.Close() // they are read to their end
	all := rows{}
	for found.Next() {
		var what, a, b string
		var r row
		if err := found.Scan(&what, &a, &b, &r.m, &r.n, &r.s); err != nil {
			return nil, fmt.Errorf("read a row: %w", err)
		}
		k := h.key(what, a, b)
		r.owner = h.owner(k)
		all[k] = r
	}
	return all, found.Err()
}

// key puts numbers for ids.
func (h *house) key(what, a, b string) key {
	k := key{what: what, a: none, b: none}
	switch what {
	case rowCompany:
		k.a = slices.Index(h.companies[:], company.ID(a))
	case rowUser:
		k.a = h.user(a)
	case rowMethod:
		k.a, k.b = h.method(factor.ID(a)), h.user(b)
	case rowSignIn, rowSession:
		k.a, k.b = h.signIn(a), h.user(b)
	case rowAttempt, rowSpend:
		k.a, k.b = h.signIn(a), h.method(factor.ID(b))
	case rowWait:
		k.a, k.name = h.user(a), b
	case rowEvent, rowOutbox:
		k.name, k.b = a, h.user(b)
	}
	return k
}

func (h *house) user(id string) int { return slices.Index(h.users[:], company.UserID(id)) }

func (h *house) signIn(id string) int {
	return slices.IndexFunc(h.tokens, func(t signin.Token) bool { return string(t.ID) == id })
}

// owner is whom a row is about; of attempts the world knows it, by their sign-in.
func (h *house) owner(k key) int {
	switch k.what {
	case rowUser, rowWait:
		return k.a
	case rowMethod, rowSignIn, rowSession, rowEvent, rowOutbox:
		return k.b
	}
	return none
}
