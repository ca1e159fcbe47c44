package storetest

import (
	"context"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func connectionTests() []test {
	return []test{
		{"a connection is stored, changed and removed, each company's its own", connectsAndDisconnects},
		{"another organisation takes the power of a kind, which still counts as set up", disablesAKind},
		{"a change of settings disables nothing", keepsAKind},
		{"what was decided before a kind was disabled has moved", disablingMoves},
		{"a method that wrong codes had stopped does not wake again", disablesTheStopped},
		{"a method that is being set up goes with its connection", endsWhatIsPending},
		{"every active administrator with an address is told", tellsAdministrators},
		{"a connection is no step of one user", connectionIsCompanyWide},
		{"of twenty that connect at once one does", oneConnects},
		{"whoever sets up while another organisation is connected ends disabled", disablesUnderWay},
	}
}

// connect is a connection of TOTP, whose methods the tests know how to set up.
func connect(id, settings string) signin.Connect {
	return signin.Connect{Kind: factor.TOTP, ID: id, Settings: secret.New(settings), Name: "acme.example", Address: "192.0.2.1"}
}

// companyWide is what an administrator in browser b decides on.
func (w *World) companyWide(b signin.Browser) signin.State {
	w.Helper()
	st, err := w.companyState(b)
	w.Must(err)
	return st
}

func (w *World) companyState(b signin.Browser) (signin.State, error) {
	ctx := context.WithoutCancel(w.Context())
	f, err := w.Store.FindSession(ctx, b.Session)
	if err != nil {
		return signin.State{}, err
	}
	st, err := w.Store.LoadUser(ctx, b.Session.Company, f.User.ID, b)
	if err != nil {
		return signin.State{}, err
	}
	return signin.State{Policy: st.Policy, Actor: &signin.Actor{User: st.User, Session: *st.Session}}, nil
}

// connects has the administrator in b do e.
func (w *World) connects(b signin.Browser, e signin.Connect) {
	w.Helper()
	d, err := w.Decide(w.companyWide(b), e)
	w.Must(err)
	w.Must(w.Commit(d))
}

func connectsAndDisconnects(w *World) {
	c, other := w.Company(true), w.Company(true)
	_, _, b := w.Enrolled(c, company.Administrator)
	_, _, otherB := w.Enrolled(other, company.Administrator)
	find := func(c company.ID) (string, string, time.Time, error) {
		id, settings, at, err := w.Store.Connection(w.Context(), c, factor.TOTP)
		return id, settings.Reveal(), at, err
	}
	_, _, _, err := find(c)
	w.Want(err, company.ErrNotFound)
	began := w.Now
	w.connects(b, connect("k1", "first"))
	w.connects(otherB, connect("k9", "theirs"))
	for _, step := range []struct {
		e  signin.Connect
		at time.Time
	}{
		{signin.Connect{}, began}, // as it is
		{signin.Connect{Kind: factor.TOTP, ID: "k1", Settings: secret.New("second"), Keep: true}, began},
		{connect("k2", "third"), began.Add(2 * time.Second)},
	} {
		if step.e.ID != "" {
			w.Now = w.Now.Add(time.Second)
			// What was disabled by the connection before is of no use to prove with, and the proof still is fresh.
			w.connects(b, step.e)
		} else {
			step.e = connect("k1", "first")
		}
		id, settings, at, err := find(c)
		if err != nil || id != step.e.ID || settings != step.e.Settings.Reveal() || !at.Equal(step.at) {
			w.Fatalf("got %s %q since %v, %v, want %+v since %v", id, settings, at, err, step.e, step.at)
		}
	}
	w.connects(b, connect("", ""))
	_, _, _, err = find(c)
	w.Want(err, company.ErrNotFound)
	if id, settings, _, err := find(other); err != nil || id != "k9" || settings != "theirs" {
		w.Fatalf("got %s %q, %v for the other company", id, settings, err)
	}
	_, _, _, err = w.Store.Connection(w.Context(), other, factor.Okta)
	w.Want(err, company.ErrNotFound)
	// Nothing is there to be removed again.
	d, err := w.Decide(w.companyWide(b), connect("", ""))
	w.Must(err)
	w.Want(w.Commit(d), signin.ErrMoved)

	events, err := w.Store.Events(w.Context(), c, 10)
	w.Must(err)
	kinds := map[audit.Kind]int{}
	for _, e := range events {
		kinds[e.Kind]++
		if e.Kind == audit.ConnectionMade && (e.Person != "" || e.Actor == "" || e.Address != "192.0.2.1" || e.Detail != "totp acme.example") {
			w.Fatalf("got event %+v", e)
		}
	}
	if kinds[audit.ConnectionMade] != 2 || kinds[audit.ConnectionChanged] != 1 || kinds[audit.ConnectionRemoved] != 1 {
		w.Fatalf("got events %v", kinds)
	}
}

// disabled reports how the only method of u is disabled.
func (w *World) disabled(c company.ID, u company.UserID) (string, int64) {
	w.Helper()
	st, err := w.Store.LoadUser(w.Context(), c, u, signin.Browser{})
	w.Must(err)
	if len(st.User.Authenticators) != 1 {
		w.Fatalf("got %d methods, want one: it still counts as set up", len(st.User.Authenticators))
	}
	return st.User.Authenticators[0].DisabledBy, st.User.Version
}

func disablesAKind(w *World) {
	c, other := w.Company(true), w.Company(true)
	admin, _, b := w.Enrolled(c, company.Administrator)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	stranger, _, _ := w.Enrolled(other, company.Salesperson)
	bare := w.User(c, company.Salesperson)
	was := map[company.UserID]int64{}
	for _, id := range []company.UserID{admin, u} {
		_, was[id] = w.disabled(c, id)
	}
	_, was[stranger] = w.disabled(other, stranger)
	if n, err := w.Store.CountHolders(w.Context(), c, factor.TOTP); err != nil || n != 2 {
		w.Fatalf("got %d holders, %v, want 2", n, err)
	}
	w.connects(b, signin.Connect{Kind: factor.Okta, ID: "k0", Settings: secret.New("of another kind")})
	if by, v := w.disabled(c, u); by != "" || v != was[u] {
		w.Fatalf("got %q at version %d: another kind was connected", by, v)
	}
	w.connects(b, connect("k1", "first"))
	for _, id := range []company.UserID{admin, u} { // who acts too
		if by, v := w.disabled(c, id); by != signin.Disconnected || v != was[id]+1 {
			w.Fatalf("got disabled by %q at version %d, want version %d", by, v, was[id]+1)
		}
	}
	if by, v := w.disabled(other, stranger); by != "" || v != was[stranger] {
		w.Fatalf("got %q at version %d in another company", by, v)
	}
	st, err := w.Store.LoadUser(w.Context(), c, bare, signin.Browser{})
	if err != nil || st.User.Version != 1 {
		w.Fatalf("got version %d, %v of somebody without a method", st.User.Version, err)
	}
	if n, err := w.Store.CountHolders(w.Context(), c, factor.TOTP); err != nil || n != 0 {
		w.Fatalf("got %d holders, %v, want none", n, err)
	}
	// It opens nothing, and nothing goes round it.
	in := w.Begin(c, u, signin.Token{})
	_, err = w.Decide(w.Load(in), signin.Skip{})
	w.Want(err, signin.ErrNotOffered)
	_, err = w.Decide(w.Load(in), signin.Enrol{Pending: w.Pending("Another"), Challenge: "c"})
	w.Want(err, signin.ErrNotOffered)
}

func keepsAKind(w *World) {
	c := w.Company(true)
	_, _, b := w.Enrolled(c, company.Administrator)
	w.connects(b, signin.Connect{Kind: factor.TOTP, ID: "k1", Settings: secret.New("first"), Keep: true})
	u, _, _ := w.Enrolled(c, company.Salesperson)
	_, was := w.disabled(c, u)
	w.connects(b, signin.Connect{Kind: factor.TOTP, ID: "k1", Settings: secret.New("second"), Keep: true})
	if by, v := w.disabled(c, u); by != "" || v != was {
		w.Fatalf("got disabled by %q at version %d, want version %d", by, v, was)
	}
}

func disablingMoves(w *World) {
	c := w.Company(true)
	_, _, b := w.Enrolled(c, company.Administrator)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	in := w.Begin(c, u, signin.Token{})
	held := w.Answer(in, 2)
	w.connects(b, connect("k1", "first"))
	w.Want(w.Commit(held), signin.ErrMoved)
	_, err := w.Decide(w.Load(in), signin.Answer{Proof: Proof(held.Before, 2)})
	if err == nil {
		w.Fatal("an answer that was compared before proves with a method that is disabled now")
	}
	_, _, err = w.Spend(in)
	w.Want(err, signin.ErrLocked)
	// And the other way round: what moved first is decided again.
	st := w.companyWide(b)
	d, err := w.Decide(st, connect("k2", "second"))
	w.Must(err)
	w.connects(b, connect("k3", "third"))
	w.Want(w.Commit(d), signin.ErrMoved)
}

func disablesTheStopped(w *World) {
	c := w.Company(true)
	_, _, b := w.Enrolled(c, company.Administrator)
	u, a, _ := w.Enrolled(c, company.Salesperson)
	var spend signin.SpendID
	for i := range signin.MaxRun { // in many sign-ins, each after the wait before
		w.Now = w.Now.Add(2 * time.Hour)
		in := w.Begin(c, u, signin.Token{})
		var err error
		if _, spend, err = w.Spend(in); err != nil {
			w.Fatalf("attempt %d: %v", i+1, err)
		}
	}
	if by, _ := w.disabled(c, u); by != string(spend) {
		w.Fatalf("got disabled by %q, want the last spend %q", by, spend)
	}
	st := w.companyWide(b)
	st.Actor.Session.Proved.At, st.Actor.Session.Seen, st.Actor.Session.Created = w.Now, w.Now, w.Now
	d, err := w.Decide(st, connect("k1", "first"))
	w.Must(err)
	w.Must(w.Commit(d))
	w.Want(w.effects(c, u, signin.Accept{Authenticator: a, Spend: spend}), signin.ErrMoved)
	if by, _ := w.disabled(c, u); by != signin.Disconnected {
		w.Fatalf("got disabled by %q", by)
	}
}

func endsWhatIsPending(w *World) {
	c := w.Company(true)
	_, _, b := w.Enrolled(c, company.Administrator)
	u := w.User(c, company.Salesperson)
	in, choosing := w.Begin(c, u, signin.Token{}), w.Begin(c, u, signin.Token{})
	w.Do(in, signin.Enrol{Pending: w.Pending("Phone"), Challenge: "c1"})
	held := w.Answer(in, 1)
	w.connects(b, connect("k1", "first"))
	w.Want(w.Commit(held), signin.ErrMoved)
	if si := w.Load(in).SignIn; si.Stage != signin.Ended || si.Pending != nil || si.Challenge != (factor.Challenge{}) {
		w.Fatalf("got %+v, want it ended", si)
	}
	if si := w.Load(choosing).SignIn; si.Stage != signin.Choosing {
		w.Fatalf("got stage %s of a sign-in that sets up nothing", si.Stage)
	}
}

func tellsAdministrators(w *World) {
	c, other := w.Company(true), w.Company(true)
	admin, _, b := w.Enrolled(c, company.Administrator)
	w.User(other, company.Administrator)
	second := w.User(c, company.Administrator)
	w.User(c, company.CompanyManager)
	for id, change := range map[string]func(*company.User){
		"gone":      func(u *company.User) { u.Status = company.Deactivated },
		"nowhere":   func(u *company.User) { u.Email = "" },
		"elsewhere": func(u *company.User) { u.Company = other },
	} {
		u := company.User{
			ID: company.UserID(id + secret.NewID()), Company: c, Username: id + secret.NewID(), Email: id + "@example.com",
			Role: company.Administrator, Status: company.Active,
		}
		change(&u)
		w.Must(w.Store.AddUser(w.Context(), u, secret.Text{}))
	}
	w.drain(outbox.Mail)
	w.connects(b, connect("k1", "first"))
	told := map[company.UserID]outbox.Notice{}
	for _, d := range w.claim(outbox.Mail, 20) {
		if d.Company != c {
			w.Fatalf("%s of another company is told", d.User)
		}
		told[d.User] = d.Notice
	}
	want := outbox.Notice{
		Kind: outbox.ConnectionMade, To: "dana@example.com", Method: "totp", Name: "acme.example", Actor: admin, At: w.Now, Address: "192.0.2.1",
	}
	if len(told) != 2 || told[admin] != want || told[second] != want {
		w.Fatalf("got %+v, want %+v for two", told, want)
	}
}

func connectionIsCompanyWide(w *World) {
	c := w.Company(true)
	_, _, b := w.Enrolled(c, company.Administrator)
	u := w.User(c, company.Salesperson)
	for _, e := range []signin.Effect{
		signin.SetConnection{Kind: factor.TOTP, ID: "k1", Settings: secret.New("first")},
		signin.DisableKind{Kind: factor.TOTP},
	} {
		if err := w.effects(c, u, e); err == nil {
			w.Errorf("%T was written with a step of one user", e)
		}
		st := w.companyWide(b)
		if err := w.Commit(Step{Before: st, After: st, Effects: []signin.Effect{e}}); err == nil {
			w.Errorf("%T was written while the company's rules stayed", e)
		}
	}
	d, err := w.Decide(w.companyWide(b), signin.Connect{Kind: factor.TOTP, Settings: secret.New("first")})
	w.Must(err)
	if err := w.Commit(d); err == nil {
		w.Error("a connection without an id was stored")
	}
}

func oneConnects(w *World) {
	c := w.Company(true)
	_, _, b := w.Enrolled(c, company.Administrator)
	for range 3 {
		w.Enrolled(c, company.Salesperson)
	}
	st := w.companyWide(b)
	w.tally(Race(20, func() error {
		d, err := w.Decide(st, connect(secret.NewID(), "settings"))
		if err != nil {
			return err
		}
		return w.Commit(d)
	}), map[string]int{"": 1, signin.ErrMoved.Error(): 19})
}

// disablesUnderWay: every enrolment that began before a connection was replaced either has
// moved or is disabled, in whichever order they are written.
func disablesUnderWay(w *World) {
	c := w.Company(true)
	_, _, b := w.Enrolled(c, company.Administrator)
	var users []company.UserID
	steps := make(chan Step, 10)
	for range cap(steps) {
		u := w.User(c, company.Salesperson)
		in := w.Begin(c, u, signin.Token{})
		w.Do(in, signin.Enrol{Pending: w.Pending("Phone"), Challenge: secret.NewID()})
		users, steps = append(users, u), push(steps, w.Answer(in, 1))
	}
	turns := make(chan int, cap(steps)+1)
	for i := range cap(turns) {
		turns <- i
	}
	Race(cap(turns), func() error {
		if <-turns != 0 {
			return w.Commit(<-steps)
		}
		for {
			st, err := w.companyState(b)
			if err != nil {
				return err
			}
			d, err := w.Decide(st, connect("k1", "first"))
			if err != nil {
				return err
			}
			if err = w.Commit(d); err == nil {
				return nil
			}
		}
	})
	if id, _, _, err := w.Store.Connection(w.Context(), c, factor.TOTP); err != nil || id != "k1" {
		w.Fatalf("got connection %q, %v", id, err)
	}
	for _, u := range users {
		st, err := w.Store.LoadUser(w.Context(), c, u, signin.Browser{})
		w.Must(err)
		for _, a := range st.User.Authenticators {
			if a.DisabledBy != signin.Disconnected {
				w.Errorf("a method that was set up meanwhile works: %+v", a)
			}
		}
	}
}

func push(steps chan Step, s Step) chan Step {
	steps <- s
	return steps
}
