package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

const (
	number = "+15035550142"
	code   = "418207"
)

// carrier is a Sender that counts, and does what a test says.
type carrier struct {
	mu   sync.Mutex
	sent []string // ids, in the order in which they came
	at   map[string][]time.Duration
	zero time.Time
	do   func(ctx context.Context, m Message) (Receipt, error) // nil: takes it
}

func (c *carrier) Send(ctx context.Context, m Message) (Receipt, error) {
	c.mu.Lock()
	c.sent = append(c.sent, m.ID)
	c.at[m.ID] = append(c.at[m.ID], time.Since(c.zero))
	c.mu.Unlock()
	if c.do == nil {
		return Receipt{}, nil
	}
	return c.do(ctx, m)
}

func (c *carrier) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.sent)
}

func (c *carrier) times(id string) string {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint(c.at[id])
}

// composer gives every delivery the same words, unless a test says otherwise.
type composer func(d Delivery) error

func (f composer) Compose(_ context.Context, d Delivery) (Message, error) {
	if f != nil {
		if err := f(d); err != nil {
			return Message{}, err
		}
	}
	return Message{Delivery: d, To: number, Code: secret.New(code), Text: secret.New(code + " is your code.")}, nil
}

// rig is a dispatcher that runs, and what a test looks at.
type rig struct {
	*Dispatcher
	rows         *rows
	store        *process
	texts, calls *carrier
	log          *bytes.Buffer
	stop         func() // ends Run's context
	ended        chan struct{}
}

// run makes a dispatcher on the store, changes it, and starts it.
func run(t *testing.T, s *rows, change func(*rig)) *rig {
	t.Helper()
	var log bytes.Buffer
	zero := time.Now()
	r := &rig{
		rows: s, store: &process{rows: s}, log: &log, ended: make(chan struct{}),
		texts: &carrier{zero: zero, at: map[string][]time.Duration{}},
		calls: &carrier{zero: zero, at: map[string][]time.Duration{}},
	}
	r.Dispatcher = &Dispatcher{
		Store: r.store, Composer: composer(nil), Senders: map[Channel]Sender{Text: r.texts, Call: r.calls},
		Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil)),
	}
	change(r)
	ctx, cancel := context.WithCancel(t.Context())
	r.stop = cancel
	go func() { r.Run(ctx); close(r.ended) }()
	t.Cleanup(func() {
		r.stop()
		<-r.ended
		if text := log.String(); strings.Contains(text, code) || strings.Contains(text, number[1:]) {
			t.Errorf("the log tells: %s", text)
		}
	})
	synctest.Wait() // the first look is over
	return r
}

func nothing(*rig) {}

func (r *rig) status(t *testing.T, id, want string) {
	t.Helper()
	if got := r.rows.status(id); got != want {
		t.Errorf("%s is %s, want %s", id, got, want)
	}
}

func (r *rig) sentAt(t *testing.T, id, want string) {
	t.Helper()
	if got := r.texts.times(id); got != want {
		t.Errorf("%s was sent at %s, want %s", id, got, want)
	}
}

func TestANudgeSendsAtOnceAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{}, nothing)
		r.rows.add(Text, "a", time.Minute)
		r.Nudge()
		r.Nudge()
		r.status(t, "a", "handed")
		time.Sleep(time.Hour)
		r.Nudge()
		r.sentAt(t, "a", "[0s]")
	})
}

func TestThePollFindsWhatAnotherProcessWrote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{}, nothing)
		time.Sleep(time.Millisecond)
		r.rows.add(Text, "a", time.Minute)
		time.Sleep(poll)
		r.status(t, "a", "handed")
		r.sentAt(t, "a", "[250ms]")
	})
}

func TestMoreThanThereAreSlotsAreAllSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{}, func(r *rig) {
			r.texts.do = func(context.Context, Message) (Receipt, error) {
				time.Sleep(100 * time.Millisecond)
				return Receipt{}, nil
			}
		})
		for i := range 3*atOnce + 1 {
			r.rows.add(Text, fmt.Sprint(i), time.Minute)
		}
		r.Nudge()
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		if n := r.texts.count(); n != atOnce {
			t.Errorf("%d under way, want %d", n, atOnce)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := r.texts.count(); n != 3*atOnce+1 {
			t.Errorf("%d sent", n)
		}
		r.sentAt(t, "0", "[0s]")
		r.sentAt(t, "48", "[300ms]")
	})
}

