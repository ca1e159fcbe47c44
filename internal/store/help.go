package store

import (
	"context"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/help"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

var _ help.Store = (*Store)(nil)

// helpPage bounds a list of the report.
const helpPage = 200

// Give implements help.Store. All networks' row is locked last, so that one which has given enough
// holds up nobody.
func (s *Store) Give(ctx context.Context, g help.Given) error {
	day := toMS(g.At.UTC().Truncate(24 * time.Hour))
	limit := g.Kind.Limit()
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		for _, giver := range []struct {
			who  []byte
			most int
		}{{s.helpGiver(g.Network, day), limit.Network}, {s.helpGiver("", day), limit.All}} {
			n, err := q.TakeHelpQuota(ctx, sqlcgen.TakeHelpQuotaParams{GiverDigest: giver.who, Kind: string(g.Kind), DayMs: day, Most: int64(giver.most)})
			if err != nil {
				return err
			}
			if n == 0 {
				return help.ErrEnough
			}
		}
		return give(ctx, q, g, day)
	})
	if err != nil {
		return fmt.Errorf("keep what a reader gave (%s): %w", g.Kind, err)
	}
	return nil
}

func give(ctx context.Context, q *sqlcgen.Queries, g help.Given, day int64) error {
	switch g.Kind {
	case help.Answers:
		p := sqlcgen.CountHelpAnswerParams{Article: g.Article, DayMs: day, Unhelped: 1}
		if g.Helpful {
			p.Helped, p.Unhelped = 1, 0
		}
		return one(q.CountHelpAnswer(ctx, p))
	case help.Comments:
		return one(q.AddHelpComment(ctx, sqlcgen.AddHelpCommentParams{ID: secret.NewID(), Article: g.Article, Words: g.Words, GivenMs: toMS(g.At)}))
	}
	return one(q.CountHelpSearch(ctx, sqlcgen.CountHelpSearchParams{Words: g.Words, NowMs: toMS(g.At)}))
}

// Told implements help.Store.
func (s *Store) Told(ctx context.Context, since time.Time) (help.Told, error) {
	var told help.Told
	answers, err := s.read.HelpAnswers(ctx, toMS(since.UTC().Truncate(24*time.Hour)))
	if err != nil {
		return told, fmt.Errorf("read the answers of readers: %w", err)
	}
	comments, err := s.read.HelpComments(ctx, sqlcgen.HelpCommentsParams{SinceMs: toMS(since), Page: helpPage})
	if err != nil {
		return told, fmt.Errorf("read what readers missed: %w", err)
	}
	searches, err := s.read.HelpSearches(ctx, sqlcgen.HelpSearchesParams{SinceMs: toMS(since), Page: helpPage})
	if err != nil {
		return told, fmt.Errorf("read what was looked for: %w", err)
	}
	for _, r := range answers {
		told.Answers = append(told.Answers, help.Answered{Article: r.Article, Yes: int(r.Helped), No: int(r.Unhelped)})
	}
	for _, r := range comments {
		told.Comments = append(told.Comments, help.Comment{Article: r.Article, Words: r.Words, At: fromMS(r.GivenMs)})
	}
	for _, r := range searches {
		told.Searches = append(told.Searches, help.Sought{Words: r.Words, Times: int(r.Times), Last: fromMS(r.LastMs)})
	}
	return told, nil
}
