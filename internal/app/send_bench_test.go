package app_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/outbox"
)

// BenchmarkSendAgain measures our own share of a text: from the press of *Send again*, over
// HTTP, to the moment in which the carrier is given the message. p50 and p99 are of single
// texts; most of a sign-in around each is not in them.
func BenchmarkSendAgain(b *testing.B) {
	benchOnBothEngines(b, open, func(b *testing.B, h *house) {
		h.newBrowser().joinByText(sam)
		type text struct {
			at   time.Time
			code string
		}
		given := make(chan text, 1)
		h.phone.takes(func(m outbox.Message) error {
			if m.Channel == outbox.Text {
				given <- text{time.Now(), m.Code.Reveal()}
			}
			return nil
		})
		var took []time.Duration
		for b.Loop() {
			h.clock.pass(2 * time.Hour) // what counts of the texts is over
			browser := h.newBrowser()
			path := browser.begin(sam)
			<-given
			h.clock.pass(time.Minute)
			again := browser.get(path).want(http.StatusOK).form("/answer")
			again.action = path + "/resend" // its second button
			pressed := time.Now()
			browser.submit(again).want(http.StatusSeeOther)
			got := <-given
			took = append(took, got.at.Sub(pressed))
			browser.answer(path, got.code).leads("/")
		}
		slices.Sort(took)
		share := func(q float64) float64 { return float64(took[int(q*float64(len(took)-1))].Microseconds()) / 1000 }
		b.ReportMetric(share(0.5), "p50-ms")
		b.ReportMetric(share(0.99), "p99-ms")
		b.ReportMetric(0, "ns/op")
	})
}