func TestWhatBecomesOfWhatASenderAnswers(t *testing.T) {
	quoting := fmt.Errorf("550 %s: no %s here", number, code)
	for _, test := range []struct {
		name   string
		answer func(ctx context.Context) (Receipt, error)
		want   string
	}{
		{"taken", func(context.Context) (Receipt, error) { return Receipt{}, nil }, "handed"},
		{"arrived", func(context.Context) (Receipt, error) { return Receipt{Delivered: true}, nil }, "delivered"},
		{"refused", func(context.Context) (Receipt, error) { return Receipt{}, fmt.Errorf("%w: %w", ErrRefused, quoting) }, "failed: refused"},
		{"does not know", func(context.Context) (Receipt, error) { return Receipt{}, fmt.Errorf("%w: %w", ErrSilent, quoting) }, "failed: silent"},
		{"a time-out of its own", func(context.Context) (Receipt, error) { return Receipt{}, context.DeadlineExceeded }, "failed: silent"},
		{"back when its time is over", func(ctx context.Context) (Receipt, error) { <-ctx.Done(); return Receipt{}, errors.New("given up") }, "failed: silent"},
		{"of no use", func(context.Context) (Receipt, error) { return Receipt{}, ErrOver }, "dropped"},
		{"panics", func(context.Context) (Receipt, error) { panic(code) }, "failed: silent"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := run(t, &rows{}, func(r *rig) {
					r.texts.do = func(ctx context.Context, _ Message) (Receipt, error) { return test.answer(ctx) }
				})
				r.rows.add(Text, "a", time.Minute)
				r.Nudge()
				time.Sleep(time.Hour)
				r.status(t, "a", test.want)
				r.sentAt(t, "a", "[0s]") // settled: never again
			})
		})
	}
}

func TestTroubleIsTriedAgainUntilItIsTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{}, func(r *rig) {
			r.texts.do = func(context.Context, Message) (Receipt, error) {
				return Receipt{}, fmt.Errorf("send to %s%%2B%s: connection refused", number, number[1:])
			}
		})
		r.rows.add(Text, "a", time.Minute)
		r.Nudge()
		time.Sleep(30 * time.Second)
		r.status(t, "a", "queued")
		time.Sleep(time.Hour)
		r.status(t, "a", "failed: outage")
		// 1, 2, 4, 8, 15 s later each, and no more where the next would come after the minute
		r.sentAt(t, "a", "[0s 1s 3s 7s 15s 30s 45s]")
		if !strings.Contains(r.log.String(), "connection refused") {
			t.Errorf("the log does not say why: %s", r.log)
		}
	})
}

func TestTroubleThatEndsEndsWithTheMessageSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{}, func(r *rig) {
			r.texts.do = func(context.Context, Message) (Receipt, error) {
				if r.texts.count() < 3 {
					return Receipt{}, errors.New("busy")
				}
				return Receipt{Delivered: true}, nil
			}
		})
		r.rows.add(Text, "a", time.Minute)
		r.Nudge()
		time.Sleep(time.Minute)
		r.status(t, "a", "delivered")
		r.sentAt(t, "a", "[0s 1s 3s]")
	})
}

func TestWhatIsOfNoUseIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{}, func(r *rig) {
			r.Composer = composer(func(d Delivery) error {
				if d.ID == "over" {
					return fmt.Errorf("challenge is answered: %w", ErrOver)
				}
				return nil
			})
		})
		r.rows.add(Text, "over", time.Minute)
		r.rows.add(Text, "late", 0)
		r.Nudge()
		r.status(t, "over", "dropped")
		r.status(t, "late", "dropped")
		if r.texts.count() > 0 {
			t.Errorf("sent: %v", r.texts.sent)
		}
	})
}

func TestWhatCannotBeComposedIsTriedAgain(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("no database") },
		"panic": func() error { panic(code) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := run(t, &rows{}, func(r *rig) {
					r.Composer = composer(func(d Delivery) error {
						if d.Tries < 3 {
							return fail()
						}
						return nil
					})
				})
				r.rows.add(Text, "a", time.Minute)
				r.Nudge()
				time.Sleep(time.Minute)
				r.status(t, "a", "handed")
				r.sentAt(t, "a", "[3s]")
			})
		})
	}
}

