package signin_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store"
	"sallyport.dev/sallyport/internal/store/storetest"
)

// faulty is the real store with one method that fails on demand.
type faulty struct {
	*store.Store
	load, commit func() error
}

func (f *faulty) Load(ctx context.Context, b signin.Browser) (signin.State, error) {
	if f.load != nil {
		if err := f.load(); err != nil {
			return signin.State{}, err
		}
	}
	return f.Store.Load(ctx, b)
}

func (f *faulty) Commit(ctx context.Context, before, after signin.State, effects []signin.Effect) error {
	if f.commit != nil {
		if err := f.commit(); err != nil {
			return err
		}
	}
	return f.Store.Commit(ctx, before, after, effects)
}

// typed is a kind whose right answer is "right"; it counts its comparisons.
type typed struct {
	compared int
	verify   func(ctx context.Context) error
}

func (k *typed) Verify(ctx context.Context, a factor.Authenticator, c factor.Challenge, answer string, _ time.Time) (factor.Proof, error) {
	k.compared++
	if k.verify != nil {
		if err := k.verify(ctx); err != nil {
			return factor.Proof{}, err
		}
	}
	if answer != "right" {
		return factor.Proof{}, factor.Wrong{}
	}
	return factor.Proof{Authenticator: a.ID, Challenge: c.ID, Generation: c.Generation, Step: int64(10 + k.compared), AMR: "otp"}, nil
}

// house is a user with one method, asked for it.
type house struct {
	*storetest.World
	store   *faulty
	kind    *typed
	signIns *signin.SignIns
	b       signin.Browser
}

// openStore opens an empty store.
func openStore(t *testing.T) (*store.Store, *secret.Ring) {
	t.Helper()
	ring, err := secret.NewRing("k1", map[secret.KeyID][]byte{"k1": bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "s.db"), ring, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, ring
}

func newHouse(t *testing.T) *house {
	t.Helper()
	s, ring := openStore(t)
	h := &house{World: storetest.NewWorld(t, s), store: &faulty{Store: s}, kind: &typed{}}
	h.signIns = &signin.SignIns{
		Store: h.store, Forms: s, Names: s, Keys: ring, Kinds: map[factor.Kind]factor.Verifier{factor.TOTP: h.kind},
		Now: func() time.Time { return h.Now }, Log: slog.New(slog.DiscardHandler),
	}
	c := h.Company(true)
	u, _, _ := h.Enrolled(c, company.Salesperson)
	h.b = h.Begin(c, u, signin.Token{})
	return h
}

func form(nonce string) signin.Form { return signin.Form{Nonce: nonce, Digest: "d"} }

func (h *house) answer(ctx context.Context, nonce, answer string) (signin.SignIn, error) {
	return h.signIns.Answer(ctx, h.b, form(nonce), answer)
}

func (h *house) left() int {
	h.Helper()
	return h.Load(h.b).SignIn.Left
}

func TestALookUpThatFailsSpendsNothingAndOpensNothing(t *testing.T) {
	h := newHouse(t)
	down := errors.New("database is down")
	h.store.load = func() error { return down }
	if _, err := h.answer(t.Context(), "n1", "right"); !errors.Is(err, down) {
		t.Errorf("got %v, want the outage", err)
	}
	h.store.load = nil
	if h.kind.compared != 0 || h.left() != signin.MaxAttempts {
		t.Errorf("%d compared, %d attempts left", h.kind.compared, h.left())
	}
}

func TestWhatWasNotComparedIsGivenBack(t *testing.T) {
	h := newHouse(t)
	h.kind.verify = func(context.Context) error { return factor.ErrNotCompared }
	for range 2 * signin.MaxAttempts {
		if _, err := h.answer(t.Context(), secret.NewID(), "right"); !errors.Is(err, factor.ErrNotCompared) {
			t.Fatalf("got %v, want %v", err, factor.ErrNotCompared)
		}
	}
	if h.left() != signin.MaxAttempts {
		t.Errorf("%d attempts left, want all", h.left())
	}
}

func TestAnAttemptIsSpentAlsoWhenTheComparisonBreaks(t *testing.T) {
	h := newHouse(t)
	h.kind.verify = func(context.Context) error { return errors.New("half compared") }
	if _, err := h.answer(t.Context(), "n1", "right"); err == nil {
		t.Fatal("no error")
	}
	if h.left() != signin.MaxAttempts-1 {
		t.Errorf("%d attempts left, want one less", h.left())
	}
}

func TestAClientThatGoesAwayChangesNothingAboutItsAnswer(t *testing.T) {
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	h.kind.verify = func(verifying context.Context) error {
		cancel()
		return verifying.Err()
	}
	si, err := h.answer(ctx, "n1", "right")
	if err != nil || si.Stage != signin.Done {
		t.Errorf("stage %q, %v", si.Stage, err)
	}
}

func TestWhatHasMovedIsDecidedAgainAndNeverComparedAgain(t *testing.T) {
	for _, c := range []struct {
		name  string
		moved int
		want  error
	}{
		{"twice", 2, nil},
		{"three times", 3, nil},
		{"for ever", 1 << 30, signin.ErrMoved},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			commits := 0
			h.store.commit = func() error {
				commits++
				if commits <= c.moved {
					return signin.ErrMoved
				}
				return nil
			}
			_, err := h.answer(t.Context(), "n1", "right")
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if h.kind.compared != 1 || commits > 4 {
				t.Errorf("%d comparisons, %d commits", h.kind.compared, commits)
			}
		})
	}
}

