package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const hidden = "JBSWY3DPEHPK3PXP"

// holder has a secret in every place where fmt looks for one.
type holder struct {
	Name    string
	Open    Text
	closed  Text
	Pointer *Text
	List    []Text
	Map     map[string]Text
	Any     any
}

func newHolder() holder {
	t := New(hidden)
	return holder{
		Name: "seed", Open: t, closed: t, Pointer: &t,
		List: []Text{t}, Map: map[string]Text{"k": t}, Any: t,
	}
}

func TestATextNeverPrintsItself(t *testing.T) {
	h := newHolder()
	values := map[string]any{
		"alone": h.Open, "pointer": h.Pointer, "struct": h, "pointer to struct": &h,
		"list": []holder{h}, "closed field": struct{ t Text }{h.closed},
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s"} {
		for name, v := range values {
			got := fmt.Sprintf(verb, v)
			if leaks(got) {
				t.Errorf("%s of %s shows the secret: %s", verb, name, got)
			}
		}
		if got := fmt.Sprintf(verb, h.Open); got != "[secret]" {
			t.Errorf("%s of a Text = %q, want [secret]", verb, got)
		}
	}
}

// leaks looks for the secret as it is and in hexadecimal.
func leaks(s string) bool {
	hex := fmt.Sprintf("%x", hidden)
	return strings.Contains(s, hidden) || strings.Contains(strings.ToLower(s), hex)
}

func TestATextStaysOutOfJSON(t *testing.T) {
	got, err := json.Marshal(newHolder())
	if err != nil {
		t.Fatal(err)
	}
	if leaks(string(got)) || !strings.Contains(string(got), `"Open":"[secret]"`) {
		t.Errorf("json = %s", got)
	}
	got, err = json.Marshal(map[Text]int{New(hidden): 1})
	if err != nil {
		t.Fatal(err)
	}
	if leaks(string(got)) {
		t.Errorf("json of a key = %s", got)
	}
}

func TestATextStaysOutOfLogs(t *testing.T) {
	var out bytes.Buffer
	h := newHolder()
	for _, log := range []*slog.Logger{
		slog.New(slog.NewTextHandler(&out, nil)),
		slog.New(slog.NewJSONHandler(&out, nil)),
	} {
		log.Info("message", "text", h.Open, "pointer", h.Pointer, "struct", h, "error", fmt.Errorf("with %v", h.Open))
		log.With("text", h.Open).WithGroup("g").Info("message", slog.Group("g", "text", h.Open))
	}
	if leaks(out.String()) || !strings.Contains(out.String(), "[secret]") {
		t.Errorf("log = %s", out.String())
	}
}

func TestRevealIsTheWayOut(t *testing.T) {
	if got := New(hidden).Reveal(); got != hidden {
		t.Errorf("Reveal() = %q, want %q", got, hidden)
	}
	if New(hidden).Empty() {
		t.Error("a Text with a secret says that it is empty")
	}
}

func TestTheZeroTextIsEmpty(t *testing.T) {
	var zero Text
	if got := zero.Reveal(); got != "" || !zero.Empty() || !New("").Empty() {
		t.Errorf("zero: Reveal() = %q, Empty() = %v; New(\"\").Empty() = %v", got, zero.Empty(), New("").Empty())
	}
	if got := fmt.Sprint(zero); got != "[secret]" {
		t.Errorf("zero prints %q, want [secret]", got)
	}
}
