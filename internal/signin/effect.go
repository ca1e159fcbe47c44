package signin

import (
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// Effect is a change with a condition of its own, made in the same transaction as the
// step. What a step that was decided earlier would undo is an effect, never a field of
// the state that is written back. Effects are made before the state is written: a method
// may be removed by its own last proof.
type Effect interface{ effect() }

type (
	// BurnStep spends a TOTP step: factor.ErrReplayed unless it is newer than the last.
	BurnStep struct {
		Authenticator factor.ID
		Step          int64
	}
	// Accept zeroes an authenticator's wrong answers from the sign-in's kind of browser, its run
	// to MaxRun, which all kinds feed, and the wait that this spend set. ErrMoved if another spend
	// has disabled it meanwhile.
	Accept struct {
		Authenticator factor.ID
		Spend         SpendID // "" for an approval: nothing was spent
	}
	// Used notes when an authenticator was last used to sign in.
	Used struct {
		Authenticator factor.ID
		At            time.Time
	}
	// EndOthers ends every other sign-in of the user that is under way.
	EndOthers struct{ Except ID }
	// Open stores the digest of a new sign-in's own secret. Filled in before Commit.
	Open struct{ Secret secret.Text }
	// MakeSession makes the browser's session. Secret is filled in before Commit.
	MakeSession struct {
		Session Session
		Secret  secret.Text
	}
	// EndSession ends a session.
	EndSession struct{ ID ID }
	// EndPasswordRun forgets the wrong passwords that were counted with the sign-in's own, and the
	// user's run to PasswordRun: all of it is done.
	EndPasswordRun struct{ Run []byte }
	// SpendLink uses up a mailed link: ErrEnded where it was used before, or is too old.
	SpendLink struct {
		ID ID
		At time.Time
	}
	// SetPassword stores a new password's hash.
	SetPassword struct{ Hash secret.Text }
	// LiftWait ends the waits that are in force, of all kinds of browser, and nothing else.
	LiftWait struct{}
	// Note writes a line of the company's log. Its id is filled in before Commit.
	Note struct{ Event audit.Event }
	// Send puts a code on its way. SendLimit where the user, or a number that is not yet proved,
	// has had too many (MaySend), or where it is held against toll fraud (pumping.Judge). The
	// delivery's id is filled in before Commit.
	Send struct {
		Delivery outbox.Delivery
		To       secret.Text // where it goes, RFC 3966; the limits count a digest of its number
		Unproved bool        // the number is being set up
		From     string      // the network address that asks for it
	}
	// Entered takes the messages of a challenge from what counts: their code was entered.
	Entered struct{ SignIn, Challenge string }
	// Notify mails a notice to the user's address on record; or, by outbox.Text, texts it to a
	// number, unless that had too many; or, by outbox.Gone, tells whoever keeps something of a
	// method outside. Its id is filled in before Commit.
	Notify struct {
		ID     string
		By     outbox.Channel // "": outbox.Mail
		To     secret.Text    // by outbox.Text: the number, E.164
		Notice outbox.Notice
	}
	// NotifyAdministrators mails a notice to every active administrator of the company who has
	// an address on record. The store makes the ids, since it alone knows how many there are.
	NotifyAdministrators struct{ Notice outbox.Notice }
	// SetConnection stores what a kind of method needs of the company; no settings: nothing any
	// more. A connection of the same id keeps its time.
	SetConnection struct {
		Kind     factor.Kind
		ID       string
		Settings secret.Text
		At       time.Time
	}
	// SetCountries names the countries whose numbers can be set up; none: those of the company's
	// own people.
	SetCountries struct{ Countries []string }
	// SetBudget is what the company may spend on texts and calls a day, in pumping.Unit; nil: as
	// much as any.
	SetBudget struct{ Budget *int64 }
	// DisableKind takes the power of all methods of a kind in the company, which still count as
	// set up, and ends the sign-ins in which one is being set up. It is of a company-wide step
	// alone. ErrMoved where one came while the step was being written.
	DisableKind struct{ Kind factor.Kind }
	// Disable takes the power of one of the user's methods, which still counts as set up. ErrMoved
	// where it has none any more.
	Disable struct {
		Authenticator factor.ID
		By            string // what did it: Lost
	}
	// Claim marks a rendering of a form as used: ErrRepeated if it was before.
	Claim struct{ Form Form }
	// Settle notes that a form which Spend has claimed came to this step.
	Settle struct{ Form Form }
)

func (BurnStep) effect()       {}
func (Accept) effect()         {}
func (Used) effect()           {}
func (EndOthers) effect()      {}
func (Open) effect()           {}
func (MakeSession) effect()    {}
func (EndSession) effect()     {}
func (EndPasswordRun) effect() {}
func (SpendLink) effect()      {}
func (SetPassword) effect()    {}
func (LiftWait) effect()       {}
func (Note) effect()           {}
func (Send) effect()           {}
func (Entered) effect()        {}
func (Notify) effect()         {}
func (Disable) effect()        {}
func (Claim) effect()          {}
func (Settle) effect()         {}

func (NotifyAdministrators) effect() {}
func (SetConnection) effect()        {}
func (DisableKind) effect()          {}
func (SetCountries) effect()         {}
func (SetBudget) effect()            {}
