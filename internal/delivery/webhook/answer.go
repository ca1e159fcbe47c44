package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"sallyport.dev/sallyport/internal/outbox"
)

// maxReference is the longest reference, in characters.
const maxReference = 200

// answer is what came back.
type answer struct {
	status int
	body   []byte
	whole  bool // all of it was read
}

// receipt judges an answer. What is not told by the contract is told by the status alone.
func (a answer) receipt(carrier, id string) (outbox.Receipt, error) {
	switch a.status / 100 {
	case 2:
		return a.taken(carrier, id)
	case 3:
		return outbox.Receipt{}, fmt.Errorf("gateway answers %d: it leads elsewhere, which is not followed; configure the address that it leads to", a.status)
	case 4:
		return outbox.Receipt{}, a.refused()
	}
	if a.status == http.StatusServiceUnavailable {
		return outbox.Receipt{}, fmt.Errorf("gateway answers %d: it takes nothing at present", a.status)
	}
	return outbox.Receipt{}, fmt.Errorf("%w: gateway answers %d", outbox.ErrSilent, a.status)
}

// taken reads what a gateway says that has taken the message. A body that is not the contract's may
// be anybody's, so it is not known then.
func (a answer) taken(carrier, id string) (outbox.Receipt, error) {
	var said struct {
		Reference string `json:"reference"`
		Delivered bool   `json:"delivered"`
	}
	if a.whole && len(a.body) > 0 && json.Unmarshal(a.body, &said) != nil || !a.whole || !isReference(said.Reference) {
		return outbox.Receipt{}, fmt.Errorf("%w: gateway answers %d, and what it says is not as docs/webhook.md has it", outbox.ErrSilent, a.status)
	}
	return outbox.Receipt{Carrier: carrier, Reference: orID(said.Reference, id), Delivered: said.Delivered}, nil
}

// isReference reports whether s can be one: short, and of characters that can be seen. "" can.
func isReference(s string) bool {
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	return len(s) <= maxReference && !strings.ContainsFunc(s, odd)
}

// orID is a gateway's reference; one that has none of its own calls the message as we do.
func orID(reference, id string) string {
	if reference == "" {
		return id
	}
	return reference
}

// refused reads why a gateway has not taken the message.
func (a answer) refused() error {
	var said struct {
		Reason    outbox.Reason `json:"reason"`
		Elsewhere *bool         `json:"elsewhere"`
	}
	if a.status == http.StatusTooManyRequests {
		return fmt.Errorf("gateway answers %d: it has had too many", a.status)
	}
	if a.whole && json.Unmarshal(a.body, &said) == nil && said.Reason != "" {
		r := outbox.Refusal{Why: said.Reason, Detail: fmt.Sprintf("gateway answers %d with a reason", a.status)}
		if !r.Why.Refusal() {
			r.Why = outbox.Refused
		}
		r.Here = mayElsewhere(r.Why)
		if said.Elsewhere != nil {
			r.Here = *said.Elsewhere
		}
		return r
	}
	switch a.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("gateway answers %d: it does not take our signature; compare the secrets, and both clocks", a.status)
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone:
		return fmt.Errorf("gateway answers %d: there is none at its address", a.status)
	}
	return fmt.Errorf("%w: gateway answers %d and gives no reason", outbox.ErrLater, a.status)
}

// mayElsewhere is what a reason means for other carriers, where the gateway does not say: who nobody
// is, who has a fixed line or wants nothing is that everywhere.
func mayElsewhere(why outbox.Reason) bool {
	return why == outbox.Refused || why == outbox.Unserved || why == outbox.Blocked
}
