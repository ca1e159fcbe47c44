package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func outboxTests() []test {
	return []test{
		{"what is due is claimed, the oldest first", oldestFirst},
		{"claims at once never share a delivery", claimsNeverShare},
		{"a lease that runs out is another's", leaseRunsOut},
		{"what is put back in line comes again at its time", comesAgain},
		{"what was noted is never claimed again", notedIsDone},
		{"what has expired is claimed to be dropped", expiredIsClaimed},
		{"a state never goes back", neverGoesBack},
		{"a report that was faster is not overwritten", reportWasFaster},
		{"what one carrier took is not another's to report on", reportByAnother},
		{"who asks again goes by another carrier", triedCarriers},
		{"a carrier that speaks in the middle of an attempt gives way", reportMidAttempt},
		{"a carrier that was silent may still ask what to say", silentAsks},
		{"a challenge's status is that of its newest delivery", newestStatus},
		{"a notice goes to the address on record", noticeToAddressOnRecord},
		{"a number is told a few times a day, whatever codes it got", noticeToNumber},
		{"nobody is told where there is no address", noAddressNoNotice},
	}
}

// lease is how long the tests hold a delivery.
const lease = 30 * time.Second

// claim claims what is due now.
func (w *World) claim(ch outbox.Channel, limit int) []outbox.Claim {
	w.Helper()
	claims, err := w.Store.Outbox().Claim(w.Context(), ch, w.Now, w.Now.Add(lease), limit)
	w.Must(err)
	return claims
}

// settle notes what became of a claim.
func (w *World) settle(c outbox.Claim, o outbox.Outcome) {
	w.Helper()
	w.Must(w.Store.Outbox().Settle(w.Context(), c, o))
}

// due reports whether anything could be claimed now.
func (w *World) due(ch outbox.Channel) bool {
	w.Helper()
	due, err := w.Store.Outbox().Due(w.Context(), ch, w.Now)
	w.Must(err)
	return due
}

// drain drops what other tests have left in line: a claim knows no company.
func (w *World) drain(channels ...outbox.Channel) {
	w.Helper()
	later := *w
	later.Now = w.Now.AddDate(9, 0, 0)
	for _, ch := range channels {
		for {
			claims := later.claim(ch, 500)
			if len(claims) == 0 {
				break
			}
			for _, c := range claims {
				w.settle(c, outbox.Outcome{State: outbox.Dropped, At: w.Now})
			}
		}
	}
}

// sent sends a text in a company of its own, in an empty line.
func (w *World) sent() signin.Send {
	w.Helper()
	w.drain(outbox.Text)
	c := w.Company(true)
	return w.send(w.text(c, w.User(c, company.Salesperson), number()))
}

func oldestFirst(w *World) {
	w.drain(outbox.Text, outbox.Call, outbox.Mail)
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	var want []outbox.Delivery
	for i := range 4 {
		e := w.text(c, u, number())
		e.Delivery.Created = w.Now.Add(-time.Duration(i) * time.Minute)
		want = append([]outbox.Delivery{w.send(e).Delivery}, want...)
	}
	call := w.text(c, u, number())
	call.Delivery.Channel, call.Delivery.Generation = outbox.Call, 2
	w.send(call)
	var got []outbox.Delivery
	for _, limit := range []int{3, 3, 3} {
		due := w.due(outbox.Text)
		claims := w.claim(outbox.Text, limit)
		if due != (len(claims) > 0) {
			w.Fatalf("got due %t and %d claims", due, len(claims))
		}
		for _, claim := range claims {
			got = append(got, claim.Delivery)
		}
	}
	for i := range want {
		want[i].Tries = 1
	}
	if !reflect.DeepEqual(got, want) {
		w.Fatalf("got  %+v\nwant %+v", got, want)
	}
	call.Delivery.Tries = 1
	if calls := w.claim(outbox.Call, 9); len(calls) != 1 || !reflect.DeepEqual(calls[0].Delivery, call.Delivery) {
		w.Fatalf("got calls %+v, want %+v", calls, call.Delivery)
	}
	if w.due(outbox.Mail) {
		w.Fatal("a mail is due, and none was written")
	}
}

