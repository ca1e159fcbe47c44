package app_test

import (
	"net/http"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// BenchmarkCode is our own share of a right code of an app, without the network: the attempt, the
// step and the session, all durable. The password before it is not in what it reports.
func BenchmarkCode(b *testing.B) {
	benchOnBothEngines(b, openQuiet, func(b *testing.B, h *house) {
		key := h.newBrowser().join(sam)
		var took, used time.Duration
		for b.Loop() {
			h.clock.nextStep()
			who := h.newBrowser()
			path := who.begin(sam)
			form := who.get(path).form("/answer")
			form.fields.Set("code", key.at(h.clock.Now(), 0))
			runtime.GC()
			began, before := time.Now(), cpu(b)
			who.submit(form).want(http.StatusSeeOther)
			took, used = took+time.Since(began), used+cpu(b)-before
		}
		b.ReportMetric(float64(took.Microseconds())/float64(b.N)/1000, "ms/code")
		b.ReportMetric(float64(used.Microseconds())/float64(b.N)/1000, "cpu-ms/code")
		b.ReportMetric(0, "ns/op")
	})
}

// cpu is what this process has used so far.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
