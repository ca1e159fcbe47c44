package twilio

import (
	"fmt"
	"net/http"

	"sallyport.dev/sallyport/internal/outbox"
)

// meaning is what one of Twilio's error codes means.
type meaning struct {
	why  outbox.Reason // "": the operator's trouble, or one that passes; the message is tried again
	here bool          // another carrier may do better
	says string        // for the log
}

// meanings are the codes that say more than "refused" of a request, or "undelivered" of a report
// (https://www.twilio.com/docs/api/errors). Twilio splits codes now and then, so nothing depends on
// one being here.
var meanings = map[int]meaning{
	// Of us, not of the message.
	20003: {says: "the account's SID and its auth token or API key do not fit: check the configuration and Twilio's console"},
	20005: {says: "the account is suspended or closed: see Twilio's console"},
	20404: {says: "there is no such account at this origin: check the account's SID and the origin"},
	20429: {says: "too many requests"},
	21210: {says: "the number that calls come from is none of the account's: check it in the configuration"},
	21212: {says: "the number that messages come from is none that Twilio takes: check it in the configuration"},
	21609: {says: "Twilio does not take our own address: check the base address"},
	21611: {says: "too many messages wait at Twilio"},
	30029: {says: "the account has no Message Redaction: ask Twilio for it, or let Twilio retain texts"},
	30030: {says: "the account has no Message Redaction: ask Twilio for it, or let Twilio retain numbers"},

	// Nobody else will do better.
	21211: {why: outbox.WrongNumber, says: "no telephone number"},
	21217: {why: outbox.WrongNumber, says: "no telephone number"},
	21610: {why: outbox.OptedOut, says: "its reader has answered STOP"},
	21614: {why: outbox.NoTexts, says: "no mobile number"},
	21635: {why: outbox.NoTexts, says: "a fixed line"},

	// Twilio, or this account, does not reach it.
	21214: {why: outbox.Unserved, here: true, says: "Twilio cannot call this number"},
	21215: {why: outbox.Unserved, here: true, says: "the account may not call that country: see its geographic permissions"},
	21216: {why: outbox.Blocked, here: true, says: "the account may not call this number"},
	21219: {why: outbox.Unserved, here: true, says: "a trial account calls only numbers that were verified"},
	21408: {why: outbox.Unserved, here: true, says: "the account may not text that country: see its geographic permissions"},
	21606: {why: outbox.Unserved, here: true, says: "the number that texts come from cannot text this one"},
	21608: {why: outbox.Unserved, here: true, says: "a trial account texts only numbers that were verified"},
	21612: {why: outbox.Unserved, here: true, says: "Twilio cannot text this number from ours"},
	21617: {why: outbox.Refused, here: true, says: "too long"},

	// Later, of what was taken.
	30003: {why: outbox.Unreachable, here: true, says: "the phone is out of reach"},
	30004: {why: outbox.Blocked, here: true, says: "blocked"},
	30005: {why: outbox.WrongNumber, says: "nobody has this number"},
	30006: {why: outbox.NoTexts, says: "a fixed line, or out of every network's reach"},
	30007: {why: outbox.Blocked, here: true, says: "filtered by a network"},
	30008: {why: outbox.Undelivered, here: true, says: "undelivered, for no known reason"},
	30034: {why: outbox.Blocked, here: true, says: "the number that texts come from is not registered for this network"},
	30450: {why: outbox.Blocked, here: true, says: "held to be pumping of texts"},
}

// refusal is the error of a request that Twilio did not take.
func refusal(status, code int) error {
	m, known := meanings[code]
	if !known {
		switch status {
		case http.StatusUnauthorized:
			m, known = meanings[20003], true
		case http.StatusNotFound:
			m, known = meanings[20404], true
		case http.StatusTooManyRequests:
			m, known = meanings[20429], true
		}
	}
	said := fmt.Sprintf("Twilio answers HTTP %d, code %d", status, code)
	switch {
	case !known:
		return outbox.Refusal{Why: outbox.Refused, Here: true, Detail: said}
	case m.why == "":
		return fmt.Errorf("%s: %s", said, m.says)
	case !m.why.Refusal(): // as if it had been told later
		return outbox.Refusal{Why: outbox.Refused, Here: true, Detail: said + ": " + m.says}
	}
	return outbox.Refusal{Why: m.why, Here: m.here, Detail: said + ": " + m.says}
}

// step is how far a message has come.
type step struct {
	State  outbox.State
	Reason outbox.Reason // when Failed and no code says more
}

// steps are the statuses of messages and calls that say something, and what they say. A call
// that is over was heard only if its key was pressed, and that was noted then: a state never
// goes back.
var steps = map[string]step{
	// Both.
	"queued":   {State: outbox.Handed},
	"failed":   {outbox.Failed, outbox.Undelivered},
	"canceled": {outbox.Failed, outbox.Undelivered},
	// A message.
	"accepted":    {State: outbox.Handed},
	"sending":     {State: outbox.Handed},
	"sent":        {State: outbox.Handed},
	"delivered":   {State: outbox.Delivered},
	"read":        {State: outbox.Delivered},
	"undelivered": {outbox.Failed, outbox.Undelivered},
	// A call.
	"initiated":   {State: outbox.Handed},
	"ringing":     {State: outbox.Handed},
	"in-progress": {State: outbox.Handed},
	"busy":        {outbox.Failed, outbox.Busy},
	"no-answer":   {outbox.Failed, outbox.NoAnswer},
	"completed":   {outbox.Failed, outbox.NoKey},
}

// reported is what a status and an error code, 0 without one, say; false: nothing.
func reported(status string, code int) (step, bool) {
	s, ok := steps[status]
	if m := meanings[code]; s.State == outbox.Failed && s.Reason == outbox.Undelivered && m.why != "" {
		s.Reason = m.why
	}
	return s, ok
}
