package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

const outside = "https://okta.example/poll/7"

// heldPush is a push in followed.
type heldPush struct {
	Following
	lease string
	until time.Time
	ended int
}

// followed is a Followed in memory, for any number of nodes.
type followed struct {
	mu      sync.Mutex
	rows    []*heldPush
	endFail int // so often End fails
	keeps   int
}

func (s *followed) add(id string, life time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.rows = append(s.rows, &heldPush{Following: Following{ID: id, Outside: secret.New(outside), Began: now, Expires: now.Add(life)}})
}

func (s *followed) Claim(_ context.Context, node string, now, until time.Time, limit int) ([]Following, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Following
	for _, r := range s.rows {
		if len(out) < limit && r.ended == 0 && !now.Before(r.until) {
			r.lease, r.until = node, until
			out = append(out, r.Following)
		}
	}
	return out, nil
}

func (s *followed) Keep(_ context.Context, node string, now, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keeps++
	for _, r := range s.rows {
		if r.ended == 0 && r.lease == node && now.Before(r.until) {
			r.until = until
		}
	}
	return nil
}

func (s *followed) End(_ context.Context, f Following, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.endFail > 0 {
		s.endFail--
		return errors.New("no database")
	}
	for _, r := range s.rows {
		if r.ID == f.ID {
			r.ended++
			r.lease, r.until = "", time.Time{}
		}
	}
	return nil
}

func (s *followed) ended(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rows {
		if r.ID == id {
			return r.ended
		}
	}
	return -1
}

func (s *followed) leases(node string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.rows {
		if r.lease == node {
			n++
		}
	}
	return n
}

// service is the Asker and the Listener, which do what a test says and note when.
type service struct {
	zero   time.Time
	ask    func(ctx context.Context, id string, n int) (Answer, error) // nil: nobody has answered
	awaits func(id string) (bool, error)                               // nil: true
	hear   func(n int) error                                           // nil: takes it

	mu      sync.Mutex
	asked   map[string][]time.Duration
	heard   []string // id and word
	heardAt []time.Duration
	names   []string
	stopped []string
}

func (s *service) Ask(ctx context.Context, f Following) (Answer, error) {
	s.mu.Lock()
	s.asked[f.ID] = append(s.asked[f.ID], time.Since(s.zero))
	n := len(s.asked[f.ID])
	s.mu.Unlock()
	if s.ask == nil {
		return Answer{}, nil
	}
	return s.ask(ctx, f.ID, n)
}

func (s *service) Stop(_ context.Context, f Following) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = append(s.stopped, f.ID)
	return errors.New("already off the phone")
}

func (*service) Every(_ Following, age time.Duration) time.Duration { return Usual(age) }

func (s *service) Awaits(_ context.Context, f Following) (bool, error) {
	if s.awaits == nil {
		return true, nil
	}
	return s.awaits(f.ID)
}

func (s *service) Heard(_ context.Context, f Following, a Answer) error {
	s.mu.Lock()
	s.heard = append(s.heard, f.ID+" "+string(a.Word))
	s.heardAt = append(s.heardAt, time.Since(s.zero))
	s.names = append(s.names, a.Name)
	n := len(s.heard)
	s.mu.Unlock()
	if s.hear == nil {
		return nil
	}
	return s.hear(n)
}

func (s *service) times(id string) []time.Duration {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked[id])
}

func (s *service) questions() int {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, at := range s.asked {
		n += len(at)
	}
	return n
}

func (s *service) wantHeard(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.heard, want) {
		t.Errorf("heard %q, want %q", s.heard, want)
	}
}

func (s *service) wantStopped(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.stopped, want) {
		t.Errorf("stopped %q, want %q", s.stopped, want)
	}
}

func (s *followed) wantEnded(t *testing.T, id string, want int) {
	t.Helper()
	synctest.Wait()
	if got := s.ended(id); got != want {
		t.Errorf("%s was ended %d times, want %d", id, got, want)
	}
}

// node is a Follower that runs.
type node struct {
	*Follower
	*service
	log  *bytes.Buffer
	stop func() // ends Run's context, and waits for its end
}

