package twiliofake

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// broken is what Twilio says where a document is not what it should be.
const broken = "We are sorry, an application error has occurred. Goodbye."

// call is one that was taken.
type call struct {
	sid  string
	form url.Values

	status string
	heard  []string // the words, one entry a Say
	left   []node   // of its document
	waits  *node    // the Gather that waits for a key
}

// Call is how a call stands. Heard are its words, one entry a Say.
type Call struct {
	SID, Status string
	Form        url.Values
	Heard       []string
	Waits       bool // for a key
}

// node is a part of a document.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Parts   []node     `xml:",any"`
}

func (n node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// parse reads a document, and takes only the verbs that it can play.
func parse(text []byte) ([]node, error) {
	var root node
	if err := xml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	if root.XMLName.Local != "Response" {
		return nil, fmt.Errorf("the document is a %s", root.XMLName.Local)
	}
	for _, n := range root.Parts {
		if err := n.check(); err != nil {
			return nil, err
		}
	}
	return root.Parts, nil
}

func (n node) check() error {
	switch n.XMLName.Local {
	case "Say":
		if utf8.RuneCountInString(n.Text) > 4096 {
			return errors.New("a Say has more than 4096 characters")
		}
	case "Pause", "Hangup":
	case "Gather":
		if seconds, err := strconv.Atoi(n.attr("timeout")); err != nil || seconds < 1 {
			return errors.New("a Gather has no timeout")
		}
		for _, inner := range n.Parts {
			if inner.XMLName.Local == "Gather" || inner.check() != nil {
				return fmt.Errorf("a Gather has a %s", inner.XMLName.Local)
			}
		}
	default:
		return fmt.Errorf("the stand-in does not know %s", n.XMLName.Local)
	}
	return nil
}

// callFault is the code of what is wrong with a call's request; 0: nothing.
func (s *Server) callFault(f url.Values) int {
	switch {
	case f.Get("To") == "":
		return 21201
	case f.Get("From") == "":
		return 21213
	case !number.MatchString(f.Get("From")):
		return 21212
	case !slices.Contains(s.account.Numbers, f.Get("From")):
		return 21210
	case f.Get("Twiml") == "", utf8.RuneCountInString(f.Get("Twiml")) > 4000:
		return 21205
	case f.Has("StatusCallback") && !isAddress(f.Get("StatusCallback")):
		return 21609
	case strings.Trim(f.Get("SendDigits"), "0123456789ABCD#*wW") != "", len(f.Get("SendDigits")) > 32:
		return 20001
	case !number.MatchString(f.Get("To")):
		return 21217
	}
	return callRefusal(f.Get("To"))
}

func (s *Server) takeCall(w http.ResponseWriter, f url.Values) {
	if code := s.callFault(f); code != 0 {
		refuse(w, code)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	c := &call{sid: fmt.Sprintf("CA%032x", s.count), form: f, status: "queued"}
	s.calls = append(s.calls, c)
	made := s.made("Calls", c.sid)
	made["to"], made["from"], made["status"] = f.Get("To"), f.Get("From"), c.status
	for _, name := range []string{"start_time", "end_time", "duration", "answered_by", "caller_name", "parent_call_sid", "group_sid"} {
		made[name] = nil
	}
	write(w, http.StatusCreated, made)
}

// Calls are those that were taken, the oldest first.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Call
	for _, c := range s.calls {
		all = append(all, Call{c.sid, c.status, c.form, slices.Clone(c.heard), c.waits != nil})
	}
	return all
}

// describe writes how a call stands into a request's form.
func (c *call) describe(form url.Values, status string) {
	form.Set("CallSid", c.sid)
	form.Set("CallStatus", status)
	form.Set("Direction", "outbound-api")
	for _, name := range []string{"To", "From"} {
		form.Set(name, c.form.Get(name))
	}
	form.Set("Called", c.form.Get("To"))
	form.Set("Caller", c.form.Get("From"))
}

// Answer rings a call, and has it answered unless its number says otherwise. Its document is
// played until it waits for a key or is over.
func (s *Server) Answer(ctx context.Context, sid string) error {
	c, err := s.find(sid, "queued")
	if err != nil {
		return err
	}
	for _, status := range []string{"initiated", "ringing"} {
		if err := s.become(ctx, c, status); err != nil {
			return err
		}
	}
	if end := unanswered(c.form.Get("To")); end != "" {
		return s.become(ctx, c, end)
	}
	if err := s.become(ctx, c, "in-progress"); err != nil {
		return err
	}
	return s.play(ctx, c, []byte(c.form.Get("Twiml")))
}

// Press presses a key while the call waits for one.
func (s *Server) Press(ctx context.Context, sid, key string) error {
	c, err := s.find(sid, "in-progress")
	if err != nil {
		return err
	}
	if c.waits == nil {
		return fmt.Errorf("call %s waits for no key", sid)
	}
	if key == c.waits.attr("finishOnKey") || key == "#" && !slices.ContainsFunc(c.waits.Attrs, func(a xml.Attr) bool { return a.Name.Local == "finishOnKey" }) {
		return s.Wait(ctx, sid) // as if none had been pressed
	}
	form := url.Values{"AccountSid": {s.account.SID}, "ApiVersion": {"2010-04-01"}, "Digits": {key}, "msg": {"Gather End"}, "FinishedOnKey": {""}}
	c.describe(form, "in-progress")
	status, media, body, err := s.post(ctx, c.waits.attr("action"), form)
	if kind, _, _ := mime.ParseMediaType(media); err != nil || status != http.StatusOK || kind != "text/xml" {
		body = nil // that is no document
	}
	return s.play(ctx, c, body)
}

// Wait lets the time for a key run out.
func (s *Server) Wait(ctx context.Context, sid string) error {
	c, err := s.find(sid, "in-progress")
	if err != nil {
		return err
	}
	return s.run(ctx, c)
}

// HangUp ends the call from the other side.
func (s *Server) HangUp(ctx context.Context, sid string) error {
	c, err := s.find(sid, "in-progress")
	if err != nil {
		return err
	}
	return s.become(ctx, c, "completed")
}

func (s *Server) find(sid, status string) (*call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c.sid == sid && c.status == status {
			return c, nil
		}
	}
	return nil, fmt.Errorf("no call %s is %s", sid, status)
}

