package phone

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"time"

	"sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/web/frame"
)

// Pages answers for the demo phone's pages. Its fields are set once, in app.
type Pages struct {
	Phone *Phone
	// Sound speaks a code: a whole WAV file. nil: calls are words alone.
	Sound func(code secret.Text) ([]byte, error)
	// Prompt is what is said until 1 is pressed: a whole WAV file. nil: it is words alone.
	Prompt []byte
	// Okta is the stand-in whose app is shown here. nil: the page has no such section.
	Okta *okta.Org
	// Owner says whose its logins are. nil: the logins themselves are shown.
	Owner Owner
	Frame *frame.Frame
	Now   func() time.Time
}

// Routes adds the room's routes to mux.
func (p *Pages) Routes(mux frame.Mux) {
	handle := func(pattern string, h frame.HandlerFunc) { mux.Handle(pattern, p.Frame.Handle(h, p.explain)) }
	handle("GET /demo/phone", p.getBoard)
	handle("GET /demo/phone/live", p.getLive)
	handle("POST /demo/phone/calls/{id}/press", p.post(answered))
	handle("POST /demo/phone/calls/{id}/decline", p.post(declined))
	handle("GET /demo/phone/calls/{id}/audio", p.getAudio)
	handle("GET /demo/phone/prompt", p.getPrompt)
	handle("GET /demo/phone/mails/{id}", p.getMail)
	p.oktaRoutes(handle)
}

func (p *Pages) getBoard(w http.ResponseWriter, r *http.Request) error {
	return p.Frame.Render(w, http.StatusOK, p.board(r.Context(), p.Now()).Page(p.Frame.Printer(r)))
}

func (p *Pages) getLive(w http.ResponseWriter, r *http.Request) error {
	frame.Polled(w)
	return p.Frame.Render(w, http.StatusOK, p.board(r.Context(), p.Now()).Live(p.Frame.Printer(r)))
}

// post ends the ringing of a call. When it was over already the page says how.
func (p *Pages) post(to stage) frame.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := p.Phone.move(r.Context(), r.PathValue("id"), to); err != nil {
			return err
		}
		http.Redirect(w, r, "/demo/phone", http.StatusSeeOther)
		return nil
	}
}

// getAudio speaks the code, once 1 was pressed: what answers by itself hears nothing
// (security rule 17).
func (p *Pages) getAudio(w http.ResponseWriter, r *http.Request) error {
	c, err := p.Phone.one(outbox.Call, r.PathValue("id"))
	if err != nil {
		return err
	}
	if c.stage != answered || p.Sound == nil {
		return errUnknown
	}
	sound, err := p.Sound(c.Code)
	if err != nil {
		return fmt.Errorf("speak call %s: %w", c.ID, err)
	}
	play(w, r, sound)
	return nil
}

// getPrompt says what every call says before a key is pressed.
func (p *Pages) getPrompt(w http.ResponseWriter, r *http.Request) error {
	if p.Prompt == nil {
		return errUnknown
	}
	play(w, r, p.Prompt)
	return nil
}

func play(w http.ResponseWriter, r *http.Request, sound []byte) {
	w.Header().Set("Content-Type", "audio/wav")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(sound)) // in parts, as players ask
}

func (p *Pages) getMail(w http.ResponseWriter, r *http.Request) error {
	e, err := p.Phone.one(outbox.Mail, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := Letter{Whose: whose(e), To: e.To, Letter: e.Mail}
	return p.Frame.Render(w, http.StatusOK, v.Page(p.Frame.Printer(r)))
}

// explain is where this room's errors become pages.
func (p *Pages) explain(r *http.Request, err error) (int, frame.Page) {
	if errors.Is(err, errUnknown) {
		err = frame.NotFound
	}
	return p.Frame.Explain(r, err)
}