// follow starts a node on the store.
func follow(t *testing.T, s *followed, name string, change func(*service)) *node {
	t.Helper()
	var log bytes.Buffer
	svc := &service{zero: time.Now(), asked: map[string][]time.Duration{}}
	if change != nil {
		change(svc)
	}
	n := &node{service: svc, log: &log, Follower: &Follower{
		Store: s, Asker: svc, Listener: svc, Node: name, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil)),
	}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { n.Run(ctx); close(ended) }()
	n.stop = func() { cancel(); <-ended }
	t.Cleanup(func() {
		n.stop()
		if strings.Contains(log.String(), outside) {
			t.Errorf("the log tells: %s", log.String())
		}
	})
	synctest.Wait() // the first look is over
	return n
}

// within reports whether got is want, give or take a tenth.
func within(got, want time.Duration) bool { return (got - want).Abs() <= want/10 }

func TestAPushIsAskedAboutEveryTwoSecondsAndThenEveryFour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		s.add("a", 5*time.Minute)
		n := follow(t, s, "one", nil)
		time.Sleep(time.Minute)
		last := time.Duration(0)
		times := n.times("a")
		for i, at := range times {
			want := thenEvery
			if last < firstSpan {
				want = firstEvery
			}
			if !within(at-last, want) && (i > 0 || !aFirst(at)) {
				t.Errorf("asked %s after %s, want %s", at-last, last, want)
			}
			last = at
		}
		// 4 to 6 in the first 10 s, then 11 to 14 in 50 s.
		if len(times) < 15 || len(times) > 20 {
			t.Errorf("asked %d times in a minute", len(times))
		}
		n.wantHeard(t)
		s.wantEnded(t, "a", 0)
	})
}

// aFirst reports whether the first question about a push may come after that long.
func aFirst(after time.Duration) bool { return after >= firstEvery/2 && after <= firstEvery*3/2 }

func TestPushesOfOneInstantAreNotAskedAboutAtOneInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		const pushes, parts = 1000, 10
		for i := range pushes {
			s.add(fmt.Sprint(i), 5*time.Minute)
		}
		n := follow(t, s, "one", nil)
		time.Sleep(2 * firstEvery)
		var in [parts + 1]int // by the part of the interval that a first question came in
		for i := range pushes {
			times := n.times(fmt.Sprint(i))
			if len(times) == 0 || !aFirst(times[0]) {
				t.Fatalf("push %d was asked about at %s", i, times)
			}
			in[(times[0]-firstEvery/2)*parts/firstEvery]++
		}
		// Each part has a hundred on the average; ten standard deviations are 95.
		for i, got := range in[:parts] {
			if got == 0 || got > 2*pushes/parts {
				t.Errorf("of %d first questions %d came in part %d of %d", pushes, got, i+1, parts)
			}
		}
	})
}

func TestThereIsOneQuestionAtATimeWhateverIsNudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		s.add("a", 5*time.Minute)
		var mu sync.Mutex
		under, most := 0, 0
		n := follow(t, s, "one", func(v *service) {
			v.ask = func(ctx context.Context, _ string, _ int) (Answer, error) {
				mu.Lock()
				under++
				most = max(most, under)
				mu.Unlock()
				<-ctx.Done() // slower than it may be
				mu.Lock()
				under--
				mu.Unlock()
				return Answer{}, ctx.Err()
			}
		})
		for range 600 {
			n.Nudge()
			n.Nudge()
			time.Sleep(100 * time.Millisecond)
		}
		times := n.times("a")
		for i, at := range times[1:] {
			if at-times[i] < askLimit+firstEvery*9/10 {
				t.Errorf("asked at %s and at %s", times[i], at)
			}
		}
		if most != 1 || len(times) < 4 {
			t.Errorf("%d questions at once, %d in all", most, len(times))
		}
	})
}

