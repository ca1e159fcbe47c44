package help

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"
)

// memory is a store of one process.
type memory struct {
	given []Given
	told  Told
}

func (m *memory) Give(_ context.Context, g Given) error {
	m.given = append(m.given, g)
	return nil
}

func (m *memory) Told(context.Context, time.Time) (Told, error) { return m.told, nil }

var day = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func TestNothingThatSaysWhoWroteItIsKept(t *testing.T) {
	m := &memory{}
	f := &Feedback{Store: m, Now: func() time.Time { return day }}
	for _, tt := range []struct{ typed, comment, search string }{
		{"How is it with 2 phones?", "How is it with 2 phones?", "how is it with 2 phones"},
		{"call 5035550142", "call …", "call"}, {"+1 (503) 555-0142 now", "+… now", "now"}, {"4 1 8 2 0 7", "", ""}, {"code 418-207!", "code …!", "code"},
		{"٠١٢٣٤٥ here", "… here", "here"}, {"dana@juniper.example asks", "… asks", "asks"}, {"a\x00b\u202ec", "a b c", "a b c"}, {"  \n ", "", ""}, {"\xff", "", ""},
		{strings.Repeat("long ", 400), strings.TrimSpace(strings.Repeat("long ", 100)), strings.TrimSpace(strings.Repeat("long ", 12))},
	} {
		m.given = nil
		for _, err := range []error{f.Missed(t.Context(), Article{Slug: "a"}, tt.typed, "n"), f.SoughtInVain(t.Context(), tt.typed, "n")} {
			if err != nil {
				t.Fatal(err)
			}
		}
		var comment, search string
		for _, g := range m.given {
			if g.Kind == Comments {
				comment = g.Words
			} else {
				search = g.Words
			}
		}
		if comment != tt.comment || search != tt.search {
			t.Errorf("%.40q: kept %q and %q, want %q and %q", tt.typed, comment, search, tt.comment, tt.search)
		}
	}
}

func FuzzNothingThatSaysWhoWroteItIsKept(f *testing.F) {
	for _, typed := range []string{"call 5035550142", "dana@juniper.example", "4-1-8.2 0\n7", "a\x00"} {
		f.Add(typed)
	}
	never := regexp.MustCompile(`\p{Nd}{4}|@|\x00`)
	f.Fuzz(func(t *testing.T, typed string) {
		m := &memory{}
		feedback := &Feedback{Store: m, Now: func() time.Time { return day }}
		if feedback.Missed(t.Context(), Article{}, typed, "n") != nil || feedback.SoughtInVain(t.Context(), typed, "n") != nil {
			t.Fatal("the memory failed")
		}
		for _, g := range m.given {
			if never.MatchString(g.Words) || len([]rune(g.Words)) > MaxMissing {
				t.Errorf("%q left %q", typed, g.Words)
			}
		}
	})
}

func TestTheReportBeginsWithWhatHelpedLeast(t *testing.T) {
	m := &memory{told: Told{
		Answers:  []Answered{{"using-two-factor-authentication", 30, 10}, {"user-roles", 1, 3}, {"gone", 2, 0}},
		Searches: []Sought{{"xylophone", 7, day}},
		Comments: []Comment{{"user-roles", "Who may \x1b[2J\u202einvite?\n\u009b", day}}, // written past us
	}}
	var b strings.Builder
	if err := (&Feedback{Store: m, Now: func() time.Time { return day }}).Report(t.Context(), &b, loaded(t, ""), 30); err != nil {
		t.Fatal(err)
	}
	want := `Articles that did not answer the question, in 30 days

NO  OF  SHARE  ARTICLE
3   4   75 %   User roles
10  40  25 %   Using Two-Factor Authentication
0   2   0 %    gone (not there any more)

Searches that found nothing

TIMES  LAST        TYPED
7      2026-11-30  xylophone

What was missing

2026-11-30, User roles:
    Who may �[2J�invite?��
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