func claimsNeverShare(w *World) {
	w.drain(outbox.Text)
	c := w.Company(true)
	const all = 60
	for range all / signin.SendsPerBurst {
		u := w.User(c, company.Salesperson)
		for range signin.SendsPerBurst {
			w.send(w.text(c, u, number()))
		}
	}
	var mu sync.Mutex
	claimed := map[string]int{}
	ctx, box := context.WithoutCancel(w.Context()), w.Store.Outbox()
	tally := Race(20, func() error {
		for {
			if due, err := box.Due(ctx, outbox.Text, w.Now); err != nil || !due {
				return err
			}
			claims, err := box.Claim(ctx, outbox.Text, w.Now, w.Now.Add(lease), 3)
			if err != nil {
				return err
			}
			mu.Lock()
			for _, c := range claims {
				claimed[c.ID] += c.Tries
			}
			mu.Unlock()
		}
	})
	w.tally(tally, map[string]int{"": 20})
	for id, n := range claimed {
		if n != 1 {
			w.Errorf("%s was claimed %d times", id, n)
		}
	}
	if len(claimed) != all {
		w.Fatalf("got %d claimed, want %d", len(claimed), all)
	}
}

func leaseRunsOut(w *World) {
	w.sent()
	first := w.claim(outbox.Text, 9)
	w.Now = w.Now.Add(lease - time.Millisecond)
	if w.due(outbox.Text) || len(w.claim(outbox.Text, 9)) > 0 {
		w.Fatal("it was claimed while another held it")
	}
	w.Now = w.Now.Add(time.Millisecond)
	if !w.due(outbox.Text) {
		w.Fatal("it is not due, and nobody holds it")
	}
	second := w.claim(outbox.Text, 9)
	if len(first) != 1 || len(second) != 1 || second[0].ID != first[0].ID || second[0].Tries != 2 || second[0].Lease == first[0].Lease {
		w.Fatalf("got %+v, then %+v", first, second)
	}
	handed := outbox.Outcome{State: outbox.Handed, At: w.Now}
	w.Want(w.Store.Outbox().Settle(w.Context(), first[0], handed), outbox.ErrLost)
	w.settle(second[0], handed)
	w.Want(w.Store.Outbox().Settle(w.Context(), second[0], handed), outbox.ErrLost)
}

func comesAgain(w *World) {
	e := w.sent()
	at := w.Now
	held := w.claim(outbox.Text, 9)[0]
	w.Now = w.Now.Add(time.Second)
	again := w.Now.Add(4 * time.Second)
	if err := w.Store.Outbox().Settle(w.Context(), held, outbox.Outcome{State: outbox.Queued, At: w.Now}); err == nil {
		w.Fatal("it was put back in line without a time")
	}
	w.settle(held, outbox.Outcome{State: outbox.Queued, Reason: outbox.Outage, At: w.Now, Again: again})
	w.Want(w.Store.Outbox().Settle(w.Context(), held, outbox.Outcome{State: outbox.Handed, At: w.Now}), outbox.ErrLost)
	if st, err := w.status(e); err != nil || st != (outbox.Status{ID: e.Delivery.ID, Channel: outbox.Text, State: outbox.Queued, At: at}) {
		w.Fatalf("got %+v, %v, want it queued as before", st, err)
	}
	w.Now = again.Add(-time.Millisecond)
	if w.due(outbox.Text) || len(w.claim(outbox.Text, 9)) > 0 {
		w.Fatal("it came before its time")
	}
	w.Now = again
	if claims := w.claim(outbox.Text, 9); len(claims) != 1 || claims[0].Tries != 2 {
		w.Fatalf("got %+v", claims)
	}
}

