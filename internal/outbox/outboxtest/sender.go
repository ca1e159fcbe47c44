// Package outboxtest is the contract of package outbox as a test, for every carrier.
package outboxtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// Rig is a Sender and what its carrier has brought.
type Rig struct {
	Sender  outbox.Sender
	Channel outbox.Channel
	To      string // a destination that it takes
	// Twice: its carrier cannot tell a message that it got before, and brings it again.
	Twice bool
	// Brought is what arrived there, the oldest first: the words of each text, the words of
	// each call once its key is pressed, all the words of each mail.
	Brought func(t *testing.T) []string
}

const code = "418207"

// Sender tests the Sender that open makes, anew for each part.
func Sender(t *testing.T, open func(t *testing.T) Rig) {
	t.Run("the same id twice is brought once", func(t *testing.T) {
		r := open(t)
		m := r.message("first", "good until noon")
		for range 2 {
			if _, err := r.Sender.Send(t.Context(), m); err != nil {
				t.Errorf("send: %v", err)
			}
		}
		once := 1
		if r.Twice {
			once = 2
		}
		if got := r.Brought(t); len(got) != once || !strings.Contains(got[0], code) {
			t.Errorf("brought %q", got)
		}
		if _, err := r.Sender.Send(t.Context(), r.message("second", "good until one")); err != nil {
			t.Errorf("send: %v", err)
		}
		if got := r.Brought(t); len(got) != once+1 || !strings.Contains(got[once], "good until one") {
			t.Errorf("brought %q", got)
		}
	})
	t.Run("a context that has ended ends it", func(t *testing.T) {
		r := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r.fails(t, ctx, r.message("first", "good until noon"))
	})
	t.Run("a time that is over ends it", func(t *testing.T) {
		r := open(t)
		ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
		defer cancel()
		r.fails(t, ctx, r.message("first", "good until noon"))
	})
	t.Run("a long message is brought whole or not at all", func(t *testing.T) {
		r := open(t)
		long := make([]string, 1000)
		for i := range long {
			long[i] = fmt.Sprint("word", i)
		}
		words := strings.Join(long, " ")
		_, err := r.Sender.Send(t.Context(), r.message("first", words))
		got := r.Brought(t)
		whole := func(s string) bool { return strings.Contains(s, words) }
		if err == nil && !slices.ContainsFunc(got, whole) || err != nil && len(got) > 0 {
			t.Errorf("error %v, brought %.200q", err, got)
		}
	})
}

// fails sends m with a context that has ended: an error, nothing brought, nothing told.
func (r Rig) fails(t *testing.T, ctx context.Context, m outbox.Message) {
	t.Helper()
	_, err := r.Sender.Send(ctx, m)
	if err == nil || errors.Is(err, outbox.ErrRefused) {
		t.Fatalf("error %v", err)
	}
	if text := err.Error(); strings.Contains(text, code) || strings.Contains(text, strings.TrimPrefix(r.To, "+")) {
		t.Errorf("the error tells: %s", text)
	}
	if got := r.Brought(t); len(got) > 0 {
		t.Errorf("brought %q", got)
	}
}

// message has a code and these words, whatever the channel.
func (r Rig) message(id, words string) outbox.Message {
	words = code + " is your code, " + words
	now := time.Now()
	return outbox.Message{
		Delivery: outbox.Delivery{
			ID: id, Company: "juniper", User: "dana", Channel: r.Channel, SignIn: "s", Challenge: "c", Generation: 1,
			Created: now, Expires: now.Add(5 * time.Minute), Tries: 1,
		},
		To: r.To, Code: secret.New(code), Text: secret.New(words), Spoken: secret.New(words), Prompt: "Press 1.",
		Mail:  outbox.Letter{From: "Juniper & Finch Outfitters", Subject: "A code", Title: "A code", Lead: words},
		Until: now.Add(5 * time.Minute), Language: "en",
	}
}
