package twiliofake

import (
	"regexp"
	"strconv"
)

// Numbers that something becomes of. The first are Twilio's own for its test credentials
// (https://www.twilio.com/docs/iam/test-credentials): ...0001 nobody has, ...0002 it does not reach,
// ...0003 is in a country that the account may not reach, ...0004 is blocked, ...0009 takes no texts.
// The others are ours: Refused and Undelivered have the code in the number.
const (
	Good   = "+15005550006" // brought; a call is answered
	Busy   = "+15005540001"
	Rings  = "+15005540002" // nobody answers
	Failed = "+15005540003"
	Lost   = "+15005540004" // canceled
)

// Refused is a number that is refused with that code of Twilio's, 20001 to 29999.
func Refused(code int) string { return "+150055" + strconv.Itoa(code) }

// Undelivered is a number that texts are taken for and not brought, with that code, 30001 to 39999.
func Undelivered(code int) string { return "+150055" + strconv.Itoa(code) }

var (
	theirs = map[string][2]int{ // text, call
		"+15005550001": {21211, 21217}, "+15005550002": {21612, 21214}, "+15005550003": {21408, 21215},
		"+15005550004": {21610, 21216}, "+15005550009": {21614, 0},
	}
	coded = regexp.MustCompile(`^\+150055([23][0-9]{4})$`)
)

// codeIn is the code in a number, and whether it is one that is refused; 0: none.
func codeIn(number string) (code int, refused bool) {
	m := coded.FindStringSubmatch(number)
	if m == nil {
		return 0, false
	}
	code, _ = strconv.Atoi(m[1]) // five digits
	return code, code < 30000
}

func textRefusal(to string) int { return either(theirs[to][0], to) }

func callRefusal(to string) int { return either(theirs[to][1], to) }

func either(known int, to string) int {
	if code, refused := codeIn(to); refused {
		return code
	}
	return known
}

// Step is one report: a status and an error code, 0 for none.
type Step struct {
	Status string
	Code   int
}

// fate is what is reported of a text to a number.
func fate(to string) []Step {
	if code, refused := codeIn(to); code != 0 && !refused {
		return []Step{{Status: "sent"}, {Status: "undelivered", Code: code}}
	}
	return []Step{{Status: "sent"}, {Status: "delivered"}}
}

// unanswered is how a call to a number ends before it is answered; "": it is answered.
func unanswered(to string) string {
	return map[string]string{Busy: "busy", Rings: "no-answer", Failed: "failed", Lost: "canceled"}[to]
}
