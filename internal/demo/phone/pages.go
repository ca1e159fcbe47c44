package phone

import (
	"context"
	"embed"
	"io/fs"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

//go:embed pages/*.html
var pages embed.FS

// Templates returns the room's templates, for frame.New.
func Templates() fs.FS { return frame.Room(pages) }

// Without scripts the page asks again this often; but not soon after a call was answered,
// since that would cut off what is being listened to.
const (
	again  = 2 * time.Second // the page adds one: see frame
	listen = time.Minute
)

// Board is the whole phone: /demo/phone, and /demo/phone/live its part that changes. Of
// the time only what is shown depends on it, a push that ends and the codes of Okta Verify, so
// the script finds it different only when it is.
type Board struct {
	Okta  *Verify // nil: there is no such section
	Calls []Call
	Texts []Text
	Mails []Mail
	awake time.Time // when a page without scripts asks again
}

// Whose says whose phone it is, and when it happened.
type Whose struct {
	ID       string
	Username string
	At       time.Time
	Zone     *time.Location
}

// Call is a call, ringing or over.
type Call struct {
	Whose
	Stage  string
	Prompt string
	Spoken string // once 1 was pressed
	Sound  bool   // it can be heard
}

// Text is a text; its last line stands by itself where it binds the code to a host.
type Text struct {
	Whose
	Words string
	Bound string
}

// Mail is a mail in the list.
type Mail struct {
	Whose
	Title string
	Fact  *outbox.Fact // its first; nil when it has none
}

// Letter is one mail as its reader sees it: /demo/phone/mails/{id}.
type Letter struct {
	Whose
	To string
	outbox.Letter
}

func whose(e entry) Whose {
	return Whose{ID: e.ID, Username: e.username, At: e.at, Zone: e.zone}
}

// board makes the page of what the phone has got.
func (p *Pages) board(ctx context.Context, now time.Time) Board {
	b := Board{awake: now.Add(again), Okta: p.verify(ctx)}
	for _, e := range p.Phone.list(outbox.Call) {
		c := Call{Whose: whose(e), Stage: string(e.stage), Prompt: e.Prompt}
		if e.stage == ringing {
			c.Sound = p.Prompt != nil
		}
		if e.stage == answered {
			c.Spoken, c.Sound = e.Spoken.Reveal(), p.Sound != nil
			if until := e.since.Add(listen); c.Sound && until.After(b.awake) {
				b.awake = until
			}
		}
		b.Calls = append(b.Calls, c)
	}
	for _, e := range p.Phone.list(outbox.Text) {
		t := Text{Whose: whose(e), Words: e.Text.Reveal()}
		if i := strings.LastIndex(t.Words, "\n@"); i >= 0 {
			t.Words, t.Bound = strings.TrimSpace(t.Words[:i]), t.Words[i+1:]
		}
		b.Texts = append(b.Texts, t)
	}
	for _, e := range p.Phone.list(outbox.Mail) {
		m := Mail{Whose: whose(e), Title: e.Mail.Title}
		if len(e.Mail.Facts) > 0 {
			m.Fact = &e.Mail.Facts[0]
		}
		b.Mails = append(b.Mails, m)
	}
	return b
}

// Page gives the frame what it renders.
func (v Board) Page(say words.Printer) frame.Page {
	return frame.Page{Template: "phone/board", Words: say, Title: say.T("phone.title"), Awaits: v.awake, View: v}
}

// Live is the part that changes, alone.
func (v Board) Live(say words.Printer) frame.Page {
	return frame.Page{Template: "phone/live", Words: say, View: v}
}

// Page gives the frame what it renders.
func (v Letter) Page(say words.Printer) frame.Page {
	return frame.Page{Template: "phone/letter", Words: say, Title: v.Subject, View: v}
}