func TestTheSameFormAgainGetsTheSameAnswerAndSpendsNothing(t *testing.T) {
	h := newHouse(t)
	for range 3 {
		if _, err := h.answer(t.Context(), "n1", "wrong"); !errors.Is(err, factor.ErrWrong) {
			t.Fatalf("got %v, want %v", err, factor.ErrWrong)
		}
	}
	if h.kind.compared != 1 || h.left() != signin.MaxAttempts-1 {
		t.Errorf("%d compared, %d left", h.kind.compared, h.left())
	}
	first, err := h.answer(t.Context(), "n2", "right")
	h.Must(err)
	again, err := h.answer(t.Context(), "n2", "right")
	h.Must(err)
	one, _ := h.signIns.Session(first, h.b)
	two, ok := h.signIns.Session(again, h.b)
	if !ok || one.Secret.Reveal() != two.Secret.Reveal() || h.kind.compared != 2 {
		t.Errorf("another session, or %d comparisons", h.kind.compared)
	}
	h.Now = h.Now.Add(2 * signin.RepeatLife)
	if _, err := h.answer(t.Context(), "n2", "right"); !errors.Is(err, signin.ErrEnded) {
		t.Errorf("later: %v, want %v", err, signin.ErrEnded)
	}
}

func TestARightPasswordIsHashedAnewWhenTheSettingHasGrown(t *testing.T) {
	h := newHouse(t)
	hasher := func(m uint32) *password.Hasher {
		p := password.Params{MemoryKiB: m, Time: 1, Threads: 1}
		return password.NewHasher(p, password.NewGate(p, 1, func() time.Time { return h.Now }))
	}
	weak, strong := hasher(8), hasher(64)
	hash, err := weak.Hash(t.Context(), secret.New("correct horse"))
	h.Must(err)
	u := company.User{ID: "dana", Company: h.b.Between.Company, Username: "dana", Role: company.Salesperson, Status: company.Active, Created: h.Now}
	h.Must(h.Store.AddUser(t.Context(), u, hash))
	h.signIns.Passwords = strong
	for range 2 {
		_, err = h.signIns.Open(t.Context(), signin.Entry{Name: "Dana", Password: secret.New("correct horse")})
		h.Must(err)
		c, err := h.Store.FindName(t.Context(), "dana")
		h.Must(err)
		if strong.Stale(c.Hash) {
			t.Error("the hash is the weak one")
		}
	}
}

func TestAMethodOfAnUnknownKindOpensNothingAndStillCounts(t *testing.T) {
	h := newHouse(t)
	h.signIns.Kinds = map[factor.Kind]factor.Verifier{}
	st, err := h.signIns.View(t.Context(), h.b)
	h.Must(err)
	if !signin.Needs(st.User, signin.Policy{}) || len(signin.Provers(st, h.Now)) != 0 {
		t.Errorf("needs %v, %d can prove", signin.Needs(st.User, signin.Policy{}), len(signin.Provers(st, h.Now)))
	}
	if si, err := h.answer(t.Context(), "n1", "right"); err == nil {
		t.Errorf("stage %q", si.Stage)
	}
	if h.left() != signin.MaxAttempts {
		t.Errorf("%d attempts left, want all: nothing was compared", h.left())
	}
}
