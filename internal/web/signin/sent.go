package signin

import (
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

// Sent asks for a code that was texted or read out, at a challenge or as step 2 of 2 of a
// set-up; or says that no code is good, and offers one. Posts code to /sign-in/{id}/answer,
// and each way of sending to its path.
type Sent struct {
	Between
	Kind     factor.Kind
	SetUp    bool
	Number   string         // where the codes go, masked
	By       factor.Channel // how the last message went; of none, how the next would go
	Stage    CodeStage
	Until    time.Time // the code is good, or was, until then
	Ways     []Way     // of sending one, the usual first
	Delivery *Delivery // of the last message; nil when nothing is known of it
	Another  bool      // there is another method to use, or somebody to ask
	Held     *Held
	Refused  *Refused
	Typed    string // what was typed, kept in the field
}

// CodeStage says how a code stands.
type CodeStage string

// The stages of a code.
const (
	OnItsWay CodeStage = "on-its-way" // and good
	Unsent   CodeStage = "unsent"     // none was sent: the limit was reached, or a wait was in force
	TooOld   CodeStage = "too-old"    // the last one is good no more
)

// Way is a way to have a code sent.
type Way struct {
	By    factor.Channel
	Usual bool      // its kind's own; posts to /resend, any other to /call
	After time.Time // it works from then on; zero at once
}

// Clock is After as the page says it where nothing counts down.
func (w Way) Clock() time.Time { return wholeSecond(w.After) }

// Live reports whether a code can be entered.
func (v Sent) Live() bool { return v.Stage == OnItsWay }

// sentWords are the keys of a page, by channel.
type sentWords struct{ setUp, what, unsent, tooOld, first, anew, hint, learn string }

var sentPages = map[factor.Channel]sentWords{
	factor.Text: {"sent.text.title", "sent.text.what", "sent.text.unsent", "sent.text.too-old", "number.text.button", "sent.text.anew", "sent.text.hint", "learn.no-text"},
	factor.Call: {"sent.call.title", "sent.call.what", "sent.call.unsent", "sent.call.too-old", "number.call.button", "sent.call.anew", "sent.call.hint", "learn.no-call"},
}

// What is the key of what happened to the code.
func (v Sent) What() string {
	switch w := sentPages[v.By]; v.Stage {
	case Unsent:
		return w.unsent
	case TooOld:
		return w.tooOld
	default:
		return w.what
	}
}

// Button is the key of the button that sends a code where none is good.
func (v Sent) Button() string {
	w := sentPages[v.Ways[0].By]
	if v.Stage == Unsent {
		return w.first
	}
	return w.anew
}

// HintKey is the key of the line below the field.
func (v Sent) HintKey() string { return sentPages[v.By].hint }

// Contacts is where "Still can't sign in?" leads, where nothing can be sent now.
func (v Sent) Contacts() string {
	if v.Held == nil {
		return ""
	}
	return v.Path("help")
}

// Learn is the help that the page offers.
func (v Sent) Learn() *Learn { return &Learn{Key: sentPages[v.By].learn, Article: articleSent} }

// refuse says why what was typed did not count; where no code is good, the page says so itself.
func (v Sent) refuse(r Refused, typed string) Sent {
	v.Typed = typed
	if v.Live() {
		r.By = v.By
		v.Refused = &r
	}
	return v
}

// wayWords are the keys of a button that sends: at once, and while it waits, with and
// without scripts.
type wayWords struct{ now, in, from string }

// SendButton is a button that sends.
type SendButton struct {
	Way
	wayWords
	Path string // of the form that it sends
}

// Label is the key of what the button says.
func (b SendButton) Label() string { return b.now }

// In is the key of what it says while it counts.
func (b SendButton) In() string { return b.in }

// From is the key of what it says where nothing counts.
func (b SendButton) From() string { return b.from }

// Buttons are those of v's ways: "again" for how the last message went, "instead" for a
// call after a text.
func (v Sent) Buttons() []SendButton {
	var buttons []SendButton
	for _, w := range v.Ways {
		b := SendButton{Way: w, wayWords: wayWords{"sent.again", "sent.again-in", "sent.again-from"}, Path: "call"}
		switch {
		case w.By == factor.Call && v.By == factor.Call:
			b.wayWords = wayWords{"sent.call-again", "sent.call-again-in", "sent.call-again-from"}
		case w.By == factor.Call:
			b.wayWords = wayWords{"sent.call-instead", "sent.call-again-in", "sent.call-again-from"}
		}
		if w.Usual {
			b.Path = "resend"
		}
		buttons = append(buttons, b)
	}
	return buttons
}

// Instead reports whether a call can take a failed text's place.
func (v Sent) Instead() bool {
	for _, w := range v.Ways {
		if w.By == factor.Call && v.By == factor.Text {
			return true
		}
	}
	return false
}

// Page gives the frame what it renders.
func (v Sent) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.Between, v.SetUp)
	p.Template, p.Title, p.View = "signin/sent", frame.MethodOf(say, v.Kind).Name, v
	if v.SetUp && v.Live() {
		p.Title = say.T(sentPages[v.By].setUp)
	}
	p.Faulty = v.Refused != nil || v.Held != nil || v.Stage == TooOld
	return p
}

