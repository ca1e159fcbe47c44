package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
)

// told are the texts without a code that m got at number, the oldest first.
func (h *house) told(m member, number string) []string {
	h.t.Helper()
	var said []string
	for _, got := range h.got(m, outbox.Text) {
		if got.IsNotice() && got.To == number {
			said = append(said, got.Text.Reveal())
		}
	}
	return said
}

// Whoever takes an account over sets up a number of their own: the one that was there is told, by
// text besides by mail, and can say whom to call.
func TestTheOldNumberIsToldOfEveryChange(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		b.joinBy(sam, factor.SMS, phoneOf(sam))
		if said := h.told(sam, phoneOf(sam)); len(said) != 0 {
			t.Errorf("the first number is told of itself: %q", said)
		}
		path := b.beginAdd()
		b.answer(path, h.newest(sam, outbox.Text)).leads(path)
		b.setUpPhone(sam, path, factor.Voice, evilNumber)
		added := "A phone number was added to your two-factor sign-in at Strict & Sons. Not you? Tell Ada Okafor now."
		if said := h.told(sam, phoneOf(sam)); !slices.Equal(said, []string{added}) {
			t.Errorf("the old number is told %q", said)
		}
		if said := h.told(sam, evilNumber); len(said) != 0 {
			t.Errorf("the new one is told %q", said)
		}

		h.clock.pass(5 * time.Minute)
		old := h.methodID(sam, 0)
		remove := b.beginRemove(old)
		b.answer(remove, h.newest(sam, outbox.Text)).leads("/settings?done=removed")
		removed := "A phone number was removed from your two-factor sign-in at Strict & Sons. Not you? Tell Ada Okafor now."
		if said := h.told(sam, phoneOf(sam)); !slices.Equal(said, []string{added, removed}) {
			t.Errorf("the old number is told %q", said)
		}

		admin := h.newBrowser()
		admin.join(ada)
		admin.resets(sam)
		if said := h.told(sam, evilNumber); len(said) != 2 || !strings.Contains(said[1], "was reset. Not asked for?") {
			t.Errorf("after the reset the other number is told %q", said)
		}
		if mails := h.got(sam, outbox.Mail); len(mails) != 4 {
			t.Errorf("%d mails, want one a change", len(mails))
		}
		for _, n := range append(written(phoneOf(sam)), written(evilNumber)...) {
			if strings.Contains(when.ReplaceAllString(h.log.String(), ""), n) {
				t.Errorf("the log has %q", n)
			}
		}
		if n := h.count("outbox WHERE sign_in_id = '' AND channel = 'text' AND user_id = 'sam'"); n != 4 {
			t.Errorf("%d notices by text, want 4", n)
		}
	})
}
