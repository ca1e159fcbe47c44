package password

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// took is how long each piece of work takes in the tests of the line.
const took = 100 * time.Millisecond

func work() { time.Sleep(took) }

// learned returns a gate that has measured what work takes. Call it in a bubble.
func learned(t *testing.T, slots int) *Gate {
	t.Helper()
	g := NewGate(Default, slots, time.Now)
	for range 100 {
		if err := g.Do(t.Context(), "", work); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// arrive starts n pieces of work, one after the other, and returns once each runs,
// waits or was refused. When number i has run it is in order; what became of it goes to
// answered, if there is one.
func arrive(ctx context.Context, g *Gate, numbers []int, order *[]int, answered func(err error)) {
	for _, i := range numbers {
		go func() {
			err := g.Do(ctx, "", func() {
				work()
				*order = append(*order, i) // with one slot never two at once
			})
			if answered != nil {
				answered(err)
			}
		}()
		synctest.Wait()
	}
}

// taken says how many slots are taken and how many wait.
func taken(g *Gate) (running, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running, g.line.Len()
}

// places are the places in the line by network.
func places(g *Gate) map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.held)
}

// numbers returns from, from+1, … before.
func numbers(from, before int) []int {
	var all []int
	for i := from; i < before; i++ {
		all = append(all, i)
	}
	return all
}

func TestSlotsAreBoundedByCoresAndMemory(t *testing.T) {
	for _, tt := range []struct {
		name   string
		params Params
		cores  int
		want   int
	}{
		{"few cores", Default, 2, 2},
		{"many cores", Default, 64, 13}, // 256 MiB / 19 MiB
		{"the costliest hash", most, 64, 1},
		{"no cores known", Default, 0, 1},
		{"cheap hashes", cheap, 4, 4},
	} {
		if got := NewGate(tt.params, tt.cores, time.Now).Slots(); got != tt.want {
			t.Errorf("%s: Slots() = %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestNoMoreRunAtOnceThanThereAreSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := learned(t, 2)
		var mu sync.Mutex
		running, highest := 0, 0
		count := func(by int) {
			mu.Lock()
			defer mu.Unlock()
			running += by
			highest = max(highest, running)
		}
		for range 20 {
			go func() {
				err := g.Do(t.Context(), "", func() { count(1); work(); count(-1) })
				if err != nil {
					t.Error(err)
				}
			}()
		}
		time.Sleep(20 * took)
		synctest.Wait()
		if highest != 2 || running != 0 {
			t.Errorf("%d ran at once and %d still do, want 2 and 0", highest, running)
		}
		if running, waiting := taken(g); running != 0 || waiting != 0 {
			t.Errorf("at the end %d slots are taken and %d wait", running, waiting)
		}
	})
}

func TestTheLineKeepsTheOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := learned(t, 1)
		var order []int
		arrive(t.Context(), g, numbers(0, 12), &order, nil)
		time.Sleep(12 * took)
		synctest.Wait()
		if want := numbers(0, 12); !slices.Equal(order, want) {
			t.Errorf("order = %v, want %v", order, want)
		}
	})
}

func TestTheLineIsBoundedToASecondAndAHalfOfWork(t *testing.T) {
	for slots, places := range map[int]int{1: 15, 2: 30, 4: 60} {
		synctest.Test(t, func(t *testing.T) {
			g := learned(t, slots)
			refused := 0
			began := time.Now()
			for range slots + places + 3 {
				go func() {
					err := g.Do(t.Context(), "", work)
					if err == nil {
						return
					}
					refused++ // only ever in the moment of arrival, one after the other
					busy, ok := errors.AsType[Busy](err)
					if !ok || !errors.Is(err, ErrBusy) {
						t.Errorf("%d slots: %v, want Busy", slots, err)
					}
					if waited := time.Since(began); waited != 0 {
						t.Errorf("%d slots: refused after %v, want at once", slots, waited)
					}
					if busy.RetryAfter < time.Second || busy.RetryAfter > 2*time.Second {
						t.Errorf("%d slots: RetryAfter = %v, want about 1.5 s", slots, busy.RetryAfter)
					}
				}()
				synctest.Wait()
			}
			if running, waiting := taken(g); running != slots || waiting != places || refused != 3 {
				t.Errorf("%d run, %d wait, %d were refused; want %d, %d, 3", running, waiting, refused, slots, places)
			}
			time.Sleep(lineWork + took)
			synctest.Wait()
			if running, waiting := taken(g); running != 0 || waiting != 0 {
				t.Errorf("%d slots: %d still run and %d wait", slots, running, waiting)
			}
		})
	}
}

