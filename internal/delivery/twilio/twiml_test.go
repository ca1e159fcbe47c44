package twilio

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

func TestTheDigitsOfACodeHavePausesBetweenThem(t *testing.T) {
	got, err := telling(outbox.Message{Spoken: secret.New("Your code is: four, one, eight. Goodbye."), Language: "en"})
	want := `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<Response><Say language="en-US">Your code is: four,</Say><Pause length="1"></Pause><Say language="en-US">one,</Say><Pause length="1"></Pause>` +
		`<Say language="en-US">eight. Goodbye.</Say><Hangup></Hangup></Response>`
	if err != nil || string(got) != want {
		t.Errorf("%s, error %v", got, err)
	}
}

func TestWordsAreCutAtTheCommasOfTheirScript(t *testing.T) {
	for words, want := range map[string][]string{
		"":            nil,
		" , ":         {","},
		"four, one":   {"four,", "one"},
		"أربعة، واحد": {"أربعة،", "واحد"},
		"四、一。再一次：四、一": {"四、", "一。再一次：四、", "一"},
		"a,b,":        {"a,", "b,"},
	} {
		if got := parts(words); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
}

func TestALanguageIsSaidAsTwilioCallsIt(t *testing.T) {
	for language, want := range map[string]string{
		"en": "en-US", "en-GB": "en-GB", "EN-gb": "en-GB", "en-NZ": "en-US", "de": "de-DE", "de-AT": "de-DE", "fr-CA": "fr-CA", "pt": "pt-PT", "pt-BR": "pt-BR",
		"no": "nb-NO", "nb": "nb-NO", "zh-TW": "zh-TW", "zh-Hans": "zh-CN", "tlh": "", "": "",
	} {
		if got := voice(language); got != want {
			t.Errorf("%q: %q, want %q", language, got, want)
		}
	}
}

// read are the names of a document's elements, and all its words.
func read(t *testing.T, text []byte) (names []string, words string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(string(text))); ; {
		token, err := d.Token()
		if err == io.EOF {
			return names, words
		}
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		switch token := token.(type) {
		case xml.StartElement:
			names = append(names, token.Name.Local)
		case xml.CharData:
			if len(names) > 0 {
				words += string(token)
			}
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add(prompt, spoken, "en", "https://login.example.com/carriers/main/d1/key")
	f.Add("</Say><Dial>+1900</Dial>", "a, <b>&amp;]]>,\x00\xff", `en"/><Dial>`, `x"><Redirect>`)
	f.Add("", ",,,", "zh", "")
	f.Fuzz(func(t *testing.T, ask, tell, language, action string) {
		m := outbox.Message{Prompt: ask, Spoken: secret.New(tell), Language: language}
		asked, err := asking(m, action, 1)
		if err != nil {
			t.Fatal(err)
		}
		names, words := read(t, asked)
		if !slices.Equal(names, []string{"Response", "Gather", "Say", "Hangup"}) {
			t.Errorf("%q: %s", names, asked)
		}
		if printable(ask) && words != ask {
			t.Errorf("said %q, want %q", words, ask)
		}
		told, err := telling(m)
		if err != nil {
			t.Fatal(err)
		}
		names, words = read(t, told)
		for _, name := range names {
			if !slices.Contains([]string{"Response", "Say", "Pause", "Hangup"}, name) {
				t.Errorf("%q: %s", names, told)
			}
		}
		if bare := func(s string) string { return strings.Join(strings.Fields(s), "") }; printable(tell) && bare(words) != bare(tell) {
			t.Errorf("said %q, want %q", words, tell)
		}
	})
}

// printable reports whether XML can have all of s.
func printable(s string) bool {
	return s == strings.ToValidUTF8(s, "") && !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' || r == 0xFFFE || r == 0xFFFF
	})
}