func TestASenderThatHangsHoldsUpOnlyItsOwnSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		defer close(hang)
		r := run(t, &rows{}, func(r *rig) {
			r.texts.do = func(_ context.Context, m Message) (Receipt, error) { // deaf to its context
				if strings.HasPrefix(m.ID, "hangs") {
					<-hang
				}
				return Receipt{}, nil
			}
		})
		for i := range atOnce {
			r.rows.add(Text, fmt.Sprint("hangs", i), time.Minute)
		}
		r.rows.add(Text, "behind", time.Minute)
		r.rows.add(Call, "call", time.Minute)
		r.Nudge()
		r.status(t, "call", "handed")
		r.status(t, "behind", "queued")
		time.Sleep(sendLimit)
		r.status(t, "hangs0", "failed: silent")
		r.status(t, "behind", "handed")
		r.sentAt(t, "behind", "[5s]")
		time.Sleep(time.Hour)
		r.sentAt(t, "hangs0", "[0s]")
	})
}

func TestALateReturnGoesUnheard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{}, func(r *rig) {
			r.texts.do = func(context.Context, Message) (Receipt, error) {
				time.Sleep(lease + time.Second)
				return Receipt{Delivered: true}, nil
			}
		})
		r.rows.add(Text, "a", time.Hour)
		r.Nudge()
		time.Sleep(2 * lease)
		r.status(t, "a", "failed: silent")
		r.sentAt(t, "a", "[0s]")
	})
}

func TestADispatcherThatDiesIsFollowedWhenItsLeaseEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &rows{}
		first := run(t, s, func(r *rig) {
			r.texts.do = func(context.Context, Message) (Receipt, error) {
				r.store.die() // sent, and never noted
				return Receipt{Delivered: true}, nil
			}
		})
		second := run(t, s, nothing)
		s.add(Text, "a", time.Minute)
		first.Nudge()
		first.sentAt(t, "a", "[0s]")
		first.stop()
		time.Sleep(lease - time.Millisecond)
		second.status(t, "a", "queued")
		time.Sleep(poll)
		second.status(t, "a", "handed")
		time.Sleep(time.Hour)
		second.sentAt(t, "a", fmt.Sprint([]time.Duration{lease}))
		if !strings.Contains(first.log.String(), "outcome not noted") {
			t.Errorf("log: %s", first.log)
		}
	})
}

func TestAnOutcomeIsNotedThoughTheStoreFaltersAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{}, func(r *rig) {
			r.texts.do = func(context.Context, Message) (Receipt, error) {
				r.store.mu.Lock()
				defer r.store.mu.Unlock()
				r.store.fails = 10
				return Receipt{}, nil
			}
		})
		r.rows.add(Text, "a", time.Hour)
		r.Nudge()
		time.Sleep(time.Hour)
		r.status(t, "a", "handed")
		r.sentAt(t, "a", "[0s]")
		if text := r.log.String(); strings.Count(text, "outbox cannot be read") != strings.Count(text, "outbox can be read again") || strings.Count(text, "\n") > 6 {
			t.Errorf("log: %s", text)
		}
	})
}

func TestALostLeaseIsLoggedAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{}, func(r *rig) {
			r.texts.do = func(context.Context, Message) (Receipt, error) { return Receipt{}, ErrRefused }
			r.store.before = func(id string) {
				r.rows.mu.Lock()
				defer r.rows.mu.Unlock()
				r.rows.find(id).lease = "another's"
			}
		})
		r.rows.add(Text, "a", time.Minute)
		r.Nudge()
		r.status(t, "a", "queued")
		if !strings.Contains(r.log.String(), `level=INFO msg="lease lost" delivery=a`) {
			t.Errorf("log: %s", r.log)
		}
	})
}

// A process that was stopped and woken again (a laptop, a virtual machine) has lost its
// claims without knowing.
func TestNothingIsSentOnALeaseThatIsAsGoodAsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{}, func(r *rig) {
			r.Composer = composer(func(d Delivery) error {
				if d.Tries == 1 {
					time.Sleep(lease - sendLimit + 1)
				}
				return nil
			})
		})
		r.rows.add(Text, "a", time.Hour)
		r.Nudge()
		time.Sleep(lease + poll)
		r.status(t, "a", "handed")
		r.sentAt(t, "a", fmt.Sprint([]time.Duration{lease}))
	})
}