func TestANudgeFollowsAtOnceAndTheLookFindsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		n := follow(t, s, "one", nil)
		time.Sleep(100 * time.Millisecond)
		s.add("nudged", time.Minute)
		n.Nudge()
		synctest.Wait()
		if s.leases("one") != 1 {
			t.Error("not claimed after a nudge")
		}
		s.add("found", time.Minute)
		synctest.Wait()
		if s.leases("one") != 1 {
			t.Error("claimed without a nudge, before the look")
		}
		time.Sleep(followLook)
		synctest.Wait()
		if s.leases("one") != 2 {
			t.Error("the look found nothing")
		}
	})
}

func TestAnAnswerIsHeardOnceAndAskedAboutNoMore(t *testing.T) {
	for _, word := range []Word{Approved, Denied, Unanswered} {
		t.Run(string(word), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &followed{}
				s.add("a", 5*time.Minute)
				n := follow(t, s, "one", func(v *service) {
					v.ask = func(_ context.Context, _ string, n int) (Answer, error) {
						if n < 3 {
							return Answer{}, nil
						}
						return Answer{Word: word, Name: "Dana’s phone"}, nil
					}
				})
				time.Sleep(10 * time.Minute)
				n.wantHeard(t, "a "+string(word))
				s.wantEnded(t, "a", 1)
				if got := n.times("a"); len(got) != 3 {
					t.Errorf("asked at %s, want three times", got)
				}
				if n.names[0] != "Dana’s phone" {
					t.Errorf("the name is %q", n.names[0])
				}
				n.wantStopped(t)
			})
		})
	}
}

func approved(context.Context, string, int) (Answer, error) { return Answer{Word: Approved}, nil }

func TestAnAnswerThatIsNotTakenIsToldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		s.add("a", 5*time.Minute)
		n := follow(t, s, "one", func(v *service) {
			v.ask = approved
			v.hear = func(n int) error {
				if n < 4 {
					return errors.New("no database")
				}
				return nil
			}
		})
		time.Sleep(time.Minute)
		n.wantHeard(t, "a approved", "a approved", "a approved", "a approved")
		for i, at := range n.heardAt[1:] {
			if at-n.heardAt[i] != askedAgain {
				t.Errorf("told again after %s", at-n.heardAt[i])
			}
		}
		s.wantEnded(t, "a", 1)
		if got := n.times("a"); len(got) != 1 {
			t.Errorf("asked at %s, want once", got)
		}
	})
}

func TestAnAnswerThatNobodyWaitsForEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		s.add("a", 5*time.Minute)
		n := follow(t, s, "one", func(v *service) {
			v.ask = approved
			v.hear = func(int) error { return fmt.Errorf("late: %w", ErrOver) }
		})
		time.Sleep(time.Minute)
		n.wantHeard(t, "a approved")
		s.wantEnded(t, "a", 1)
	})
}

// Its node keeps the leases of all that it has claimed, so nobody else would take it over.
func TestAPushWhoseAnswerIsNotTakenInTimeIsAskedAboutAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		s.add("a", 5*time.Minute)
		back := time.Now().Add(time.Minute)
		n := follow(t, s, "one", func(v *service) {
			v.ask = approved
			v.hear = func(int) error {
				if time.Now().Before(back) {
					return errors.New("no database")
				}
				return nil
			}
		})
		time.Sleep(2 * time.Minute)
		s.wantEnded(t, "a", 1)
		times := n.times("a")
		if len(times) < 3 || len(times) > 5 {
			t.Errorf("asked at %s", times)
		}
		for i, at := range times[1:] {
			if d := at - times[i]; d < endLimit+firstEvery*9/10 || d > endLimit+thenEvery*11/10 {
				t.Errorf("asked again after %s", d)
			}
		}
		if last := n.heardAt[len(n.heardAt)-1]; last < time.Minute || last > time.Minute+endLimit+thenEvery {
			t.Errorf("told last at %s", last)
		}
	})
}

func TestAPushThatIsNotEndedIsEndedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{endFail: 2}
		s.add("a", 5*time.Minute)
		over := false
		n := follow(t, s, "one", func(v *service) {
			v.ask = approved
			v.awaits = func(string) (bool, error) { return !over, nil }
			v.hear = func(int) error { over = true; return nil }
		})
		time.Sleep(time.Minute)
		n.wantHeard(t, "a approved")
		s.wantEnded(t, "a", 1)
	})
}

