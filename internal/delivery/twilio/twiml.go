package twilio

import (
	"encoding/xml"
	"fmt"
	"strings"

	"sallyport.dev/sallyport/internal/outbox"
)

const (
	maxTwiML  = 4000 // characters of a document within a request
	maxSpoken = 4096 // characters of what is said
	theKey    = "1"  // the words ask for it: "Press 1 for your code."

	// The prompt takes 4 s, and the wait begins after it: no key in 15 s ends the call.
	keyWithin = 11 // seconds
	// Behind an extension it rings while the document runs already, so it is run through
	// several times: as long as a phone rings.
	extensionTurns = 3
)

// The parts of a document that are used (https://www.twilio.com/docs/voice/twiml).
type (
	response struct {
		XMLName xml.Name `xml:"Response"`
		Verbs   []any
	}
	gather struct {
		XMLName     xml.Name `xml:"Gather"`
		Input       string   `xml:"input,attr"`
		NumDigits   int      `xml:"numDigits,attr"`
		FinishOnKey string   `xml:"finishOnKey,attr"` // "": none, so that # is a key like others
		Timeout     int      `xml:"timeout,attr"`
		Method      string   `xml:"method,attr"`
		Action      string   `xml:"action,attr"`
		Say         say
	}
	say struct {
		XMLName  xml.Name `xml:"Say"`
		Language string   `xml:"language,attr,omitempty"`
		Words    string   `xml:",chardata"`
	}
	pause struct {
		XMLName xml.Name `xml:"Pause"`
		Length  int      `xml:"length,attr"` // seconds
	}
	hangup struct {
		XMLName xml.Name `xml:"Hangup"`
	}
)

// asking is the document that asks for a key, and hangs up when none is pressed. It begins with
// words, since a pause at its beginning would put off that the call is answered.
func asking(m outbox.Message, action string, turns int) ([]byte, error) {
	ask := gather{
		Input: "dtmf", NumDigits: 1, Timeout: keyWithin, Method: "POST", Action: action,
		Say: say{Language: voice(m.Language), Words: m.Prompt},
	}
	var verbs []any
	for range turns {
		verbs = append(verbs, ask)
	}
	return document(append(verbs, hangup{})...)
}

// telling is the document with the code. Its words say it twice; where they have a comma, between
// its digits, there is a second's pause.
func telling(m outbox.Message) ([]byte, error) {
	var verbs []any
	for _, part := range parts(m.Spoken.Reveal()) {
		if len(verbs) > 0 {
			verbs = append(verbs, pause{Length: 1})
		}
		verbs = append(verbs, say{Language: voice(m.Language), Words: part})
	}
	return document(append(verbs, hangup{})...)
}

// silence is the document of a call that nothing is said to.
func silence() ([]byte, error) { return document(hangup{}) }

// parts are words between commas, whatever script these are of, each comma with what precedes it.
func parts(words string) []string {
	var all []string
	begin := 0
	for i, r := range words {
		if strings.ContainsRune(",،、，", r) {
			end := i + len(string(r))
			all = append(all, strings.TrimSpace(words[begin:end]))
			begin = end
		}
	}
	if last := strings.TrimSpace(words[begin:]); last != "" {
		all = append(all, last)
	}
	return all
}

// document writes the verbs. What XML cannot have becomes U+FFFD.
func document(verbs ...any) ([]byte, error) {
	text, err := xml.Marshal(response{Verbs: verbs})
	if err != nil {
		return nil, fmt.Errorf("write a call's document: %w", err)
	}
	return append([]byte(xml.Header), text...), nil
}

// voices are the languages that are said without naming a voice, the first of each language the
// one for all its regions (https://www.twilio.com/docs/voice/twiml/say/text-speech).
var voices = []string{
	"en-US", "en-GB", "en-AU", "en-CA", "en-IN", "ca-ES", "da-DK", "de-DE", "es-ES", "es-MX", "fi-FI", "fr-FR", "fr-CA", "it-IT",
	"ja-JP", "ko-KR", "nb-NO", "nl-NL", "pl-PL", "pt-PT", "pt-BR", "ru-RU", "sv-SE", "zh-CN", "zh-HK", "zh-TW",
}

// voice is what Twilio calls a BCP 47 language; "" where it has none, which is said as in en-US.
func voice(language string) string {
	base, _, _ := strings.Cut(language, "-")
	if strings.EqualFold(base, "no") {
		base = "nb"
	}
	found := ""
	for _, v := range voices {
		if strings.EqualFold(v, language) {
			return v
		}
		if b, _, _ := strings.Cut(v, "-"); found == "" && strings.EqualFold(b, base) {
			found = v
		}
	}
	return found
}
