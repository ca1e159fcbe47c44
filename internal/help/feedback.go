package help

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"sallyport.dev/sallyport/internal/help/query"
)

// What is kept of readers is for whoever writes the articles. None of it says who they are: a
// network is a digest for a day, to count by; what they write has no long numbers and no
// addresses.
const (
	// MaxMissing bounds what a reader writes, in characters.
	MaxMissing = 500
	// maxSought bounds a search that is kept.
	maxSought = 60
	// Keep is how long all of it is kept.
	Keep = 90 * 24 * time.Hour
)

// Kind is what a reader gives.
type Kind string

// The kinds, each with limits of its own.
const (
	Answers  Kind = "answer"  // Yes or No
	Comments Kind = "comment" // what was missing
	Searches Kind = "search"  // what was looked for in vain
)

// Limit is how many a network gives in a day (UTC), and how many all of them together.
type Limit struct{ Network, All int }

// Limit of a kind.
func (k Kind) Limit() Limit {
	switch k {
	case Answers:
		return Limit{Network: 40, All: 5000}
	case Comments:
		return Limit{Network: 5, All: 300}
	}
	return Limit{Network: 30, All: 1000}
}

// ErrEnough: the network, or all of them, have given as much today as is kept.
var ErrEnough = errors.New("enough was given today")

// Given is what is kept of one reader at one time.
type Given struct {
	Kind    Kind
	Article string // its slug; "" for a search
	Helpful bool   // of an answer
	Words   string // of a comment or a search
	Network string // it is counted by, and not kept
	At      time.Time
}

// Store is what this package needs to remember; internal/store provides it.
type Store interface {
	// Give counts g against its limits and keeps it, or returns ErrEnough.
	Give(ctx context.Context, g Given) error
	// Told is what was given since then, but for what has been swept.
	Told(ctx context.Context, since time.Time) (Told, error)
}

// Told is what readers gave.
type Told struct {
	Answers  []Answered
	Comments []Comment // the newest first
	Searches []Sought  // the most frequent first
}

// Answered is how often an article's readers said Yes and No.
type Answered struct {
	Article string
	Yes, No int
}

// Comment is what a reader missed in an article.
type Comment struct {
	Article, Words string
	At             time.Time
}

// Sought is what was looked for in vain.
type Sought struct {
	Words string
	Times int
	Last  time.Time
}

// Feedback takes what readers give.
type Feedback struct {
	Store Store
	Now   func() time.Time
}

// Answer counts a Yes or a No.
func (f *Feedback) Answer(ctx context.Context, a Article, helpful bool, network string) error {
	return f.Store.Give(ctx, Given{Kind: Answers, Article: a.Slug, Helpful: helpful, Network: network, At: f.Now()})
}

// Missed keeps what a reader missed in a. What is empty is not kept.
func (f *Feedback) Missed(ctx context.Context, a Article, words, network string) error {
	if words = nameless(words, MaxMissing); words == "" {
		return nil
	}
	return f.Store.Give(ctx, Given{Kind: Comments, Article: a.Slug, Words: words, Network: network, At: f.Now()})
}

// SoughtInVain counts a search that found nothing.
func (f *Feedback) SoughtInVain(ctx context.Context, typed, network string) error {
	words := strings.Join(query.Split(nameless(typed, query.MaxTyped)), " ")
	if words = cut(words, maxSought); words == "" {
		return nil
	}
	return f.Store.Give(ctx, Given{Kind: Searches, Words: words, Network: network, At: f.Now()})
}

var (
	mailForm = regexp.MustCompile(`\S*[@＠]\S*`)
	// numberForm is a run of four digits and more, in any script, as people write telephone numbers.
	numberForm = regexp.MustCompile(`\p{Nd}(?:[\s().,/+\-–]*\p{Nd}){3,}`)
)

// nameless is text without what could say who wrote it: mail addresses, and numbers as long as a
// code or a telephone's.
func nameless(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	text = numberForm.ReplaceAllString(mailForm.ReplaceAllString(text, "…"), "…")
	if strings.Trim(text, "… \n") == "" {
		return ""
	}
	return cut(strings.Join(strings.Fields(text), " "), most)
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return strings.TrimSpace(string(r[:most]))
	}
	return s
}

// seen is s as a terminal may have it, whoever has written it into the database.
func seen(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// reportComments and reportSearches bound the report.
const reportComments, reportSearches = 30, 40

// Report writes what readers gave in the days before now, for whoever writes the articles.
func (f *Feedback) Report(ctx context.Context, w io.Writer, s *Shelf, days int) error {
	told, err := f.Store.Told(ctx, f.Now().Add(-time.Duration(days)*24*time.Hour))
	if err != nil {
		return err
	}
	title := func(slug string) string {
		if a, ok := s.Find(slug); ok {
			return a.Title
		}
		return seen(slug) + " (not there any more)"
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(t, format+"\n", args...) } // Flush reports
	line("Articles that did not answer the question, in %d days", days)
	line("\nNO\tOF\tSHARE\tARTICLE")
	slices.SortStableFunc(told.Answers, func(a, b Answered) int { return b.No*(a.Yes+a.No) - a.No*(b.Yes+b.No) })
	for _, a := range told.Answers {
		line("%d\t%d\t%d %%\t%s", a.No, a.Yes+a.No, a.No*100/max(1, a.Yes+a.No), title(a.Article))
	}
	line("\nSearches that found nothing\n\nTIMES\tLAST\tTYPED")
	for _, x := range told.Searches[:min(len(told.Searches), reportSearches)] {
		line("%d\t%s\t%s", x.Times, x.Last.Format(time.DateOnly), seen(x.Words))
	}
	line("\nWhat was missing\n")
	for _, c := range told.Comments[:min(len(told.Comments), reportComments)] {
		line("%s, %s:\n    %s", c.At.Format(time.DateOnly), title(c.Article), seen(c.Words))
	}
	return t.Flush()
}