func notedIsDone(w *World) {
	for _, o := range []outbox.Outcome{
		{State: outbox.Handed}, {State: outbox.Delivered}, {State: outbox.Dropped},
		{State: outbox.Failed, Reason: outbox.Refused}, {State: outbox.Failed, Reason: outbox.Silent},
	} {
		e := w.sent()
		w.Now = w.Now.Add(time.Second)
		o.At = w.Now
		w.settle(w.claim(outbox.Text, 9)[0], o)
		want := outbox.Status{ID: e.Delivery.ID, Channel: outbox.Text, State: o.State, Reason: o.Reason, At: o.At}
		if got, err := w.status(e); err != nil || got != want {
			w.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
		w.Now = w.Now.Add(time.Hour)
		if w.due(outbox.Text) || len(w.claim(outbox.Text, 9)) > 0 {
			w.Fatalf("%s: it was claimed again", o.State)
		}
	}
	held := w.sent()
	if err := w.Store.Outbox().Settle(w.Context(), w.claim(outbox.Text, 9)[0], outbox.Outcome{State: "sent"}); err == nil {
		w.Fatalf("delivery %s has a state that there is not", held.Delivery.ID)
	}
}

func expiredIsClaimed(w *World) {
	e := w.sent()
	w.Now = w.Now.Add(time.Hour)
	claims := w.claim(outbox.Text, 9)
	if len(claims) != 1 || w.Now.Before(claims[0].Expires) || !claims[0].Expires.Equal(e.Delivery.Expires) {
		w.Fatalf("got %+v, want the one that has expired", claims)
	}
}

func neverGoesBack(w *World) {
	// What is reported in each state, and what it is then.
	states := []outbox.Status{
		{State: outbox.Queued}, {State: outbox.Handed}, {State: outbox.Delivered}, {State: outbox.Dropped},
		{State: outbox.Failed, Reason: outbox.Busy}, {State: outbox.Failed, Reason: outbox.Silent},
	}
	moves := func(from, to outbox.Status) bool {
		switch from.State {
		case outbox.Queued:
			return to.State != outbox.Queued
		case outbox.Handed:
			return to.State == outbox.Delivered || to.State == outbox.Failed
		}
		return from.Reason == outbox.Silent && to.State == outbox.Delivered
	}
	box := w.Store.Outbox()
	for _, from := range states {
		for _, to := range states {
			e := w.sent()
			if from.State != outbox.Queued {
				w.settle(w.claim(outbox.Text, 9)[0], outbox.Outcome{State: from.State, Reason: from.Reason, At: w.Now})
			}
			from.ID, from.Channel, from.At = e.Delivery.ID, outbox.Text, w.Now
			w.Now = w.Now.Add(time.Second)
			to.ID, to.Channel, to.At = from.ID, from.Channel, w.Now
			err := box.Report(w.Context(), from.ID, to)
			want := from
			if to.State == outbox.Dropped {
				if err == nil {
					w.Errorf("%s: a carrier dropped it", from.State)
				}
			} else if w.Must(err); moves(from, to) {
				want = to
			}
			if got, err := w.status(e); err != nil || got != want {
				w.Errorf("%s %s, then %s %s: got %+v, %v, want %+v", from.State, from.Reason, to.State, to.Reason, got, err, want)
			}
		}
	}
	for _, s := range []outbox.State{outbox.Queued, outbox.Handed, outbox.Delivered} {
		w.Want(box.Report(w.Context(), "unknown", outbox.Status{State: s, At: w.Now}), outbox.ErrNotFound)
	}
}

// What one carrier has taken is not another's to report on, whoever signs its reports; and a carrier
// speaks of the message that it named when it took it.
func reportByAnother(w *World) {
	box := w.Store.Outbox()
	e := w.sent()
	id := e.Delivery.ID
	w.settle(w.claim(outbox.Text, 9)[0], outbox.Outcome{State: outbox.Handed, At: w.Now, Carrier: "main", Reference: "SM1"})
	want := outbox.Status{ID: id, Channel: outbox.Text, State: outbox.Handed, At: w.Now, Carrier: "main", Reference: "SM1"}
	w.Now = w.Now.Add(time.Second)
	for _, by := range []outbox.Status{{Carrier: "spare", Reference: "SM1"}, {Carrier: "main", Reference: "SM2"}, {}} {
		by.State, by.At = outbox.Delivered, w.Now
		w.Want(box.Report(w.Context(), id, by), outbox.ErrNotFound)
	}
	_, err := box.Find(w.Context(), id, "spare")
	w.Want(err, outbox.ErrNotFound)
	if got, err := w.status(e); err != nil || got != want {
		w.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
	want.State, want.At = outbox.Delivered, w.Now
	w.Must(box.Report(w.Context(), id, want))
	if got, err := w.status(e); err != nil || got != want {
		w.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
	if d, err := box.Find(w.Context(), id, "main"); err != nil || d.ID != id || d.SignIn != e.Delivery.SignIn {
		w.Fatalf("got %+v, %v", d, err)
	}
	// A report that is faster than the note of who took it says it instead.
	e = w.sent()
	w.claim(outbox.Text, 9)
	want = outbox.Status{ID: e.Delivery.ID, Channel: outbox.Text, State: outbox.Handed, At: w.Now, Carrier: "main", Reference: "SM3"}
	w.Must(box.Report(w.Context(), e.Delivery.ID, want))
	if got, err := w.status(e); err != nil || got != want {
		w.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
}

// A carrier that was too slow to take a message may report on it before the attempt is over. The
// message is the one's that it was handed to in the end, unless it has arrived already.
func reportMidAttempt(w *World) {
	box := w.Store.Outbox()
	for _, early := range []outbox.Status{
		{State: outbox.Handed}, {State: outbox.Failed, Reason: outbox.Unreachable}, {State: outbox.Delivered},
	} {
		e := w.sent()
		id := e.Delivery.ID
		held := w.claim(outbox.Text, 9)[0]
		early.Carrier, early.Reference, early.At = "slow", "S1", w.Now
		w.Must(box.Report(w.Context(), id, early))
		handed := outbox.Outcome{State: outbox.Handed, At: w.Now, Carrier: "quick", Reference: "Q1"}
		if early.State == outbox.Delivered {
			w.Want(box.Settle(w.Context(), held, handed), outbox.ErrLost)
			continue
		}
		w.settle(held, handed)
		w.Want(box.Report(w.Context(), id, outbox.Status{State: outbox.Failed, Reason: outbox.Undelivered, At: w.Now, Carrier: "slow", Reference: "S1"}), outbox.ErrNotFound)
		want := outbox.Status{ID: id, Channel: outbox.Text, State: outbox.Delivered, At: w.Now, Carrier: "quick", Reference: "Q1"}
		w.Must(box.Report(w.Context(), id, want))
		if got, err := w.status(e); err != nil || got != want {
			w.Errorf("after %s: got %+v, %v, want %+v", early.State, got, err, want)
		}
	}
	// An attempt that came to nothing does not undo what a carrier of it says.
	e := w.sent()
	held := w.claim(outbox.Text, 9)[0]
	w.Must(box.Report(w.Context(), e.Delivery.ID, outbox.Status{State: outbox.Handed, At: w.Now, Carrier: "slow", Reference: "S1"}))
	w.Want(box.Settle(w.Context(), held, outbox.Outcome{State: outbox.Failed, Reason: outbox.Silent, At: w.Now}), outbox.ErrLost)
}

// A call whose carrier answered too late rings all the same: whoever presses the key hears the code.
func silentAsks(w *World) {
	box := w.Store.Outbox()
	e := w.sent()
	w.settle(w.claim(outbox.Text, 9)[0], outbox.Outcome{State: outbox.Failed, Reason: outbox.Silent, At: w.Now})
	if d, err := box.Find(w.Context(), e.Delivery.ID, "main"); err != nil || d.ID != e.Delivery.ID {
		w.Fatalf("got %+v, %v", d, err)
	}
	w.Must(box.Report(w.Context(), e.Delivery.ID, outbox.Status{State: outbox.Delivered, At: w.Now, Carrier: "main", Reference: "CA1"}))
	e = w.sent()
	w.settle(w.claim(outbox.Text, 9)[0], outbox.Outcome{State: outbox.Failed, Reason: outbox.WrongNumber, At: w.Now})
	_, err := box.Find(w.Context(), e.Delivery.ID, "main")
	w.Want(err, outbox.ErrNotFound)
}

// A message that is asked for again knows whose did not arrive.
func triedCarriers(w *World) {
	e := w.sent()
	again := func() outbox.Claim {
		e.Delivery.ID, e.Delivery.Created = secret.NewID(), w.Now.Add(signin.ResendWait)
		w.Now = e.Delivery.Created
		w.send(e)
		claims := w.claim(outbox.Text, 9)
		if len(claims) != 1 {
			w.Fatalf("claimed %+v", claims)
		}
		return claims[0]
	}
	first := w.claim(outbox.Text, 9)[0]
	if first.Tried != nil {
		w.Fatalf("the first knows of %q", first.Tried)
	}
	w.settle(first, outbox.Outcome{State: outbox.Handed, At: w.Now, Carrier: "main", Reference: "SM1"})
	second := again()
	if !slices.Equal(second.Tried, []string{"main"}) {
		w.Fatalf("the second knows of %q", second.Tried)
	}
	w.settle(second, outbox.Outcome{State: outbox.Failed, Reason: outbox.Unreachable, At: w.Now, Carrier: "spare"})
	w.Must(w.Store.Outbox().Report(w.Context(), first.ID, outbox.Status{State: outbox.Delivered, At: w.Now, Carrier: "main", Reference: "SM1"}))
	if third := again(); !slices.Equal(third.Tried, []string{"spare"}) {
		w.Fatalf("the third knows of %q", third.Tried)
	}
}

func reportWasFaster(w *World) {
	e := w.sent()
	held := w.claim(outbox.Text, 9)[0]
	arrived := outbox.Status{ID: e.Delivery.ID, Channel: outbox.Text, State: outbox.Delivered, At: w.Now}
	w.Must(w.Store.Outbox().Report(w.Context(), e.Delivery.ID, arrived))
	w.Now = w.Now.Add(time.Second)
	for _, o := range []outbox.Outcome{
		{State: outbox.Handed, At: w.Now}, {State: outbox.Queued, At: w.Now, Again: w.Now}, {State: outbox.Failed, Reason: outbox.Silent, At: w.Now},
	} {
		w.Want(w.Store.Outbox().Settle(w.Context(), held, o), outbox.ErrLost)
	}
	if got, err := w.status(e); err != nil || got != arrived {
		w.Fatalf("got %+v, %v, want %+v", got, err, arrived)
	}
	w.Now = w.Now.Add(lease)
	if w.due(outbox.Text) {
		w.Fatal("what has arrived is sent again")
	}
}

func newestStatus(w *World) {
	e := w.sent()
	w.settle(w.claim(outbox.Text, 9)[0], outbox.Outcome{State: outbox.Handed, At: w.Now})
	w.Now = w.Now.Add(signin.ResendWait)
	call := e
	call.Delivery.ID, call.Delivery.Channel, call.Delivery.Created = secret.NewID(), outbox.Call, w.Now
	w.send(call)
	want := outbox.Status{ID: call.Delivery.ID, Channel: outbox.Call, State: outbox.Queued, At: w.Now}
	w.Now = w.Now.Add(time.Second)
	w.Must(w.Store.Outbox().Report(w.Context(), e.Delivery.ID, outbox.Status{State: outbox.Delivered, At: w.Now}))
	if got, err := w.status(e); err != nil || got != want {
		w.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
	d := e.Delivery
	for _, other := range []outbox.Delivery{
		{Company: w.Company(true), SignIn: d.SignIn, Challenge: d.Challenge},
		{Company: d.Company, SignIn: "another", Challenge: d.Challenge},
		{Company: d.Company, SignIn: d.SignIn, Challenge: "another"},
	} {
		if _, err := w.status(signin.Send{Delivery: other}); !errors.Is(err, outbox.ErrNotFound) {
			w.Errorf("%+v: got %v, want ErrNotFound", other, err)
		}
	}
}

func noticeToAddressOnRecord(w *World) {
	w.drain(outbox.Mail)
	c := w.Company(true)
	u, admin := w.User(c, company.Salesperson), w.User(c, company.Administrator)
	n := outbox.Notice{
		Kind: outbox.TwoFactorReset, To: "thief@example.net", Method: "sms", Name: "Work “phone”", Actor: admin, At: w.Now,
		Address: "2001:db8::7",
	}
	e := signin.Notify{ID: secret.NewID(), Notice: n}
	w.Must(w.effects(c, u, e))
	n.To = "dana@example.com"
	want := outbox.Delivery{
		ID: e.ID, Company: c, User: u, Channel: outbox.Mail, Notice: n, Created: w.Now, Expires: w.Now.Add(24 * time.Hour), Tries: 1,
	}
	if got := w.claim(outbox.Mail, 9); len(got) != 1 || !reflect.DeepEqual(got[0].Delivery, want) {
		w.Fatalf("got %+v, want %+v", got, want)
	}
	// It takes nothing from what may be texted.
	for range signin.SendsPerBurst {
		w.Must(w.effects(c, u, signin.Notify{ID: secret.NewID(), Notice: n}))
	}
	w.send(w.text(c, u, number()))
}

func noAddressNoNotice(w *World) {
	w.drain(outbox.Mail)
	c := w.Company(true)
	u := company.User{ID: company.UserID(secret.NewID()), Company: c, Username: "u" + secret.NewID(), Role: company.Salesperson, Status: company.Active}
	w.Must(w.Store.AddUser(w.Context(), u, secret.Text{}))
	w.Must(w.effects(c, u.ID, signin.Notify{ID: secret.NewID(), Notice: outbox.Notice{Kind: outbox.MethodAdded, At: w.Now}}))
	if w.due(outbox.Mail) {
		w.Fatal("a mail without an address is due")
	}
}

// notices claims what is due by text, and returns to whom each went.
func (w *World) notices(c company.ID) []string {
	w.Helper()
	var to []string
	for _, claim := range w.claim(outbox.Text, 1000) {
		if d := claim.Delivery; d.Company == c && d.IsNotice() {
			to = append(to, d.Notice.To)
		}
		w.settle(claim, outbox.Outcome{State: outbox.Handed, At: w.Now})
	}
	return to
}

func noticeToNumber(w *World) {
	w.drain(outbox.Text)
	c := w.Company(true)
	u, colleague := w.User(c, company.Salesperson), w.User(c, company.Salesperson)
	tell := func(u company.UserID, to string) signin.Notify {
		return signin.Notify{ID: secret.NewID(), By: outbox.Text, To: secret.New(to), Notice: outbox.Notice{
			Kind: outbox.MethodRemoved, Method: "sms", Actor: u, At: w.Now,
		}}
	}
	start, old := w.Now, number()
	// Codes and notices take nothing from each other.
	for range signin.SendsPerBurst {
		w.send(w.text(c, u, old))
	}
	for range signin.NoticesPerNumber + 2 {
		w.Must(w.effects(c, u, tell(u, old), tell(u, number())))
		w.Now = w.Now.Add(time.Minute)
	}
	w.Now = start.Add(signin.SendBurst)
	w.send(w.text(c, u, old))
	got := w.notices(c)
	if n := count(got, old); n != signin.NoticesPerNumber || len(got) != 2*signin.NoticesPerNumber+2 {
		w.Fatalf("the number was told %d times, all %d", n, len(got))
	}
	// One step is counted as it is written; and each user by themselves.
	var many []signin.Effect
	for range signin.NoticesPerUser {
		many = append(many, tell(u, number()))
	}
	w.Must(w.effects(c, u, many...))
	w.Must(w.effects(c, colleague, tell(colleague, old)))
	if got := w.notices(c); len(got) != 3 || count(got, old) != 1 {
		w.Fatalf("told %d, want two more of the user and one of the colleague", len(got))
	}
	w.Now = start.Add(signin.NoticeDay)
	w.Must(w.effects(c, u, tell(u, old)))
	if got := w.notices(c); len(got) != 1 {
		w.Fatalf("told %d a day later, want one", len(got))
	}
	// A step that was not filled in tells nobody.
	bad := tell(u, "")
	if err := w.effects(c, u, bad); err == nil {
		w.Fatal("a notice went to no number")
	}
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}