func TestTheEndWaitsForWhatIsUnderWayAndNotesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{}, func(r *rig) {
			r.texts.do = func(ctx context.Context, _ Message) (Receipt, error) {
				select {
				case <-time.After(4 * time.Second):
					return Receipt{}, nil
				case <-ctx.Done():
					return Receipt{}, ctx.Err()
				}
			}
		})
		r.rows.add(Text, "a", time.Minute)
		r.Nudge()
		synctest.Wait()
		r.stop()
		r.rows.add(Text, "b", time.Minute)
		r.Nudge()
		began := time.Now()
		<-r.ended
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("the end took %v", took)
		}
		r.status(t, "a", "handed")
		r.status(t, "b", "queued")
	})
}

func TestAChannelWithoutASenderIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{}, nothing)
		r.rows.add(Mail, "a", time.Minute)
		r.Nudge()
		time.Sleep(time.Hour)
		r.status(t, "a", "queued")
		if r.rows.find("a").Tries != 0 {
			t.Error("it was claimed")
		}
	})
}

func TestWhatACarrierSaysLaterIsNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{}, nothing)
		r.rows.add(Call, "a", time.Minute)
		r.Nudge()
		r.status(t, "a", "handed")
		if err := r.Report(t.Context(), "a", Status{State: Failed, Reason: NoKey, At: time.Now()}); err != nil {
			t.Error(err)
		}
		r.status(t, "a", "failed: no-key")
		if err := r.Report(t.Context(), "b", Status{State: Delivered}); !errors.Is(err, ErrNotFound) {
			t.Errorf("unknown id: %v", err)
		}
	})
}

func TestANoticeIsTriedAgainAlsoWhenItsCarrierIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{}, func(r *rig) {
			r.texts.do = func(context.Context, Message) (Receipt, error) {
				if r.texts.count() < 3 {
					return Receipt{}, ErrSilent
				}
				return Receipt{Delivered: true}, nil
			}
			r.Senders[Mail] = r.texts
		})
		r.rows.notice(Mail, "a", 24*time.Hour)
		r.Nudge()
		time.Sleep(time.Hour)
		r.status(t, "a", "delivered")
		r.sentAt(t, "a", "[0s 1s 3s]")
	})
}

// Each text costs money: one that may have gone is not sent again, and one that did not go is.
func TestANoticeByTextIsTriedAgainUnlessItsCarrierIsSilent(t *testing.T) {
	for answer, want := range map[error]string{ErrSilent: "[0s]", errors.New("line is down"): "[0s 1s 3s]"} {
		synctest.Test(t, func(t *testing.T) {
			r := run(t, &rows{}, func(r *rig) {
				r.texts.do = func(context.Context, Message) (Receipt, error) {
					if r.texts.count() < 3 {
						return Receipt{}, answer
					}
					return Receipt{Delivered: true}, nil
				}
			})
			r.rows.notice(Text, "a", 24*time.Hour)
			r.Nudge()
			time.Sleep(time.Hour)
			r.sentAt(t, "a", want)
		})
	}
}

func TestARowThatDoesNotOpenIsDroppedAloud(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, &rows{broken: errors.New("sealed bytes do not open")}, nothing)
		r.rows.notice(Text, "a", time.Hour)
		r.Nudge()
		r.status(t, "a", "dropped")
		r.sentAt(t, "a", "[]")
		if !strings.Contains(r.log.String(), "message cannot be read") {
			t.Errorf("the log says nothing: %s", r.log)
		}
	})
}

func TestBackoffDoublesToItsEnd(t *testing.T) {
	for notice, want := range map[bool]string{
		false: "[1s 1s 2s 4s 8s 15s 15s 15s]",
		true:  "[1s 1s 2s 4s 8s 16s 32s 1h0m0s]",
	} {
		var got []time.Duration
		for _, tries := range []int{0, 1, 2, 3, 4, 5, 6, 1 << 40} {
			got = append(got, backoff(tries, notice))
		}
		if fmt.Sprint(got) != want {
			t.Errorf("of a notice %v: %v, want %s", notice, got, want)
		}
	}
}