func TestAPushThatNobodyWaitsForIsStoppedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		s.add("a", 5*time.Minute)
		gone := time.Now().Add(7 * time.Second)
		n := follow(t, s, "one", func(v *service) {
			v.awaits = func(string) (bool, error) { return time.Now().Before(gone), nil }
		})
		time.Sleep(time.Minute)
		n.wantHeard(t)
		n.wantStopped(t, "a") // whatever Stop answers
		s.wantEnded(t, "a", 1)
		for _, at := range n.times("a") {
			if at >= 7*time.Second {
				t.Errorf("asked at %s, and nobody waits", at)
			}
		}
	})
}

func TestTroubleIsNoAnswer(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(v *service)
		asked int
	}{
		{"service", func(v *service) {
			v.ask = func(_ context.Context, _ string, n int) (Answer, error) {
				if n < 4 {
					return Answer{}, errors.New("503")
				}
				return Answer{Word: Denied}, nil
			}
		}, 4},
		{"sign-in is not read", func(v *service) {
			n := 0
			v.ask = func(context.Context, string, int) (Answer, error) { return Answer{Word: Denied}, nil }
			v.awaits = func(string) (bool, error) {
				if n++; n < 4 {
					return false, errors.New("no database")
				}
				return true, nil
			}
		}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &followed{}
				s.add("a", 5*time.Minute)
				n := follow(t, s, "one", test.spoil)
				time.Sleep(time.Minute)
				n.wantHeard(t, "a denied")
				n.wantStopped(t)
				s.wantEnded(t, "a", 1)
				if got := n.times("a"); len(got) != test.asked {
					t.Errorf("asked at %s, want %d times", got, test.asked)
				}
			})
		})
	}
}

func TestTheServiceSaysWhenToAskAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		s.add("a", 5*time.Minute)
		n := follow(t, s, "one", func(v *service) {
			v.ask = func(_ context.Context, _ string, n int) (Answer, error) {
				if n == 1 {
					return Answer{Again: time.Now().Add(40 * time.Second)}, errors.New("429")
				}
				return Answer{Word: Approved}, nil
			}
		})
		time.Sleep(2 * time.Minute)
		times := n.times("a")
		if len(times) != 2 || !within(times[1]-times[0], 40*time.Second) {
			t.Errorf("asked at %s", times)
		}
	})
}

func TestAPushWhoseTimeIsOverIsUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		s.add("a", 30*time.Second)
		n := follow(t, s, "one", func(v *service) {
			v.ask = func(context.Context, string, int) (Answer, error) { return Answer{}, errors.New("503") }
		})
		time.Sleep(30 * time.Second)
		n.wantHeard(t)
		time.Sleep(thenEvery * 11 / 10)
		n.wantHeard(t, "a unanswered")
		s.wantEnded(t, "a", 1)
		asked := len(n.times("a"))
		time.Sleep(time.Minute)
		if len(n.times("a")) != asked {
			t.Error("asked about after its end")
		}
	})
}

func TestAPushThatDoesNotOpenIsUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		s.add("a", 5*time.Minute)
		s.rows[0].Broken = errors.New("it was copied")
		n := follow(t, s, "one", nil)
		time.Sleep(5 * time.Second)
		n.wantHeard(t, "a unanswered")
		s.wantEnded(t, "a", 1)
		if got := n.times("a"); len(got) != 0 {
			t.Errorf("asked at %s", got)
		}
	})
}

func TestANodeThatEndsLeavesItsPushesToAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		one := follow(t, s, "one", nil)
		s.add("a", 5*time.Minute)
		one.Nudge()
		time.Sleep(5 * time.Second)
		one.stop()
		if s.ended("a") != 0 {
			t.Fatal("it was ended")
		}
		asked := len(one.times("a"))
		two := follow(t, s, "two", func(v *service) { v.ask = approved })
		time.Sleep(followLease - 6*time.Second)
		if len(two.times("a")) != 0 {
			t.Error("asked about while the lease lasts")
		}
		time.Sleep(6*time.Second + followLook + thenEvery*11/10)
		two.wantHeard(t, "a approved")
		one.wantHeard(t)
		s.wantEnded(t, "a", 1)
		if len(one.times("a")) != asked {
			t.Error("the node that ended asked on")
		}
	})
}

