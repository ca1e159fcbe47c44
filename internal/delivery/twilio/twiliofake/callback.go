package twiliofake

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Sign is the signature of a form posted to an address, by an account's token.
func Sign(token, address string, form url.Values) string {
	var text strings.Builder
	text.WriteString(address)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		text.WriteString(name + form.Get(name))
	}
	mac := hmac.New(sha1.New, []byte(token))
	io.WriteString(mac, text.String()) // a hash never fails
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Tell reports on a message or a call, and returns the status of the answer; 0 where nobody
// asked for reports.
func (s *Server) Tell(ctx context.Context, sid string, step Step) (int, error) {
	form, to := s.about(sid, step)
	if to == "" {
		return 0, nil
	}
	status, _, _, err := s.post(ctx, to, form)
	return status, err
}

// Finish tells all that becomes of a text by its number.
func (s *Server) Finish(ctx context.Context, sid string) error {
	for _, t := range s.Texts() {
		if t.SID != sid {
			continue
		}
		for _, step := range fate(t.Form.Get("To")) {
			if _, err := s.Tell(ctx, sid, step); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("no text %s", sid)
}

// about is a report's form and where it goes.
func (s *Server) about(sid string, step Step) (form url.Values, to string) {
	form = url.Values{"AccountSid": {s.account.SID}, "ApiVersion": {"2010-04-01"}}
	if step.Code != 0 {
		form.Set("ErrorCode", strconv.Itoa(step.Code))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.texts {
		if t.SID == sid {
			form.Set("MessageSid", sid)
			form.Set("SmsSid", sid)
			form.Set("MessageStatus", step.Status)
			form.Set("SmsStatus", step.Status)
			form.Set("To", t.Form.Get("To"))
			form.Set("From", t.Form.Get("From"))
			return form, t.Form.Get("StatusCallback")
		}
	}
	for _, c := range s.calls {
		if c.sid == sid {
			c.describe(form, step.Status)
			return form, c.form.Get("StatusCallback")
		}
	}
	return form, ""
}

// post posts a signed form, and follows no redirect.
func (s *Server) post(ctx context.Context, to string, form url.Values) (status int, media string, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	r.Header.Set("X-Twilio-Signature", Sign(s.account.Token, to, form))
	r.Header.Set("User-Agent", "twiliofake: a stand-in")
	res, err := s.client.Do(r)
	if err != nil {
		return 0, "", nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, 64<<10))
	return res.StatusCode, res.Header.Get("Content-Type"), body, err
}
