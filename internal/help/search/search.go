// Package search finds help articles for what somebody types. How that becomes a query is in
// internal/help/query.
package search

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // FTS5 is in it

	"sallyport.dev/sallyport/internal/help"
	"sallyport.dev/sallyport/internal/help/query"
)

// Found is what a search found.
type Found struct {
	Typed   string   // what was looked for, cut to query.MaxTyped
	Instead []string // the words that were taken for ones that no article has
	Results []Result // the best first
}

// Result is an article that was found.
type Result struct {
	Article help.Article
	Title   []Piece
	Extract []Piece
}

// Piece is a stretch of text; Hit says that it is what was looked for.
type Piece struct {
	Text string
	Hit  bool
}

// MaxResults is the most articles that a search finds.
const MaxResults = 10

// Index finds articles, in a database of its own in memory, which is the same whatever database
// the server has. It is made when somebody first searches.
type Index struct {
	articles []help.Article
	made     sync.Once
	fault    error
	mu       sync.Mutex // one connection: another would have another memory
	conn     *sql.Conn
	lexicon  query.Lexicon
	synonyms []query.Synonym
}

// New makes an index of articles.
func New(articles []help.Article) *Index {
	return &Index{articles: articles, synonyms: query.Synonyms()}
}

// The words with their endings cut off are searched; those as they stand are for completing and
// mending what somebody types, since a beginning of a word is no beginning of its stem.
const schema = `
CREATE VIRTUAL TABLE article USING fts5(title, keywords, summary, headings, body,
	tokenize = 'porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE whole USING fts5(words, content = '', tokenize = 'unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE word USING fts5vocab(whole, 'row');`

// The marks around what was found. No article has them.
const markOn, markOff = "\x02", "\x03"

// weight makes what is for everyone come before what is for operators.
func weight(a help.Article) float64 {
	switch {
	case !a.Listed():
		return 0.4
	case a.Subject == help.Reference:
		return 0.7
	}
	return 1
}