// A network alone may have the whole line; whoever else comes finds a place, in arrival order.
func TestAThousandOfOneNetworkKeepNobodyElseOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := learned(t, 8) // 120 places
		var refused, ran, served atomic.Int64
		flood := func(n int) {
			for range n {
				go func() {
					if err := g.Do(t.Context(), "192.0.2.1", work); errors.Is(err, ErrBusy) {
						refused.Add(1)
					} else if err == nil {
						ran.Add(1)
					}
				}()
			}
			synctest.Wait()
		}
		flood(1000)
		if _, waiting := taken(g); waiting != 120 || refused.Load() != 1000-8-120 {
			t.Fatalf("alone, %d wait and %d were refused; want 120 and 872", waiting, refused.Load())
		}
		began := time.Now()
		for i := range 20 { // others, a network each
			from := fmt.Sprint("198.51.100.", i)
			go func() {
				if err := g.Do(t.Context(), from, work); err != nil {
					t.Errorf("%s was refused: %v", from, err)
				}
				served.Add(1)
				if waited := time.Since(began); waited > 9*took { // 8 run, 32 and these wait
					t.Errorf("%s waited %v", from, waited)
				}
			}()
			synctest.Wait()
			flood(50)
			if held := places(g)["192.0.2.1"]; held != maxShare {
				t.Fatalf("the flood holds %d places while others wait, want %d", held, maxShare)
			}
		}
		time.Sleep(10 * took)
		synctest.Wait()
		if served.Load() != 20 || ran.Load() != 8+maxShare || ran.Load()+refused.Load() != 2000 {
			t.Errorf("%d others were served, want 20; of the flood %d ran and %d were refused", served.Load(), ran.Load(), refused.Load())
		}
		if running, waiting := taken(g); running != 0 || waiting != 0 || len(places(g)) != 0 {
			t.Errorf("at the end %d slots are taken, %d wait, %v hold places", running, waiting, places(g))
		}
	})
}

// Also where the line is shorter than a share.
func TestAShortLineHasRoomForOthersToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := learned(t, 1) // 15 places
		ctx, cancel := context.WithCancel(t.Context())
		for range 100 {
			go func() { _ = g.Do(ctx, "192.0.2.1", work) }() // most are refused
		}
		synctest.Wait()
		other := make(chan error, 1)
		go func() { other <- g.Do(t.Context(), "198.51.100.1", work) }()
		synctest.Wait()
		if held := places(g); held["192.0.2.1"] != 7 || held["198.51.100.1"] != 1 {
			t.Errorf("places are %v, want 7 and 1", held)
		}
		cancel() // all of the flood leave, and their places with them
		if err := <-other; err != nil {
			t.Errorf("the other one: %v", err)
		}
		synctest.Wait()
		if running, waiting := taken(g); running != 0 || waiting != 0 || len(places(g)) != 0 {
			t.Errorf("at the end %d slots are taken, %d wait, %v hold places", running, waiting, places(g))
		}
	})
}

func TestAWaiterWhoGivesUpFreesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := learned(t, 1)
		var order []int
		arrive(t.Context(), g, numbers(0, 8), &order, nil) // one runs, seven wait

		cause := errors.New("browser went away")
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := make(chan error, 8)
		arrive(ctx, g, numbers(100, 108), &order, func(err error) { gone <- err }) // the line is full
		if err := g.Do(t.Context(), "", work); !errors.Is(err, ErrBusy) {
			t.Errorf("a full line answers %v, want ErrBusy", err)
		}
		cancel(cause)
		for range 8 {
			if err := <-gone; !errors.Is(err, cause) || errors.Is(err, ErrBusy) {
				t.Errorf("one who gave up got %v, want the cause", err)
			}
		}

		arrive(t.Context(), g, numbers(8, 16), &order, nil) // into the freed places
		time.Sleep(16 * took)
		synctest.Wait()
		if want := numbers(0, 16); !slices.Equal(order, want) {
			t.Errorf("order = %v, want %v", order, want)
		}
		if running, waiting := taken(g); running != 0 || waiting != 0 {
			t.Errorf("at the end %d slots are taken and %d wait", running, waiting)
		}
	})
}

func TestGivingUpInTheMomentOfOnesTurnLosesNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := learned(t, 2)
		for range 200 {
			ctx, cancel := context.WithTimeout(t.Context(), took) // ends as the first slots fall free
			for range 6 {
				go func() { _ = g.Do(ctx, "", work) }() // either end is right
			}
			time.Sleep(4 * took)
			cancel()
			synctest.Wait()
			if running, waiting := taken(g); running != 0 || waiting != 0 {
				t.Fatalf("%d slots are taken and %d wait, want none", running, waiting)
			}
		}
	})
}

func TestWhoHasGivenUpAlreadyDoesNotRun(t *testing.T) {
	g := NewGate(Default, 1, time.Now)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := g.Do(ctx, "", func() { t.Error("it ran") })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Do() = %v, want context.Canceled", err)
	}
}

func TestWhatWaitsForQuietRunsOnceNobodyHashes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(Default, 2, time.Now)
		var calls atomic.Int32
		g.WhenQuiet(func() { calls.Add(1) })
		hash := func(took time.Duration) {
			if err := g.Do(t.Context(), "", func() { time.Sleep(took) }); err != nil {
				t.Error(err)
			}
		}
		after := func(d time.Duration, want int32, when string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if got := calls.Load(); got != want {
				t.Errorf("%s it was called %d times, want %d", when, got, want)
			}
		}
		after(time.Hour, 0, "before the first hash")
		hash(time.Millisecond)
		after(quietAfter-time.Second, 0, "a moment too early")
		hash(time.Millisecond)
		after(quietAfter-time.Second, 0, "while somebody hashes now and then")
		hash(10 * quietAfter)
		after(0, 0, "while somebody hashed")
		after(quietAfter, 1, "when nobody hashes")
		after(time.Hour, 1, "an hour later")
		hash(time.Millisecond)
		after(quietAfter, 2, "after another hash")
	})
}

func TestAPanicGivesItsSlotBack(t *testing.T) {
	g := NewGate(Default, 1, time.Now)
	func() {
		defer func() { _ = recover() }() // the panic is the test's own
		_ = g.Do(t.Context(), "", func() { panic("in a hash") })
	}()
	if err := g.Do(t.Context(), "", func() {}); err != nil || g.running != 0 {
		t.Errorf("Do() after a panic = %v, %d slots taken", err, g.running)
	}
}

func TestOneOddMeasurementDoesNotCloseOrOpenTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := learned(t, 1)
		for name, odd := range map[string]time.Duration{"the machine slept": 10 * time.Hour, "the clock went back": -time.Hour} {
			g.running = 1
			g.leave(odd)
			if got := g.places(); got < 10 || got > 20 {
				t.Errorf("%s: %d places, want about 15", name, got)
			}
			for range 100 {
				_ = g.Do(t.Context(), "", work) // back to what is usual; nobody else is in the line
			}
		}
	})
}

func TestSomebodyMayAlwaysWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := learned(t, 1)
		for range 200 {
			_ = g.Do(t.Context(), "", func() { time.Sleep(time.Minute) }) // nobody else is in the line
		}
		if got := g.places(); got != 1 {
			t.Errorf("%d places when one hash takes a minute, want 1", got)
		}
	})
}