// A question that the end of the node interrupts is no answer, whatever its error.
func TestAnEndingNodeHearsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		s.add("a", 5*time.Minute)
		n := follow(t, s, "one", func(v *service) {
			v.ask = func(ctx context.Context, _ string, _ int) (Answer, error) {
				<-ctx.Done()
				return Answer{}, ctx.Err()
			}
		})
		time.Sleep(3 * time.Second)
		n.stop()
		n.wantHeard(t)
		n.wantStopped(t)
		s.wantEnded(t, "a", 0)
	})
}

func TestALivingNodeIsNotRobbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		s.add("a", 10*time.Minute)
		one := follow(t, s, "one", nil)
		two := follow(t, s, "two", nil)
		time.Sleep(5 * time.Minute)
		if got := two.times("a"); len(got) != 0 {
			t.Errorf("the other asked at %s", got)
		}
		if got := len(one.times("a")); got < 65 || got > 90 {
			t.Errorf("asked %d times in five minutes", got)
		}
	})
}

func TestAThousandPushesAreAskedAboutFourTimesInSixteenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pushes = 1000
		before := runtime.NumGoroutine()
		s := &followed{}
		for i := range pushes {
			s.add(fmt.Sprint(i), 5*time.Minute)
		}
		n := follow(t, s, "one", nil)
		time.Sleep(firstSpan + thenEvery)
		from := n.questions()
		time.Sleep(100 * time.Second)
		if rate := float64(n.questions()-from) / 100; rate < 240 || rate > 260 {
			t.Errorf("%.1f questions a second, want 250", rate)
		}
		if more := runtime.NumGoroutine() - before; more > pushes+10 {
			t.Errorf("%d goroutines for %d pushes", more, pushes)
		}
	})
}

func TestANodeLeavesWhatIsTooMuchToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &followed{}
		for i := range followAtOne + 500 {
			s.add(fmt.Sprint(i), 5*time.Minute)
		}
		one := follow(t, s, "one", nil)
		time.Sleep(5 * time.Second)
		one.Nudge()
		synctest.Wait()
		if got := s.leases("one"); got != followAtOne {
			t.Errorf("%d followed, want %d", got, followAtOne)
		}
		follow(t, s, "two", nil)
		if got := s.leases("two"); got != 500 {
			t.Errorf("the other follows %d, want 500", got)
		}
	})
}

// fast is a service whose time is a hundred times as fast; each question is a receive of its channel.
type fast struct {
	service
	asked chan struct{}
}

const faster = 100

func (*fast) Every(Following, time.Duration) time.Duration { return thenEvery / faster }

func (f *fast) Ask(ctx context.Context, _ Following) (Answer, error) {
	select {
	case f.asked <- struct{}{}:
	case <-ctx.Done():
	}
	return Answer{}, nil
}

// BenchmarkAThousandPushesWait waits on the real clock, which synctest has no bubble for in a
// benchmark, with questions a hundred times as often: an operation is one question, and
// questions/s is brought back to the usual time.
func BenchmarkAThousandPushesWait(b *testing.B) {
	const pushes = 1000
	used := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	s := &followed{}
	for i := range pushes {
		s.add(fmt.Sprint(i), time.Hour)
	}
	svc := &fast{asked: make(chan struct{})}
	f := Follower{Store: s, Asker: svc, Listener: svc, Node: "one", Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	before := used()
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan struct{})
	go func() { f.Run(ctx); close(ended) }()
	for range 3 * pushes { // all have begun
		<-svc.asked
	}
	bytes := float64(used()-before) / pushes
	for b.Loop() {
		<-svc.asked
	}
	rate := float64(b.N) / b.Elapsed().Seconds() / faster
	cancel()
	<-ended
	b.ReportMetric(bytes, "B/push")
	b.ReportMetric(rate, "questions/s")
}
