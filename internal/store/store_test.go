package store_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store"
	"sallyport.dev/sallyport/internal/store/storetest"
)

func ring(t *testing.T, root byte) *secret.Ring {
	t.Helper()
	r, err := secret.NewRing("k1", map[secret.KeyID][]byte{"k1": bytes.Repeat([]byte{root}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t *testing.T, dsn string, r *secret.Ring) *store.Store {
	t.Helper()
	return openIn(t, dsn, r, storetest.RegionOf)
}

// openIn is open where regionOf says to which country a number belongs.
func openIn(t *testing.T, dsn string, r *secret.Ring, regionOf func(string) string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn, r, store.Options{Texts: pumping.Rules{RegionOf: regionOf}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store {
		return open(t, "sqlite:"+filepath.Join(t.TempDir(), "sally port?.db"), ring(t, 1))
	})
}

func TestPostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store {
		return open(t, storetest.Postgres(t), ring(t, 1))
	})
}