// become notes how a call stands, and tells it whoever asked for that.
func (s *Server) become(ctx context.Context, c *call, status string) error {
	s.mu.Lock()
	c.status = status
	event := map[string]string{"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}[status]
	if event == "" {
		event, c.waits = "completed", nil
	}
	asked := slices.Contains(c.form["StatusCallbackEvent"], event)
	s.mu.Unlock()
	if !asked {
		return nil
	}
	_, err := s.Tell(ctx, c.sid, Step{Status: status})
	return err
}

// play begins a document.
func (s *Server) play(ctx context.Context, c *call, text []byte) error {
	verbs, err := parse(text)
	s.mu.Lock()
	c.left = verbs
	if err != nil {
		c.heard, c.left = append(c.heard, broken), nil
	}
	s.mu.Unlock()
	return s.run(ctx, c)
}

// run plays what is left of a document until it waits for a key; at its end the call is over.
func (s *Server) run(ctx context.Context, c *call) error {
	s.mu.Lock()
	c.waits = nil
	for len(c.left) > 0 && c.waits == nil {
		n := c.left[0]
		c.left = c.left[1:]
		switch n.XMLName.Local {
		case "Say":
			c.heard = append(c.heard, n.Text)
		case "Hangup":
			c.left = nil
		case "Gather":
			for _, inner := range n.Parts {
				if inner.XMLName.Local == "Say" {
					c.heard = append(c.heard, inner.Text)
				}
			}
			c.waits = &n
		}
	}
	over := c.waits == nil
	s.mu.Unlock()
	if !over {
		return nil
	}
	return s.become(ctx, c, "completed")
}
