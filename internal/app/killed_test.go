package app_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
)

// The installed program is killed, again and again, while people sign in.

var kills = flag.Int("kills", 10, "how often the server is killed under load, on each of the two engines")

// together is how many people sign in at a time.
const together = 4

// person is a user who signs in with one code after the other, each in a new browser.
type person struct {
	member
	key     phone
	used    int64 // the newest step of which a code was sent
	entered int   // codes that were sent, and of which we know what became
	inside  []*browser
}

// enrolSome adds n users of the installed company, who share a password.
func (in *installation) enrolSome(n int) []*person {
	in.t.Helper()
	ctx := context.Background()
	a, err := app.New(ctx, config.Config{
		Database: in.dsn, KeyFile: filepath.Join(in.folder, "sallyport.keys"), Hosts: []string{"127.0.0.1"}, ProductName: "Sallyport",
		Password: password.Default,
	}, app.Outside{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	must(in.t, err)
	defer a.Close()
	const words = "granite-feather-36"
	hash, err := a.Hasher.Hash(ctx, secret.New(words))
	must(in.t, err)
	var of string
	must(in.t, openDatabase(in.t, in.dsn).QueryRow("SELECT id FROM company").Scan(&of))
	var all []*person
	for i := range n {
		p := &person{member: member{username: fmt.Sprintf("user-%d", i), name: fmt.Sprintf("User %d", i), password: words}}
		must(in.t, a.Store.AddUser(ctx, company.User{
			ID: company.UserID(p.username), Company: company.ID(of), Username: p.username, DisplayName: p.name,
			Role: company.Salesperson, Language: "en", TimeZone: "UTC", Status: company.Active, Created: time.Now(),
		}, hash))
		all = append(all, p)
	}
	return all
}

// next is the step whose code the person sends next; false when none can be sent now.
func (p *person) next(now time.Time) (int64, bool) {
	step := max(p.used+1, now.Unix()/30-1)
	return step, step <= now.Unix()/30+1
}

// signsIn is one sign-in, whatever it takes, with a code of its own; false where the server was
// not there, and it must be done again. Each answer is looked at; none may be a fault of ours.
func (p *person) signsIn(in *installation, via http.RoundTripper, step int64) (bool, error) {
	b := in.browser(via)
	b.patient = true
	begun := b.post("/sign-in", fieldsOf("", "username", p.username, "password", p.password))
	if begun.problem != nil || begun.status == http.StatusServiceUnavailable {
		return false, nil
	}
	if begun.status == http.StatusTooManyRequests {
		return false, errWaits
	}
	if begun.status != http.StatusSeeOther {
		return false, fmt.Errorf("the password: %d\n%s", begun.status, begun.main())
	}
	path := begun.to()
	at := b.get(path)
	if at.problem == nil && at.has("/enrol") {
		if picked := b.submit(at.form("/enrol", "kind", "totp")); picked.problem != nil {
			return false, nil
		}
		scan := b.get(path + "/scan")
		if scan.problem != nil || scan.status != http.StatusOK {
			return false, nil
		}
		p.key = scan.scan()
		at = b.get(path + "/code")
	}
	if at.problem != nil || at.status != http.StatusOK {
		return false, nil
	}
	answered := b.submit(at.form("/answer"), "code", p.key.at(time.Unix(step*30, 0), 0))
	switch {
	case answered.problem != nil || answered.status >= http.StatusInternalServerError:
		return false, nil // nobody knows whether it counted
	case answered.status == http.StatusUnprocessableEntity && strings.Contains(answered.plain(), alreadyUsed):
		p.used, p.entered = step, p.entered+1
		return true, nil // it had counted, when the server was killed
	case answered.status == http.StatusUnprocessableEntity && step < time.Now().Unix()/30-1:
		p.used = step // its time was over when it came
		return false, nil
	case answered.status != http.StatusSeeOther:
		return false, fmt.Errorf("step %d: %d\n%s", step, answered.status, answered.main())
	}
	p.used, p.entered = step, p.entered+1
	if answered.to() == path { // set up
		if finish := b.get(path); !finish.has("/finish") || b.submit(finish.form("/finish")).to() != "/" {
			return true, nil // the method is there
		}
	}
	p.inside = append(p.inside, b)
	return true, nil
}

// signsInUntil signs in as often as the clock allows.
func (p *person) signsInUntil(in *installation, via http.RoundTripper, over *atomic.Bool, done *atomic.Int64) error {
	for !over.Load() {
		step, ok := p.next(time.Now())
		if !ok {
			return nil
		}
		came, err := p.signsIn(in, via, step)
		switch {
		case errors.Is(err, errWaits):
			return nil
		case err != nil:
			return err
		case came:
			done.Add(1)
		default:
			time.Sleep(5 * time.Millisecond) // the server is away
		}
	}
	return nil
}

// errWaits: each time the server died while it looked at the password, that counts as a wrong one.
var errWaits = errors.New("the password is not looked at for a while")

func TestAServerThatIsKilledAgainAndAgainLosesDoublesAndForgetsNothing(t *testing.T) {
	onBothInstalled(t, func(t *testing.T, in *installation) {
		via := &http.Transport{MaxIdleConnsPerHost: together}
		defer via.CloseIdleConnections()
		people := in.enrolSome(4 * *kills)
		var mu sync.Mutex
		free := people
		take := func() *person {
			mu.Lock()
			defer mu.Unlock()
			if len(free) == 0 {
				return nil
			}
			p := free[0]
			free = free[1:]
			return p
		}
		var over atomic.Bool
		var done atomic.Int64 // sign-ins
		var clients sync.WaitGroup
		in.serve()
		for range together {
			clients.Go(func() {
				for p := take(); p != nil && !over.Load(); p = take() {
					if err := p.signsInUntil(in, via, &over, &done); err != nil {
						t.Errorf("%s: %v", p.username, err)
						return
					}
				}
			})
		}
		for range *kills {
			for enough := done.Load() + rand.Int64N(3); done.Load() < enough; {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
			in.kill()
			in.serve()
		}
		over.Store(true)
		clients.Wait()

		db, entered, inside := openDatabase(t, in.dsn), 0, 0
		for _, p := range people {
			var sessions, methods int
			must(t, db.QueryRow("SELECT count(*) FROM session WHERE user_id = $1", p.username).Scan(&sessions))
			must(t, db.QueryRow("SELECT count(*) FROM authenticator WHERE user_id = $1", p.username).Scan(&methods))
			entered, inside = entered+p.entered, inside+len(p.inside)
			if sessions < len(p.inside) || sessions > p.entered+1 { // the last may have come to an end unheard
				t.Errorf("%s: %d sessions, %d are known, of %d codes", p.username, sessions, len(p.inside), p.entered)
			}
			if methods > 1 || methods == 0 && p.entered > 0 {
				t.Errorf("%s: %d methods, after %d codes", p.username, methods, p.entered)
			}
			for _, b := range p.inside {
				b.patient = false
				b.isInside(p.member)
			}
		}
		if inside < *kills/4 {
			t.Errorf("only %d sign-ins in %d lives of the server", inside, *kills)
		}
		t.Logf("%d kills, %d codes entered, %d sessions known", *kills, entered, inside)
		in.stop()
	})
}

// kill is kill -9.
func (in *installation) kill() {
	in.t.Helper()
	must(in.t, in.serving.Process.Kill())
	_ = in.serving.Wait() // "signal: killed"
}
