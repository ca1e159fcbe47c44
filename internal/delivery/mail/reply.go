package mail

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"strings"

	"sallyport.dev/sallyport/internal/egress"
	"sallyport.dev/sallyport/internal/outbox"
)

// errNotOffered: the server has no STARTTLS, or no way to sign in that we know.
var errNotOffered = errors.New("it does not offer that")

// reply is what a server says, without its free text, which may quote anything.
type reply struct {
	code   int    // RFC 5321 § 4.2: 550
	status string // RFC 3463: "5.1.1"; "" where it gives none
}

func (r reply) String() string { return strings.TrimSpace(fmt.Sprint(r.code, " ", r.status)) }

var enhanced = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// parseReply reads what a server said; false where err is no answer of a server's.
func parseReply(err error) (reply, bool) {
	said, ok := errors.AsType[*textproto.Error](err)
	if !ok || said.Code/100 != 4 && said.Code/100 != 5 {
		return reply{}, false
	}
	return reply{said.Code, enhanced.FindString(said.Msg)}, true
}

// about reports whether r's status is of these subjects (RFC 3463 § 3): "5.1." is addresses.
func (r reply) about(subjects ...string) bool {
	for _, s := range subjects {
		if strings.HasPrefix(r.status, s) {
			return true
		}
	}
	return false
}

// judge says what a failure at a stage means for the message.
func judge(ctx context.Context, at stage, err error) error {
	r, replied := parseReply(err)
	switch {
	case errors.Is(err, errNotOffered) && at == securing:
		return errors.New("mail server does not offer STARTTLS, and nothing is sent without: is it the right port?")
	case errors.Is(err, errNotOffered):
		return errors.New("mail server offers no way to sign in that is known here: PLAIN, LOGIN, SCRAM-SHA-256, CRAM-MD5")
	case !replied && at == accepting:
		return fmt.Errorf("%w: mail server had the whole mail: %w", outbox.ErrSilent, egress.Cause(ctx, err))
	case !replied && at == connecting:
		return fmt.Errorf("mail server cannot be reached: %w", egress.Cause(ctx, err))
	case !replied:
		return fmt.Errorf("mail server did not get as far as %s: %w", at, egress.Cause(ctx, err))
	case r.code/100 == 4 && (at == recipient || at == writing || at == accepting):
		return fmt.Errorf("%w: mail server answers %v to %s: not now", outbox.ErrLater, r, at)
	case r.code/100 == 4:
		return fmt.Errorf("mail server answers %v to %s: not now", r, at)
	}
	return r.never(at)
}

// never says what a permanent answer means.
func (r reply) never(at stage) error {
	switch {
	case at == signingIn:
		return fmt.Errorf("mail server answers %v: it does not take the username and password; correct them in the configuration", r)
	case at == sender && r.code != 530:
		return fmt.Errorf("mail server answers %v: it does not let us send from this address; correct from or bounces in the configuration", r)
	case r.code == 530 || r.code == 538:
		return fmt.Errorf("mail server answers %v: it wants a username and password, or encryption", r)
	case at == recipient || at == writing || at == accepting:
		return outbox.Refusal{Why: r.why(at), Here: r.why(at) != outbox.WrongNumber, Detail: fmt.Sprintf("mail server answers %v to %s", r, at)}
	}
	return fmt.Errorf("mail server answers %v to %s", r, at)
}

// why is the reason of a refusal. Many servers give no status of RFC 3463: then 550, 551, 553 and 556 say
// that there is nobody (RFC 5321 § 4.2.3, RFC 7504), if they are about the recipient.
func (r reply) why(at stage) outbox.Reason {
	switch {
	case r.about("5.7."):
		return outbox.Blocked
	case at != recipient:
		return outbox.Refused
	case r.about("5.1.", "5.2.1"), r.status == "" && (r.code == 550 || r.code == 551 || r.code == 553 || r.code == 556):
		return outbox.WrongNumber
	}
	return outbox.Refused
}
