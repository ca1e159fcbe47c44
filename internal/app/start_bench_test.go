package app_test

import (
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
)

// BenchmarkStart is a start on a database that is up to date, but for what packages do before
// main and for listening.
func BenchmarkStart(b *testing.B) {
	c := config.Config{
		Database: "sqlite:" + filepath.Join(b.TempDir(), "sallyport.db"), KeyFile: filepath.Join(b.TempDir(), "keys"),
		Hosts: []string{"127.0.0.1"}, ProductName: "Sallyport", Password: password.Default,
	}
	if _, err := secret.CreateRing(c.KeyFile); err != nil {
		b.Fatal(err)
	}
	start := func() {
		a, err := app.New(b.Context(), c, app.Outside{Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			b.Fatal(err)
		}
		if err := a.Close(); err != nil {
			b.Error(err)
		}
	}
	start()
	b.ReportAllocs()
	for b.Loop() {
		start()
	}
}