// Piece is the status line alone, for the script that keeps it up to date.
func (v Sent) Piece(say words.Printer) frame.Page {
	return frame.Page{Template: "signin/delivery", Words: say, Zone: v.Zone, View: v}
}

// Delivery is how a message stands.
type Delivery struct {
	By     factor.Channel
	State  outbox.State
	Reason outbox.Reason
	At     time.Time // when it came to that
	Late   bool      // it should have arrived by now: another way is offered
}

// lateAfter is how long after it was asked for a message is late: twice what most need.
const lateAfter = 20 * time.Second

// deliveryKey is a state of one channel's messages.
type deliveryKey struct {
	by    factor.Channel
	state outbox.State
}

// deliveryWords are the keys of a state, its shape, and how many of three bars are full.
type deliveryWords struct {
	title, what, icon string
	bars              int
}

var deliveries = map[deliveryKey]deliveryWords{
	{factor.Text, outbox.Queued}:    {"delivery.queued", "delivery.to", "quarter", 1},
	{factor.Text, outbox.Handed}:    {"delivery.text.handed", "delivery.text.handed-what", "half", 2},
	{factor.Text, outbox.Delivered}: {"delivery.text.delivered", "delivery.text.delivered-what", "tick", 3},
	{factor.Text, outbox.Failed}:    {"delivery.text.failed", "delivery.text.failed-what", "stop", 0},
	{factor.Text, outbox.Dropped}:   {"delivery.dropped", "delivery.dropped-what", "stop", 0},
	{factor.Call, outbox.Queued}:    {"delivery.queued", "delivery.to", "quarter", 1},
	{factor.Call, outbox.Handed}:    {"delivery.call.handed", "delivery.call.handed-what", "half", 2},
	{factor.Call, outbox.Delivered}: {"delivery.call.delivered", "delivery.call.delivered-what", "tick", 3},
	{factor.Call, outbox.Failed}:    {"delivery.call.failed", "delivery.call.failed-what", "stop", 0},
	{factor.Call, outbox.Dropped}:   {"delivery.dropped", "delivery.dropped-what", "stop", 0},
}

// reasonKey is a reason of one channel's messages.
type reasonKey struct {
	by     factor.Channel
	reason outbox.Reason
}

var reasons = map[reasonKey]string{
	{factor.Text, outbox.Refused}:     "delivery.text.refused",
	{factor.Text, outbox.WrongNumber}: "delivery.text.wrong-number",
	{factor.Text, outbox.NoTexts}:     "delivery.text.no-texts",
	{factor.Text, outbox.Unserved}:    "delivery.text.unserved",
	{factor.Text, outbox.OptedOut}:    "delivery.text.opted-out",
	{factor.Text, outbox.Blocked}:     "delivery.text.blocked",
	{factor.Text, outbox.Unreachable}: "delivery.text.unreachable",
	{factor.Text, outbox.Undelivered}: "delivery.text.undelivered",
	{factor.Text, outbox.Silent}:      "delivery.text.silent",
	{factor.Text, outbox.Outage}:      "delivery.outage",
	{factor.Call, outbox.Refused}:     "delivery.call.refused",
	{factor.Call, outbox.WrongNumber}: "delivery.call.wrong-number",
	{factor.Call, outbox.Unserved}:    "delivery.call.unserved",
	{factor.Call, outbox.OptedOut}:    "delivery.call.opted-out",
	{factor.Call, outbox.Blocked}:     "delivery.call.blocked",
	{factor.Call, outbox.Unreachable}: "delivery.call.unreachable",
	{factor.Call, outbox.Undelivered}: "delivery.call.refused",
	{factor.Call, outbox.Busy}:        "delivery.call.busy",
	{factor.Call, outbox.NoAnswer}:    "delivery.call.no-answer",
	{factor.Call, outbox.NoKey}:       "delivery.call.no-key",
	{factor.Call, outbox.Silent}:      "delivery.call.silent",
	{factor.Call, outbox.Outage}:      "delivery.outage",
}

func (d Delivery) words() deliveryWords { return deliveries[deliveryKey{d.By, d.State}] }

// Title is the key of the state.
func (d Delivery) Title() string { return d.words().title }

// What is the key of what that means; of a failure, its reason.
func (d Delivery) What() string {
	if key, ok := reasons[reasonKey{d.By, d.Reason}]; ok && d.Failed() {
		return key
	}
	return d.words().what
}

// Icon is the state's shape.
func (d Delivery) Icon() string { return d.words().icon }

// Bars are the classes of the three bars; none where it came to nothing.
func (d Delivery) Bars() []string {
	n := d.words().bars
	if n == 0 {
		return nil
	}
	bars := make([]string, 3)
	for i := range n {
		bars[i] = "done"
	}
	return bars
}

// Failed reports whether it did not arrive.
func (d Delivery) Failed() bool { return d.State == outbox.Failed }

// Offers reports whether another way is offered beside it.
func (d Delivery) Offers() bool { return d.Failed() || d.Late }

// Final reports that nothing more will be heard of it by itself.
func (d Delivery) Final() bool { return outbox.Status{State: d.State}.Final() }
