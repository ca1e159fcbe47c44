package okta

import (
	"strconv"
	"strings"
)

func (t Trouble) Error() string {
	var s strings.Builder
	s.WriteString("okta: " + t.Call + ": " + t.Kind.Error())
	if t.Status != 0 {
		s.WriteString(", status " + strconv.Itoa(t.Status))
	}
	if t.Code != "" {
		s.WriteString(", " + t.Code)
	}
	if t.Cause != nil {
		s.WriteString(": " + t.Cause.Error())
	}
	return s.String()
}

// Unwrap gives the kind to errors.Is, and the cause.
func (t Trouble) Unwrap() []error {
	if t.Cause == nil {
		return []error{t.Kind}
	}
	return []error{t.Kind, t.Cause}
}
