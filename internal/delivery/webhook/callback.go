package webhook

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"sallyport.dev/sallyport/internal/outbox"
)

// maxCallback is how long a callback may be, in bytes.
const maxCallback = 4 << 10

// report is what a gateway tells.
type report struct {
	ID        string        `json:"id"` // ours, as in the path: what is signed says which message it is about
	State     outbox.State  `json:"state"`
	Reason    outbox.Reason `json:"reason"` // of failed
	Reference string        `json:"reference"`
}

// callback takes a report. Whoever has no secret learns nothing; whoever has learns as much of a
// message that is not theirs as of one that is.
func (g *Gateway) callback(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "only POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallback))
	if err != nil {
		http.Error(w, "too long, or cut off", http.StatusBadRequest)
		return
	}
	if g.keys.verify(r.Header, g.now(), body) != nil {
		http.Error(w, "not signed, or not now", http.StatusUnauthorized)
		return
	}
	id := strings.TrimPrefix(r.URL.Path, g.desk.Path())
	s, ok := parseReport(body, id)
	if !ok {
		http.Error(w, "not a report on this message; docs/webhook.md shows one", http.StatusBadRequest)
		return
	}
	s.At = g.now()
	if err := g.desk.Report(r.Context(), id, s); err != nil && !errors.Is(err, outbox.ErrNotFound) {
		http.Error(w, "not noted; say it again later", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// parseReport reads a report on the message with our id.
func parseReport(body []byte, id string) (outbox.Status, bool) {
	var said report
	if json.Unmarshal(body, &said) != nil || said.ID == "" || said.ID != id || !isReference(said.Reference) {
		return outbox.Status{}, false
	}
	s := outbox.Status{State: said.State, Reference: orID(said.Reference, id)}
	switch said.State {
	case outbox.Handed, outbox.Delivered:
		return s, true
	case outbox.Failed:
		s.Reason = known(said.Reason)
		return s, true
	}
	return outbox.Status{}, false
}

// known is a reason that a carrier may give, or Undelivered.
func known(r outbox.Reason) outbox.Reason {
	switch r {
	case outbox.Undelivered, outbox.Unreachable, outbox.Busy, outbox.NoAnswer, outbox.NoKey:
		return r
	}
	if r.Refusal() {
		return r
	}
	return outbox.Undelivered
}
