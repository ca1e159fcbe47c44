package web_test

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/help"
	"sallyport.dev/sallyport/internal/help/search"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/web/account"
	"sallyport.dev/sallyport/internal/web/console"
	"sallyport.dev/sallyport/internal/web/frame"
	helppages "sallyport.dev/sallyport/internal/web/help"
	"sallyport.dev/sallyport/internal/web/signin"
	"sallyport.dev/sallyport/internal/words"
)

// Every page and variant, with sample data.

var (
	portland = must(time.LoadLocation("America/Los_Angeles"))
	now      = time.Date(2026, 11, 24, 22, 2, 13, 0, time.UTC) // 14:02:13 in Portland
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// sample is one page to be looked at.
type sample struct {
	name string
	page frame.Page
	// filled says that the page has no filled button: its ways are all alike.
	noFilled bool
	long     bool // a reference page, as long as it is
}

func between() signin.Between {
	return signin.Between{
		ID: "s7f3k2", Nonce: "bm9uY2U", Company: "Juniper & Finch Outfitters", Username: "dana.reyes",
		Reference: "K7QM-4XDT", Expires: now.Add(5 * time.Minute), Zone: portland,
	}
}

func with(b signin.Between, change func(*signin.Between)) signin.Between {
	change(&b)
	return b
}

var kinds = []factor.Kind{factor.TOTP, factor.SMS, factor.Voice, factor.Okta}

func totpOnly(k factor.Kind) bool { return k == factor.TOTP }
func notOkta(k factor.Kind) bool  { return k != factor.Okta }
func nothing(factor.Kind) bool    { return false }

var helpers = signin.Helpers{Administrators: []string{"Ada Okafor", "Ruth Abernathy"}}

func signInSamples(say words.Printer) []sample {
	wait := now.Add(48 * time.Second)
	juniper := "Juniper & Finch Outfitters"
	return []sample{
		{name: "sign-in", page: signin.SignIn{}.Page(say)},
		{name: "sign-in-company", page: signin.SignIn{Company: juniper, Username: "dana.reyes", ReturnTo: "/settings"}.Page(say)},
		{name: "sign-in-mismatch", page: signin.SignIn{Company: juniper, Username: "dana.reyes", Refused: signin.Mismatch}.Page(say)},
		{name: "sign-in-no-username", page: signin.SignIn{Refused: signin.Incomplete}.Page(say)},
		{name: "sign-in-no-password", page: signin.SignIn{Username: `"><script>alert(1)</script>`, Refused: signin.Incomplete}.Page(say)},
		{name: "sign-in-waiting", page: signin.SignIn{Company: juniper, Username: "dana.reyes", Refused: signin.Waiting, Until: wait}.Page(say)},
		{name: "sign-in-shut", page: signin.SignIn{Username: "dana.reyes", Refused: signin.Shut}.Page(say)},
		{name: "sign-in-unlocked", page: signin.SignIn{Refused: signin.Unlocked}.Page(say)},
		{name: "unlock", page: signin.Unlock{}.Page(say)},
		{name: "ended-no-link", page: signin.Ended{Why: signin.NoLink, Again: "/sign-in"}.Page(say)},
		{name: "sign-in-busy", page: signin.SignIn{Username: "dana.reyes", Refused: signin.Busy}.Page(say)},
		{name: "sign-in-signed-out", page: signin.SignIn{Refused: signin.SignedOut}.Page(say)},
		{name: "sign-in-again", page: signin.SignIn{Refused: signin.Again, ReturnTo: "/settings"}.Page(say)},
		{name: "ended-expired", page: signin.Ended{Company: juniper, Why: signin.Expired, Again: "/sign-in", Reference: "K7QM-4XDT", ID: "s7f3k2"}.Page(say)},
		{name: "ended-over", page: signin.Ended{Why: signin.Over, Again: "/sign-in"}.Page(say)},
		{name: "contacts", noFilled: true, page: signin.Contacts{Again: "/sign-in"}.Page(say)},
		{name: "contacts-begun", noFilled: true, page: signin.Contacts{Again: "/sign-in", Begun: "/sign-in/s7f3k2/help"}.Page(say)},
		{name: "contacts-over", noFilled: true, page: signin.Contacts{Between: signin.Between{ID: "s7f3k2", Reference: "K7QM-4XDT"}, Over: true, Again: "/sign-in"}.Page(say)},
		{name: "ended-unknown", page: signin.Ended{Why: signin.Unknown, Again: "/sign-in"}.Page(say)},
	}
}

func setUpSamples(say words.Printer) []sample {
	b := between()
	inSession := with(b, func(b *signin.Between) { b.Purpose = signin.ToEnrol })
	harbor := with(b, func(b *signin.Between) { b.Company, b.Username = "Harbor Lane Realty", "harbor.administrator" })
	ready := []signin.Ready{{Kind: factor.TOTP, Name: "Dana’s iPhone", Added: now}}
	return []sample{
		{name: "choose", page: signin.Choose{Between: b, Required: true, Methods: signin.Offers(kinds, notOkta, true)}.Page(say)},
		{name: "choose-app-only", page: signin.Choose{Between: b, Required: true, Methods: signin.Offers(kinds, totpOnly, true)}.Page(say)},
		{name: "choose-offered", page: signin.Choose{Between: harbor, Methods: signin.Offers(kinds, notOkta, true)}.Page(say)},
		{name: "choose-reset", page: signin.Choose{Between: b, Required: true, Reset: true, Methods: signin.Offers(kinds, totpOnly, true)}.Page(say)},
		{name: "choose-add", page: signin.Choose{Between: inSession, Methods: signin.Offers(kinds, totpOnly, true)}.Page(say)},
		{name: "choose-nothing", noFilled: true, page: signin.Choose{Between: b, Required: true, Methods: signin.Offers(kinds, nothing, true), Helpers: helpers}.Page(say)},
		{name: "get-app", page: signin.GetApp{Between: b}.Page(say)},
		{name: "scan", page: signin.Scan{
			Between: b, QR: sampleQR(), Link: "otpauth://totp/Juniper%20%26%20Finch:dana.reyes?secret=KZQX7M2TPLRW4HDN6YBGEJ3SUAVC5FIO&issuer=Juniper%20%26%20Finch",
			Groups: strings.Fields("KZQX 7M2T PLRW 4HDN 6YBG EJ3S UAVC 5FIO"),
		}.Page(say)},
		{name: "new-code", page: signin.NewCode{Between: b}.Page(say)},
		{name: "new-code-wrong", page: signin.NewCode{Between: b, Typed: "418 207", Refused: &signin.Refused{Why: signin.Wrong, Left: 4}}.Page(say)},
		{name: "new-code-fast", page: signin.NewCode{Between: b, Typed: "418 207", Refused: &signin.Refused{Why: signin.Wrong, Left: 3, Drift: 4 * time.Minute}}.Page(say)},
		{name: "new-code-used", page: signin.NewCode{Between: b, Typed: "418 207", Refused: &signin.Refused{Why: signin.Used, Next: now.Add(17 * time.Second)}}.Page(say)},
		{name: "finish", page: signin.Finish{Between: b, Ready: ready, More: signin.Offers(kinds[1:], notOkta, false)}.Page(say)},
		{name: "finish-phone", page: signin.Finish{Between: b, Ready: []signin.Ready{{Kind: factor.SMS, Name: "SMS Authentication", Hint: hint, Added: now}}, More: signin.Offers([]factor.Kind{factor.TOTP, factor.Voice, factor.Okta}, notOkta, false)}.Page(say)},
		{name: "finish-app-only", page: signin.Finish{Between: b, Ready: ready, More: signin.Offers(kinds[1:], nothing, false)}.Page(say)},
	}
}

func answerSamples(say words.Printer) []sample {
	b := between()
	code := signin.Code{Between: b, Kind: factor.TOTP, Device: "Dana’s iPhone", Another: true}
	refused := func(r signin.Refused) frame.Page {
		c := code
		c.Refused, c.Typed = &r, "418 207"
		return c.Page(say)
	}
	toRemove := with(b, func(b *signin.Between) { b.Purpose = signin.ToRemove })
	toEnrol := with(b, func(b *signin.Between) { b.Purpose = signin.ToEnrol })
	toStepUp := with(b, func(b *signin.Between) { b.Purpose = signin.ToStepUp })
	iphone := signin.Enrolled{ID: "a1", Kind: factor.TOTP, Name: "Dana’s iPhone"}
	work := signin.Enrolled{ID: "a2", Kind: factor.SMS, Name: "Work phone", Hint: hint}
	plain := signin.Enrolled{ID: "a3", Kind: factor.Voice, Name: "Voice Call Authentication", Hint: "+1 ••• ••• 0100, ext. 42"}
	app := signin.Enrolled{ID: "a5", Kind: factor.TOTP, Name: "Google Authenticator"}
	odd := signin.Enrolled{ID: "a4", Kind: "retina", Name: "Left eye"}
	wait := signin.Wait{Between: b, Until: now.Add(48 * time.Second), Held: true, Again: "/sign-in", Helpers: helpers}
	over := wait
	over.Until, over.Held = now, false
	return []sample{
		{name: "code", page: code.Page(say)},
		{name: "code-unnamed", page: signin.Code{Between: b, Kind: factor.TOTP}.Page(say)},
		{name: "code-to-remove", page: signin.Code{Between: toRemove, Kind: factor.TOTP, Device: "Dana’s iPhone"}.Page(say)},
		{name: "code-to-enrol", page: signin.Code{Between: toEnrol, Kind: factor.TOTP, Device: "Dana’s iPhone"}.Page(say)},
		{name: "code-to-step-up", page: signin.Code{Between: toStepUp, Kind: factor.TOTP, Device: "Dana’s iPhone"}.Page(say)},
		{name: "code-wrong", page: refused(signin.Refused{Why: signin.Wrong, Left: 3})},
		{name: "code-wrong-last", page: refused(signin.Refused{Why: signin.Wrong, Left: 1})},
		{name: "code-slow", page: refused(signin.Refused{Why: signin.Wrong, Left: 3, Drift: -95 * time.Second})},
		{name: "code-uncounted", page: refused(signin.Refused{Why: signin.Wrong, Left: -1})},
		{name: "code-used", page: refused(signin.Refused{Why: signin.Used, Next: now.Add(17 * time.Second)})},
		{name: "code-malformed", page: refused(signin.Refused{Why: signin.Malformed})},
		{name: "code-outage", page: refused(signin.Refused{Why: signin.Outage})},
		{name: "methods", noFilled: true, page: signin.Methods{Between: b, Active: []signin.Enrolled{iphone, work}, Helpers: helpers}.Page(say)},
		{name: "methods-stopped", noFilled: true, page: signin.Methods{Between: b, Active: []signin.Enrolled{iphone}, Stopped: []signin.Enrolled{work, odd}, Helpers: signin.Helpers{Administrators: []string{"Ada Okafor"}}}.Page(say)},
		{name: "methods-all", noFilled: true, page: signin.Methods{Between: b, Active: []signin.Enrolled{app, work, plain}, Helpers: helpers}.Page(say)},
		{name: "methods-held", noFilled: true, page: signin.Methods{Between: b, Active: []signin.Enrolled{app, work}, Held: &signin.Held{Why: signin.TooMany, Until: now.Add(9 * time.Minute)}, Helpers: helpers}.Page(say)},
		{name: "wait", page: wait.Page(say)},
		{name: "wait-over", page: over.Page(say)},
		{name: "contacts-between", noFilled: true, page: signin.Contacts{Between: b, Doors: frame.OnHold, Helpers: helpers}.Page(say)},
		{name: "contacts-alone", noFilled: true, page: signin.Contacts{Between: b}.Page(say)},
		{name: "stuck", page: signin.Stuck{Between: b, Stopped: []signin.Enrolled{iphone}, Helpers: helpers}.Page(say)},
		{name: "stuck-alone", page: signin.Stuck{Between: b, Stopped: []signin.Enrolled{iphone, work}}.Page(say)},
	}
}

// hint is a number as the pages show it.
const hint = "+1 ••• ••• 0142"

func numberSamples(say words.Printer) []sample {
	v := signin.Number{Between: between(), Kind: factor.SMS, Own: hint, Country: "US", Countries: []signin.CountryOption{
		{Region: "CA", Name: "Canada", Code: 1}, {Region: "DE", Name: "Germany", Code: 49},
		{Region: "GS", Name: "South Georgia & South Sandwich Islands", Code: 500}, {Region: "US", Name: "United States", Code: 1},
	}}
	changed := func(change func(*signin.Number)) frame.Page {
		v := v
		change(&v)
		return v.Page(say)
	}
	refused := func(why factor.NumberFault, typed string) frame.Page {
		return changed(func(v *signin.Number) { v.Typed, v.Refused = typed, &signin.NumberRefused{Why: why} })
	}
	samples := []sample{
		{name: "number", page: v.Page(say)},
		{name: "number-call", page: changed(func(v *signin.Number) { v.Kind, v.Own, v.Pending = factor.Voice, "", true })},
		{name: "number-own", page: changed(func(v *signin.Number) { v.Refused = &signin.NumberRefused{Why: factor.NumberNoTexts, Own: true} })},
		{name: "number-extension", page: changed(func(v *signin.Number) {
			v.Kind, v.Typed, v.Extension, v.Refused = factor.Voice, "(503) 555-0100", "12345678901", &signin.NumberRefused{Why: factor.NumberExtension}
		})},
		{name: "number-markup", page: refused(factor.NumberCharacters, `"><script>alert(1)</script>`)},
		{name: "number-held", page: changed(func(v *signin.Number) {
			v.Typed, v.Held = "(503) 555-0142", &signin.Held{Why: signin.TooMany, Until: now.Add(9 * time.Minute)}
		})},
		{name: "number-many", page: changed(func(v *signin.Number) {
			v.Typed, v.Held = "(503) 555-0142", &signin.Held{Why: signin.NewNumbers, Until: now.Add(20 * time.Hour)}
		})},
		{name: "number-halted", page: changed(func(v *signin.Number) {
			v.Typed, v.Held = "(503) 555-0142", &signin.Held{Why: signin.Halted, Until: now.Add(20 * time.Hour)}
		})},
		{name: "number-foreign", page: refused(factor.NumberForeign, "+371 20 123 456")},
	}
	for _, why := range []factor.NumberFault{
		factor.NumberMissing, factor.NumberCountry, factor.NumberImpossible, factor.NumberCostly, factor.NumberNoTexts, factor.NumberExtension, "unheard-of",
	} {
		samples = append(samples, sample{name: "number-fault-" + string(why), page: refused(why, "(503) 555-0142")})
	}
	return samples
}

func pushSamples(say words.Printer) []sample {
	b := between()
	push := signin.Push{
		Between: b, Device: "Dana’s iPhone", Stage: signin.OnPhone, Number: 72, At: now, After: now.Add(24 * time.Second), Seen: "1-on-phone-72", Another: true,
	}
	register := signin.Register{Between: b, Stage: signin.OnPhone, Until: now.Add(10 * time.Minute), Text: hint, Seen: "1-on-phone"}
	samples := []sample{
		{name: "get-okta", page: signin.GetOkta{Between: b}.Page(say)},
		{name: "register", page: register.Page(say)},
		{name: "push-app-code", page: signin.Code{Between: b, Kind: factor.Okta, Device: push.Device, Another: true, Instead: true}.Page(say)},
		{name: "push-unsent", page: signin.Code{Between: b, Kind: factor.Okta, Device: push.Device, Another: true, Unpushed: true}.Page(say)},
		{name: "choose-failed", page: signin.Choose{
			Between: b, Required: true, Methods: signin.Offers(kinds, everything, true), Failed: &signin.Failed{Method: "Okta Verify", Key: "failed.outage"},
		}.Page(say)},
		{name: "ended-stopped", page: signin.Ended{Why: signin.Stopped, Again: "/sign-in", Reference: "K7QM-4XDT"}.Page(say)},
	}
	for _, stage := range []signin.PushStage{signin.Answered, signin.TimedOut} {
		v := register
		v.Stage, v.Name = stage, "Dana’s iPhone"
		samples = append(samples, sample{name: "register-" + string(stage), page: v.Page(say)})
	}
	for _, stage := range []signin.PushStage{
		signin.Asking, signin.Stalled, signin.OnPhone, signin.Answered, signin.Refusing, signin.TimedOut, signin.NotBrought,
	} {
		v := push
		v.Stage = stage
		samples = append(samples, sample{name: "push-" + string(stage), noFilled: v.Waits() && !v.Trouble(), page: v.Page(say)})
	}
	plain := push
	plain.Number = -1
	held := push
	held.Held = &signin.Held{Why: signin.TooManyAsked, Until: now.Add(9 * time.Minute)}
	return append(samples, sample{name: "push-without-number", noFilled: true, page: plain.Page(say)}, sample{name: "push-held", noFilled: true, page: held.Page(say)})
}

// everything: can be set up.
func everything(factor.Kind) bool { return true }

func sentSamples(say words.Printer) []sample {
	text := signin.Sent{
		Between: between(), Kind: factor.SMS, Number: hint, By: factor.Text, Stage: signin.OnItsWay, Until: now.Add(5 * time.Minute), Another: true,
		Ways:     []signin.Way{{By: factor.Text, Usual: true, After: now.Add(24 * time.Second)}, {By: factor.Call}},
		Delivery: &signin.Delivery{By: factor.Text, State: outbox.Delivered, At: now},
	}
	call := text
	call.Kind, call.By = factor.Voice, factor.Call
	call.Ways = []signin.Way{{By: factor.Call, Usual: true, After: now.Add(24 * time.Second)}}
	call.Delivery = &signin.Delivery{By: factor.Call, State: outbox.Handed, At: now}
	read := text
	read.By, read.Delivery = factor.Call, call.Delivery
	read.Ways = []signin.Way{{By: factor.Text, Usual: true}, {By: factor.Call, After: now.Add(24 * time.Second)}}
	changed := func(v signin.Sent, change func(*signin.Sent)) frame.Page {
		change(&v)
		return v.Page(say)
	}
	setUp := func(v *signin.Sent) { v.SetUp = true }
	samples := []sample{
		{name: "text", page: text.Page(say)},
		{name: "text-set-up", page: changed(text, setUp)},
		{name: "text-unknown", page: changed(text, func(v *signin.Sent) { v.Delivery = nil })},
		{name: "text-step-up", page: changed(text, func(v *signin.Sent) { v.Purpose = signin.ToStepUp })},
		{name: "text-unsent", page: changed(text, func(v *signin.Sent) { v.Stage, v.Delivery, v.Until = signin.Unsent, nil, time.Time{} })},
		{name: "text-too-old", page: changed(text, func(v *signin.Sent) {
			v.Stage, v.Delivery, v.Until, v.Ways = signin.TooOld, nil, now.Add(-time.Minute), []signin.Way{{By: factor.Text, Usual: true}, {By: factor.Call}}
		})},
		{name: "text-too-soon", page: changed(text, func(v *signin.Sent) {
			v.Typed, v.Held = "418", &signin.Held{Why: signin.TooSoon, Until: now.Add(24 * time.Second)}
		})},
		{name: "text-too-many", page: changed(text, func(v *signin.Sent) { v.Held = &signin.Held{Why: signin.TooMany, Until: now.Add(9 * time.Minute)} })},
		{name: "text-slowed", page: changed(text, func(v *signin.Sent) { v.Held = &signin.Held{Why: signin.Slowed, Until: now.Add(90 * time.Second)} })},
		{name: "text-spent-today", page: changed(text, func(v *signin.Sent) { v.Held = &signin.Held{Why: signin.SpentToday, Until: now.Add(2 * time.Hour)} })},
		{name: "text-switched-off", page: changed(text, func(v *signin.Sent) { v.Held = &signin.Held{Why: signin.SwitchedOff} })},
		{name: "text-foreign", page: changed(text, func(v *signin.Sent) { v.Held = &signin.Held{Why: signin.Foreign} })},
		{name: "text-read-out", page: read.Page(say)},
		{name: "call", page: call.Page(say)},
		{name: "call-set-up", page: changed(call, setUp)},
		{name: "call-unsent", page: changed(call, func(v *signin.Sent) { v.Stage, v.Delivery, v.Until = signin.Unsent, nil, time.Time{} })},
		{name: "call-too-old", page: changed(call, func(v *signin.Sent) { v.Stage, v.Delivery, v.SetUp = signin.TooOld, nil, true })},
	}
	for _, why := range []signin.CodeFault{signin.Wrong, signin.Malformed, signin.TooLate, signin.Outage} {
		samples = append(samples, sample{name: "text-" + string(why), page: changed(text, func(v *signin.Sent) {
			v.Typed, v.Refused = `"><b>418`, &signin.Refused{Why: why, By: factor.Text, Left: 3}
		})})
	}
	for _, d := range everyDelivery() {
		v := text
		if d.By == factor.Call {
			v = call
		}
		samples = append(samples, sample{name: fmt.Sprintf("delivery-%s-%s%s", d.By, d.State, d.Reason), page: changed(v, func(v *signin.Sent) { v.Delivery = &d })})
	}
	return samples
}

// everyDelivery is a message in every state that it can come to.
func everyDelivery() []signin.Delivery {
	var all []signin.Delivery
	for _, by := range []factor.Channel{factor.Text, factor.Call} {
		for _, state := range []outbox.State{outbox.Queued, outbox.Handed, outbox.Delivered, outbox.Dropped} {
			all = append(all, signin.Delivery{By: by, State: state, At: now})
		}
		for _, why := range []outbox.Reason{outbox.Refused, outbox.Busy, outbox.NoAnswer, outbox.NoKey, outbox.Silent, outbox.Outage, ""} {
			all = append(all, signin.Delivery{By: by, State: outbox.Failed, Reason: why, At: now})
		}
	}
	return all
}

func accountSamples(say words.Printer) []sample {
	dana := account.Person{
		Company: "Juniper & Finch Outfitters", Username: "dana.reyes", DisplayName: "Dana Reyes",
		Email: "dana.reyes@juniper.example", Role: company.SalesManager, Zone: portland,
	}
	iphone := account.Method{ID: "a1", Kind: factor.TOTP, Name: "Dana’s iPhone", Added: now.AddDate(0, 0, -10), LastUsed: now}
	work := account.Method{ID: "a2", Kind: factor.SMS, Name: "Work phone", Hint: hint, Added: now}
	plain := account.Method{ID: "a4", Kind: factor.Voice, Name: "Voice Call Authentication", Hint: hint, Added: now}
	old := account.Method{ID: "a3", Kind: factor.TOTP, Name: "Old Pixel", Added: now.AddDate(-1, 0, 0), LastUsed: now.AddDate(0, -2, 0), Stopped: "spend"}
	return []sample{
		{name: "dashboard", noFilled: true, page: account.Dashboard{Person: dana, TwoFactor: true, Kind: factor.TOTP, Since: now}.Page(say)},
		{name: "dashboard-password", noFilled: true, page: account.Dashboard{Person: dana, Since: now}.Page(say)},
		{name: "my-account", page: account.MyAccount{Person: dana, Required: true, Methods: []account.Method{iphone, work, plain}}.Page(say)},
		{name: "my-account-stopped", page: account.MyAccount{Person: dana, Methods: []account.Method{iphone, old}, Notice: account.Notice{What: account.Renamed, Name: "Old Pixel"}}.Page(say)},
		{name: "my-account-parted", page: account.MyAccount{Person: dana, Methods: []account.Method{iphone, {ID: "a5", Kind: factor.Okta, Name: "Okta Verify", Added: now, Stopped: "connection"}}}.Page(say)},
		{name: "my-account-added", page: account.MyAccount{Person: dana, Methods: []account.Method{iphone}, Notice: account.Notice{What: account.Added, Name: "Dana’s iPhone"}}.Page(say)},
		{name: "my-account-none", page: account.MyAccount{Person: dana, Notice: account.Notice{What: account.Removed, Name: "Dana’s iPhone"}}.Page(say)},
		{name: "my-account-full", noFilled: true, page: account.MyAccount{Person: dana, Full: true, Methods: slices.Repeat([]account.Method{iphone}, 10)}.Page(say)},
		{name: "rename", page: account.Rename{Person: dana, Method: iphone, Typed: iphone.Name}.Page(say)},
		{name: "rename-taken", page: account.Rename{Person: dana, Method: iphone, Typed: "Old Pixel", Refused: account.Taken}.Page(say)},
		{name: "rename-empty", page: account.Rename{Person: dana, Method: iphone, Refused: account.Empty}.Page(say)},
		{name: "rename-long", page: account.Rename{Person: dana, Method: iphone, Typed: strings.Repeat("long ", 20), Refused: account.TooLong}.Page(say)},
		{name: "rename-strange", page: account.Rename{Person: dana, Method: iphone, Typed: "a", Refused: account.Strange}.Page(say)},
		{name: "remove", page: account.Remove{Person: dana, Method: iphone}.Page(say)},
		{name: "remove-last", page: account.Remove{Person: dana, Method: work, Last: true}.Page(say)},
		{name: "remove-stays", page: account.Remove{Person: dana, Method: iphone, Stays: true}.Page(say)},
	}
}

func consoleSamples(say words.Printer) []sample {
	ada := frame.Insider{Company: "Juniper & Finch Outfitters", DisplayName: "Ada Okafor", Role: company.Administrator, Zone: portland}
	app, text := console.Method{Kind: factor.TOTP, Name: "Dana’s iPhone"}, console.Method{Kind: factor.SMS, Name: "SMS Authentication", Hint: hint}
	stopped := console.Method{Kind: factor.TOTP, Name: "Old Pixel", Stopped: true}
	user := func(username, name string, r company.Role, change func(*console.User)) console.User {
		u := console.User{ID: username, Username: username, DisplayName: name, Email: username + "@juniper.example", Role: r, Version: 7}
		change(&u)
		return u
	}
	dana := user("dana.reyes", "Dana Reyes", company.SalesManager, func(u *console.User) { u.Methods = []console.Method{app, text} })
	tomas := user("tomas.lindqvist", "Tomás Lindqvist", company.Salesperson, func(u *console.User) {
		u.Methods, u.Until = []console.Method{text}, now.Add(5*time.Minute)
	})
	marcus := user("marcus.webb", "Marcus Webb", company.MarketingManager, func(u *console.User) { u.Email = "" })
	rows := []console.User{
		user("ada.okafor", "Ada Okafor", company.Administrator, func(u *console.User) { u.Self, u.Methods = true, []console.Method{app} }),
		dana,
		user("jonah.feld", "Jonah Feld", company.Salesperson, func(u *console.User) { u.Methods = []console.Method{app, stopped} }),
		marcus,
		user("priya.raman", "Priya Raman", company.CompanyManager, func(u *console.User) { u.Methods = []console.Method{stopped} }),
		user("wei.ling", "", "unheard-of", func(u *console.User) { u.Chooses, u.Deactivated = true, true }),
		tomas,
	}
	page := console.Users{By: ada, People: 8, Enrolled: 6, Rows: rows}
	changed := func(change func(*console.Users)) frame.Page {
		v := page
		change(&v)
		return v.Page(say)
	}
	return []sample{
		{name: "users", noFilled: true, page: page.Page(say)},
		{name: "users-found", noFilled: true, page: changed(func(v *console.Users) {
			v.Typed, v.Rows, v.First, v.Next = "100%", rows[:1], "/settings/users?q=100%25", "/settings/users?after=x&q=100%25"
		})},
		{name: "users-nobody", noFilled: true, page: changed(func(v *console.Users) { v.Typed, v.Rows = `"><script>alert(1)</script>`, nil })},
		{name: "users-no-more", noFilled: true, page: changed(func(v *console.Users) { v.Rows, v.First = nil, "/settings/users" })},
		{name: "users-reset", noFilled: true, page: changed(func(v *console.Users) { v.Notice = console.Notice{What: console.WasReset, Name: "Dana Reyes"} })},
		{name: "users-lifted", noFilled: true, page: changed(func(v *console.Users) { v.Notice = console.Notice{What: console.WasLifted, Name: "Dana Reyes"} })},
		{name: "users-no-wait", noFilled: true, page: changed(func(v *console.Users) { v.Notice = console.Notice{What: console.NoWait, Name: "Dana Reyes"} })},
		{name: "reset", page: console.Reset{By: ada, User: dana}.Page(say)},
		{name: "reset-one", page: console.Reset{By: ada, User: tomas}.Page(say)},
		{name: "reset-none", page: console.Reset{By: ada, User: marcus}.Page(say)},
		{name: "lift", page: console.Lift{By: ada, User: tomas}.Page(say)},
		{name: "own", page: console.Own{By: ada}.Page(say)},
		{name: "proof", page: console.Proof{By: ada}.Page(say)},
	}
}

func oktaSamples(say words.Printer) []sample {
	ada := frame.Insider{Company: "Juniper & Finch Outfitters", DisplayName: "Ada Okafor", Role: company.Administrator, Zone: portland}
	acme := console.Organisation{Origin: "https://juniper.okta.com", Way: console.App, Since: now.AddDate(0, -1, 0), NumberChallenge: true}
	byToken := acme
	byToken.Way, byToken.NumberChallenge, byToken.Linked = console.Token, false, true
	bare := console.Okta{By: ada, Form: console.OktaForm{Way: console.App, NumberChallenge: true, Seen: 3}}
	have := console.Okta{By: ada, Connected: &acme, Form: console.OktaForm{
		Way: console.App, Address: acme.Origin, ClientID: "0oa8x2k1qGz4", KeyID: "sallyport-2026", NumberChallenge: true, Kept: true, Seen: 4,
	}}
	changed := func(v console.Okta, change func(*console.Okta)) frame.Page {
		change(&v)
		return v.Page(say)
	}
	token := func(v *console.Okta) { v.Form.Way = console.Token }
	samples := []sample{
		{name: "okta", page: bare.Page(say)},
		{name: "okta-shut", page: changed(bare, func(v *console.Okta) { v.Shut = true })},
		{name: "okta-connected-shut", page: changed(have, func(v *console.Okta) { v.Shut = true })},
		{name: "okta-by-token", page: changed(bare, token)},
		{name: "okta-connected", page: have.Page(say)},
		{name: "okta-connected-by-token", page: changed(have, func(v *console.Okta) { v.Connected, v.Form.Way, v.Form.Linked = &byToken, console.Token, true })},
		{name: "okta-was-connected", page: changed(have, func(v *console.Okta) { v.Did = console.WasConnected })},
		{name: "okta-was-changed", page: changed(have, func(v *console.Okta) { v.Did = console.WasChanged })},
		{name: "okta-was-disconnected", page: changed(bare, func(v *console.Okta) { v.Did = console.WasDisconnected })},
		{name: "okta-passed", page: changed(have, func(v *console.Okta) { v.Passed = true })},
		{name: "okta-at-limit-until", page: changed(have, func(v *console.Okta) {
			v.Refused = &console.OktaRefused{Why: console.AtLimit, Until: now.Add(40 * time.Second)}
		})},
		{name: "okta-markup", page: changed(bare, func(v *console.Okta) {
			v.Form.Address, v.Form.ClientID, v.Refused = `"><script>alert(1)</script>`, `" onclick="x`, &console.OktaRefused{Why: console.BadAddress}
		})},
		{name: "disconnect", page: console.Disconnect{By: ada, Organisation: acme, Holders: 7, Seen: 4}.Page(say)},
		{name: "disconnect-one", page: console.Disconnect{By: ada, Organisation: acme, Holders: 1, Seen: 4}.Page(say)},
		{name: "disconnect-nobody", page: console.Disconnect{By: ada, Organisation: byToken, Seen: 4}.Page(say)},
	}
	for _, why := range []console.OktaFault{
		console.NoAddress, console.BadAddress, console.NoToken, console.BadToken, console.NoClientID, console.NoKeyID, console.NoKey, console.BadKey,
		console.WeakToken, console.WeakApp, console.NoPolicy, console.AtLimit, console.NoReply, console.StrangeOrg, console.OldProof,
	} {
		samples = append(samples, sample{name: "okta-fault-" + string(why), page: changed(bare, func(v *console.Okta) {
			if v.Refused = (&console.OktaRefused{Why: why}); v.Refused.Field() == "token" || why == console.WeakToken {
				token(v)
			}
		})})
	}
	return samples
}

func textsSamples(say words.Printer) []sample {
	ada := frame.Insider{Company: "Juniper & Finch Outfitters", DisplayName: "Ada Okafor", Role: company.Administrator, Zone: portland}
	quiet := console.TextsCalls{By: ada, Seen: 3, Shut: true, Texts: company.Texts{Budget: 2000e6}}
	busy := console.TextsCalls{By: ada, Seen: 3, Texts: company.Texts{
		Own: []string{"CA", "US"}, Settled: true, Spent: 1873e6, Budget: 2000e6,
		Today: []company.TextsTo{{Region: "US", Sent: 1790, Entered: 1702}, {Region: "LV", Sent: 83, Entered: 1}, {Sent: 1}},
		Held: []company.TextsHeld{
			{Scope: "country", Region: "LV", Reason: "not-entered", Slow: true, At: now.Add(-2 * time.Hour)},
			{Scope: "country", Region: "LV", Reason: "not-entered", At: now.Add(-time.Hour)},
			{Scope: "network", Reason: "not-entered", At: now.Add(-50 * time.Minute)}, {Scope: "company", Reason: "not-entered", At: now.Add(-50 * time.Minute)},
			{Scope: "network", Reason: "spread", At: now.Add(-40 * time.Minute)}, {Scope: "company", Reason: "spent", At: now},
		},
	}}
	changed := func(v console.TextsCalls, change func(*console.TextsCalls)) frame.Page {
		change(&v)
		return v.Page(say)
	}
	return []sample{
		{name: "texts", page: quiet.Page(say)},
		{name: "texts-busy", page: busy.Page(say)},
		{name: "texts-named", page: changed(busy, func(v *console.TextsCalls) {
			v.Texts.Named, v.Typed, v.Texts.Priced, v.Saved = []string{"US"}, "US", true, true
		})},
		{name: "texts-stopped", page: changed(quiet, func(v *console.TextsCalls) { v.Texts.Stopped = true })},
		{name: "texts-recorded", page: changed(busy, func(v *console.TextsCalls) { v.Texts.Recorded = true })},
		{name: "texts-no-country", page: changed(busy, func(v *console.TextsCalls) { v.Typed, v.Refused = `US "><script>`, `"><SCRIPT>` })},
	}
}

func shelf() *help.Shelf {
	open, _, err := help.Open("") // the program's own: it has no mistakes
	return must(open, err)()
}

func helpSamples(say words.Printer) []sample {
	s := shelf()
	all := s.Articles()
	index := search.New(all)
	find := func(typed string) helppages.Results {
		f := must(index.Search(context.Background(), typed, false))
		return helppages.Results{Typed: f.Typed, Instead: strings.Join(f.Instead, " "), Results: f.Results}
	}
	long := find("reset")
	long.Cut = true
	samples := []sample{
		{name: "help", page: helppages.List{Articles: all}.Page(say)},
		{name: "help-inside", page: helppages.List{Inside: true, Articles: all}.Page(say)},
		{name: "help-results", page: find("authentcator").Page(say)},
		{name: "help-results-long", page: long.Page(say)},
		{name: "help-results-none", page: find(`xylophone "><script>alert(1)</script>`).Page(say)},
		{name: "help-results-empty", page: find("").Page(say)},
		{name: "help-missing", page: helppages.Missing{Article: all[0]}.Page(say)},
		{name: "help-told", noFilled: true, page: helppages.Told{Article: all[0]}.Page(say)},
		{name: "help-told-enough", noFilled: true, page: helppages.Told{Article: all[0], Enough: true}.Page(say)},
	}
	for _, a := range all {
		samples = append(samples, sample{name: "help-" + a.Slug, noFilled: true, long: a.Subject == help.Reference, page: helppages.Article{Article: a, Related: s.Related(a)}.Page(say)})
	}
	return samples
}

func faultSamples(f *frame.Frame) []sample {
	var samples []sample
	for name, fault := range map[string]frame.Fault{
		"bad-form": frame.BadForm, "other-site": frame.OtherSite, "not-allowed": frame.NotAllowed, "not-found": frame.NotFound,
		"moved": frame.Moved, "too-large": frame.TooLarge, "wrong-host": frame.WrongHost, "internal": frame.Internal, "unavailable": frame.Unavailable,
	} {
		take := func(_ http.ResponseWriter, r *http.Request) {
			_, page := f.Explain(r, fault)
			samples = append(samples, sample{name: "fault-" + name, page: page, noFilled: fault == frame.WrongHost})
		}
		r := httptest.NewRequest(http.MethodGet, "/sign-in", nil)
		f.Guard([]string{r.Host}, http.HandlerFunc(take)).ServeHTTP(httptest.NewRecorder(), r)
	}
	return samples
}

// sampleQR looks like a QR code and is none.
func sampleQR() template.HTML {
	var b strings.Builder
	b.WriteString(`<svg viewBox="0 0 53 53" role="img" aria-label="QR code for the app" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h53v53H0z"/><path fill="#000" d="`)
	seed := uint32(7)
	for y := range 45 {
		for x := range 45 {
			seed = seed*1664525 + 1013904223
			if on := seed>>24&1 == 1; finder(x, y) || finder(44-x, y) || finder(x, 44-y) || on && (x > 7 || y > 7 && y < 37) && (x < 37 || y > 7) {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+4, y+4)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return template.HTML(b.String())
}

// finder reports whether x, y is dark in the corner square of a QR code.
func finder(x, y int) bool {
	far := max(abs(x-3), abs(y-3))
	return far == 3 || far <= 1
}

func abs(n int) int { return max(n, -n) }
