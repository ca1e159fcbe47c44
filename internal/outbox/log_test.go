package outbox

import (
	"errors"
	"testing"

	"sallyport.dev/sallyport/internal/secret"
)

func TestALoggedErrorHasNeitherTheNumberNorTheCodeHoweverTheyAreWritten(t *testing.T) {
	m := Message{To: "+15035550142;ext=42", Code: secret.New("418207"), Text: secret.New("Your code is 418207."), Spoken: secret.New("four, one, eight")}
	m.Channel = Text
	for in, want := range map[string]string{
		"error 21610 for +15035550142;ext=42": "error 21610 for […]",
		"tel:+15035550142 is unknown":         "tel:+[…] is unknown",
		"(503) 555-0142: no route, 30007":     "([…]: no route, 30007",
		"503.555.0142":                        "[…]",
		"555 0142":                            "[…]",
		"line ending 0142":                    "line ending 0142", // as a mask shows
		"Your code is 418207.":                "[…]",
		"code 418-207, 418 207":               "code […], […]",
		"said: four, one, eight":              "said: […]",
		"HTTP 503 at 12:05":                   "HTTP 503 at 12:05",
	} {
		if got := Scrub(errors.New(in), m); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
