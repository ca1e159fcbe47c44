package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/help"
	"sallyport.dev/sallyport/internal/secret"
)

func helpTests() []test {
	return []test{
		{"what readers give is counted and listed", keepsWhatReadersGive},
		{"a network gives so much a day, and others go on", limitsANetwork},
		{"of many that give at once as many as the limit are kept", limitsARace},
	}
}

func keepsWhatReadersGive(w *World) {
	ctx := w.Context()
	article := "an-article-" + strings.ToLower(secret.NewID())
	words := "words of " + article
	for _, g := range []help.Given{
		{Kind: help.Answers, Helpful: true}, {Kind: help.Answers}, {Kind: help.Answers, At: w.Now.Add(24 * time.Hour)},
		{Kind: help.Comments, Words: "How it is with two phones"}, {Kind: help.Searches, Words: words}, {Kind: help.Searches, Words: words},
	} {
		g.Article, g.Network = article, article
		if g.At.IsZero() {
			g.At = w.Now
		}
		w.Must(w.Store.Give(ctx, g))
	}
	for _, tt := range []struct {
		since   time.Time
		yes, no int
		written bool
	}{{w.Now.Add(-time.Hour), 1, 2, true}, {w.Now.Add(24 * time.Hour), 0, 1, false}} {
		told, err := w.Store.Told(ctx, tt.since)
		w.Must(err)
		if !slices.Contains(told.Answers, help.Answered{Article: article, Yes: tt.yes, No: tt.no}) {
			w.Errorf("since %s: %+v", tt.since, told.Answers)
		}
		written := slices.ContainsFunc(told.Comments, func(c help.Comment) bool { return c.Article == article && c.At.Equal(w.Now) })
		sought := slices.Contains(told.Searches, help.Sought{Words: words, Times: 2, Last: w.Now})
		if written != tt.written || sought != tt.written {
			w.Errorf("since %s: %+v %+v", tt.since, told.Comments, told.Searches)
		}
	}
}

func limitsANetwork(w *World) {
	ctx := w.Context()
	g := help.Given{Kind: help.Comments, Article: "limited", Words: "w", Network: secret.NewID(), At: w.Now}
	give := func() error { return w.Store.Give(ctx, g) }
	for range g.Kind.Limit().Network {
		w.Must(give())
	}
	if err := give(); !errors.Is(err, help.ErrEnough) {
		w.Fatalf("one more is %v", err)
	}
	g.Kind = help.Answers // another kind,
	w.Must(give())
	g.Kind, g.Network = help.Comments, secret.NewID() // another network,
	w.Must(give())
	g.At = w.Now.Add(24 * time.Hour) // and another day
	w.Must(give())
}

func limitsARace(w *World) {
	g := help.Given{Kind: help.Comments, Article: "raced", Words: "w", Network: secret.NewID(), At: w.Now}
	got := Race(12, func() error { return w.Store.Give(context.WithoutCancel(w.Context()), g) })
	if got[""] != g.Kind.Limit().Network {
		w.Fatalf("%v were kept, want %d", got, g.Kind.Limit().Network)
	}
}