// make builds the index.
func (x *Index) make(ctx context.Context) (err error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return fmt.Errorf("open the index: %w", err)
	}
	if x.conn, err = db.Conn(ctx); err != nil {
		return fmt.Errorf("open the index: %w", err)
	}
	if _, err = x.conn.ExecContext(ctx, schema); err != nil {
		return fmt.Errorf("make the index: %w", err)
	}
	tx, err := x.conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("fill the index: %w", err)
	}
	clean := strings.NewReplacer(markOn, " ", markOff, " ").Replace
	for i, a := range x.articles {
		var headings []string
		for _, h := range a.Contents {
			headings = append(headings, h.Text)
		}
		text := []any{clean(a.Title), clean(a.Keywords), clean(a.Summary), clean(strings.Join(headings, "\n")), clean(a.Text())}
		if _, err := tx.ExecContext(ctx, "INSERT INTO article (rowid, title, keywords, summary, headings, body) VALUES (?, ?, ?, ?, ?, ?)", append([]any{i}, text...)...); err != nil {
			return fmt.Errorf("index %s: %w", a.Slug, err)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO whole (rowid, words) VALUES (?, ?)", i, fmt.Sprintln(text...)); err != nil {
			return fmt.Errorf("index %s: %w", a.Slug, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("fill the index: %w", err)
	}
	return x.learn(ctx)
}

// learn reads the words that there are.
func (x *Index) learn(ctx context.Context) error {
	rows, err := x.conn.QueryContext(ctx, "SELECT term, doc FROM word")
	if err != nil {
		return fmt.Errorf("read the words: %w", err)
	}
	defer rows.Close() // they are read to their end
	in := map[string]int{}
	for rows.Next() {
		var w string
		var n int
		if err := rows.Scan(&w, &n); err != nil {
			return fmt.Errorf("read the words: %w", err)
		}
		in[w] = n
	}
	x.lexicon = query.NewLexicon(in, x.synonyms)
	return rows.Err()
}

// Search finds articles for what somebody typed. unfinished: they are typing still, so the last
// word may be the beginning of one.
func (x *Index) Search(ctx context.Context, typed string, unfinished bool) (Found, error) {
	return x.search(context.WithoutCancel(ctx), typed, unfinished) // a connection that is cut off takes its memory along
}

func (x *Index) search(ctx context.Context, typed string, unfinished bool) (Found, error) {
	if r := []rune(typed); len(r) > query.MaxTyped {
		typed = string(r[:query.MaxTyped])
	}
	f := Found{Typed: strings.TrimSpace(typed)}
	words := query.Split(typed)
	if len(words) == 0 {
		return f, nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.made.Do(func() { x.fault = x.make(ctx) })
	if x.fault != nil {
		return f, x.fault
	}
	completed := map[string][]string{}
	for i, w := range words {
		taken, err := x.mend(ctx, w, unfinished && i == len(words)-1 && strings.HasSuffix(typed, w), completed)
		if err != nil {
			return f, err
		}
		if taken != w {
			words[i] = taken
			f.Instead = append(f.Instead, taken)
		}
	}
	asked := query.Terms(words, x.synonyms, completed)
	return f, x.take(ctx, &f, asked)
}

// mend returns word, or what it was a slip of the pen for, and enters how words that begin with
// it go on.
func (x *Index) mend(ctx context.Context, word string, unfinished bool, completed map[string][]string) (string, error) {
	if unfinished && len(word) > 1 {
		completed[word] = x.lexicon.Completions(word, 8)
	}
	if x.lexicon.Has(word) || query.Idle(word) || len(completed[word]) > 0 {
		return word, nil
	}
	var stem bool // another form of a word that there is
	err := x.conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM article WHERE article MATCH ?)", query.Match([]query.Term{{word}}, "")).Scan(&stem)
	if err != nil {
		return "", fmt.Errorf("look a word up: %w", err)
	}
	if stem {
		return word, nil
	}
	if len(word) > 3 {
		if completed[word] = x.lexicon.Completions(word, 4); len(completed[word]) > 0 {
			return word, nil
		}
	}
	if near := x.lexicon.Nearest(word, 3); len(near) > 0 {
		completed[near[0]] = near[1:]
		return near[0], nil
	}
	return word, nil
}

// whole is how much more an article is worth that has all of what is asked.
const whole = 1.6

// take puts what has any of what is asked into f, the best first.
func (x *Index) take(ctx context.Context, f *Found, asked []query.Term) error {
	some, score := query.Match(asked, "OR"), map[int]float64{}
	if err := x.rank(ctx, some, score, 1); err != nil {
		return err
	}
	if len(asked) > 1 {
		if err := x.rank(ctx, query.Match(asked, "AND"), score, whole); err != nil {
			return err
		}
	}
	best := slices.SortedFunc(maps.Keys(score), func(a, b int) int { return cmp.Or(cmp.Compare(score[a], score[b]), cmp.Compare(a, b)) })
	best = best[:min(len(best), MaxResults)]
	if len(best) == 0 {
		return nil
	}
	shown := map[int]Result{}
	list := strings.Trim(strings.ReplaceAll(fmt.Sprint(best), " ", ","), "[]") // numbers
	rows, err := x.conn.QueryContext(ctx, `
		SELECT rowid, highlight(article, 0, ?1, ?2), snippet(article, 4, ?1, ?2, '…', 28)
		  FROM article WHERE article MATCH ?3 AND rowid IN (`+list+`)`, markOn, markOff, some)
	if err != nil {
		return fmt.Errorf("show what was found: %w", err)
	}
	defer rows.Close() // they are read to their end
	for rows.Next() {
		var at int
		var title, extract string
		if err := rows.Scan(&at, &title, &extract); err != nil {
			return fmt.Errorf("show what was found: %w", err)
		}
		if a := x.articles[at]; strings.Contains(extract, markOn) {
			shown[at] = Result{Article: a, Title: pieces(title), Extract: pieces(extract)}
		} else {
			shown[at] = Result{Article: a, Title: pieces(title), Extract: pieces(a.Summary)}
		}
	}
	for _, at := range best {
		f.Results = append(f.Results, shown[at])
	}
	return rows.Err()
}

// rank enters where in articles those are that match, with their scores, the less the better; one
// that has a score already gets as many times more. It asks for nothing that the index does not
// know by heart: texts are long.
func (x *Index) rank(ctx context.Context, match string, score map[int]float64, times float64) error {
	rows, err := x.conn.QueryContext(ctx, "SELECT rowid, bm25(article, 10.0, 10.0, 4.0, 3.0, 1.0) FROM article WHERE article MATCH ?", match)
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	defer rows.Close() // they are read to their end
	for rows.Next() {
		var at int
		var s float64
		if err := rows.Scan(&at, &s); err != nil {
			return fmt.Errorf("search: %w", err)
		}
		if had, ok := score[at]; ok {
			score[at] = had * times
			continue
		}
		score[at] = s * weight(x.articles[at])
	}
	return rows.Err()
}

// pieces cuts marked text.
func pieces(marked string) []Piece {
	var all []Piece
	for i, part := range strings.Split(marked, markOn) {
		hit, rest, ok := strings.Cut(part, markOff)
		if i == 0 || !ok {
			hit, rest = "", part
		}
		if hit != "" {
			all = append(all, Piece{Text: hit, Hit: true})
		}
		if rest != "" {
			all = append(all, Piece{Text: rest})
		}
	}
	return all
}
