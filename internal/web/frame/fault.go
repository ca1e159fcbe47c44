package frame

import (
	"errors"
	"net/http"
	"strings"
)

// HandlerFunc parses, asks and renders. What it returns is shown by Handle.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// Mux is where a room puts its routes, as Go patterns: "POST /sign-in/{id}/answer".
type Mux interface {
	Handle(pattern string, h http.Handler)
}

// Explain says which status and page an error of a handler gets. It is the one place of
// a room where errors become sentences, and ends in Frame.Explain.
type Explain func(r *http.Request, err error) (status int, p Page)

// Handle runs h and shows its error as explain says. An error that is answered with a
// 5xx is logged here, once; the others are the reader's to mend.
func (f *Frame) Handle(h HandlerFunc, explain Explain) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		status, page := explain(r, err)
		if status >= http.StatusInternalServerError {
			f.logError(r, err)
		}
		if err := f.Render(w, status, page); err != nil {
			f.logError(r, err)
			f.refuse(w, r, Internal)
		}
	})
}

// Log notes an error that is answered with a page of a room's own.
func (f *Frame) Log(r *http.Request, err error) { f.logError(r, err) }

func (f *Frame) logError(r *http.Request, err error) {
	f.options.Log.ErrorContext(r.Context(), "request not answered as asked",
		"error", err, "route", r.Pattern, "reference", Reference(r.Context()))
}

// Fault is a way for a request to go wrong that has a page of its own. It is an error,
// so a handler can return it.
type Fault string

func (f Fault) Error() string { return string(f) }

// The faults. Another company's row is NotFound, exactly like a missing one.
const (
	BadForm     Fault = "form is not readable"
	OtherSite   Fault = "sent by another site"
	NotAllowed  Fault = "not allowed for this role"
	NotFound    Fault = "not found"
	Moved       Fault = "changed meanwhile"
	NoProof     Fault = "no method can prove this"
	TooLarge    Fault = "form too large"
	WrongHost   Fault = "not a host of this server"
	Internal    Fault = "internal"
	Unavailable Fault = "unavailable"
)

// faultPage is what the page of a fault says: keys of the catalogue.
type faultPage struct {
	status               int
	caption, title, what string
	way                  way
}

// way is what the one button of a fault's page does.
type way int

const (
	home  way = iota // to the start page
	again            // the same page once more
	none             // there is no button that would help
)

var faultPages = map[Fault]faultPage{
	BadForm:     {http.StatusBadRequest, "fault.nothing-changed", "fault.bad-form.title", "fault.bad-form.what", home},
	OtherSite:   {http.StatusForbidden, "fault.nothing-changed", "fault.other-site.title", "fault.other-site.what", home},
	NotAllowed:  {http.StatusForbidden, "fault.nothing-changed", "fault.not-allowed.title", "fault.not-allowed.what", home},
	NotFound:    {http.StatusNotFound, "fault.nothing-changed", "fault.not-found.title", "fault.not-found.what", home},
	NoProof:     {http.StatusConflict, "fault.nothing-changed", "fault.no-proof.title", "fault.no-proof.what", home},
	Moved:       {http.StatusConflict, "fault.nothing-changed", "fault.moved.title", "fault.moved.what", again},
	TooLarge:    {http.StatusRequestEntityTooLarge, "fault.nothing-changed", "fault.too-large.title", "fault.too-large.what", home},
	WrongHost:   {http.StatusMisdirectedRequest, "fault.nothing-changed", "fault.wrong-host.title", "fault.wrong-host.what", none},
	Internal:    {http.StatusInternalServerError, "fault.ours", "fault.internal.title", "fault.internal.what", again},
	Unavailable: {http.StatusServiceUnavailable, "fault.paused", "fault.unavailable.title", "fault.unavailable.what", again},
}

// FaultView is what the template of a fault's page shows: keys of the catalogue, the
// one way on, and what to read out to Support.
type FaultView struct {
	Title, What string
	Again       string // the path that "Try again" asks for; "" when that does not help
	Home        bool   // there is a button to the start page
	Reference   string
	Helps       bool // the help centre is at this address
	Outside     bool // its reader may be somebody who cannot sign in
}

// Explain maps every error to a page: a Fault to its own, anything else to Internal.
func (f *Frame) Explain(r *http.Request, err error) (int, Page) {
	fault, ok := errors.AsType[Fault](err)
	if !ok {
		fault = Internal
	}
	about, ok := faultPages[fault]
	if !ok {
		about = faultPages[Internal]
	}
	v := FaultView{Title: about.title, What: about.what, Home: about.way == home, Reference: Reference(r.Context())}
	v.Helps = fault != WrongHost
	v.Outside = v.Helps && fault != NotAllowed && fault != NoProof
	if about.way == again {
		v.Again, v.Home = samePage(r)
	}
	say := f.Printer(r)
	return about.status, Page{
		Template: "frame/fault", Words: say, Title: say.T(about.title), Faulty: true,
		Card: &Card{Doors: Outside, Caption: say.T(about.caption)},
		View: v,
	}
}

// samePage is the path of a page that was asked for; or home, where asking again would
// act again, or where the path would lead to another host.
func samePage(r *http.Request) (path string, home bool) {
	path = r.URL.EscapedPath()
	if r.Method != http.MethodGet || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) {
		return "", true
	}
	return path, false
}

// refuse answers with the page of a fault.
func (f *Frame) refuse(w http.ResponseWriter, r *http.Request, fault Fault) {
	status, page := f.Explain(r, fault)
	if err := f.Render(w, status, page); err != nil {
		f.logError(r, err)
		http.Error(w, http.StatusText(status), status)
	}
}
