package secret

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// root is a root key that differs by n.
func root(n byte) []byte { return bytes.Repeat([]byte{n}, rootSize) }

func newRing(t testing.TB, active KeyID, keys map[KeyID][]byte) *Ring {
	t.Helper()
	r, err := NewRing(active, keys)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestASealedTextOpensWhereItWasSealed(t *testing.T) {
	r := newRing(t, "k1", map[KeyID][]byte{"k1": root(1)})
	for _, plain := range []string{"", "a", "JBSWY3DPEHPK3PXP", strings.Repeat("long ", 1000)} {
		sealed := r.Seal([]byte(plain), "authenticator", "acme", "id")
		// One letter stands among thirty random bytes by chance, once in nine runs.
		if len(plain) > 1 && bytes.Contains(sealed, []byte(plain)) {
			t.Errorf("%q can be read in what was sealed", plain)
		}
		got, err := r.Open(sealed, "authenticator", "acme", "id")
		if err != nil || string(got) != plain {
			t.Errorf("Open() = %q, %v, want %q", got, err, plain)
		}
	}
}

func TestASealedTextOpensNowhereElse(t *testing.T) {
	r := newRing(t, "k1", map[KeyID][]byte{"k1": root(1)})
	sealed := r.Seal([]byte("seed"), "authenticator", "acme", "ab", "c")
	for _, tt := range []struct {
		name string
		bind []string
	}{
		{"another row", []string{"authenticator", "acme", "ab", "d"}},
		{"another company", []string{"authenticator", "bcme", "ab", "c"}},
		{"the same letters in other parts", []string{"authenticator", "acme", "a", "bc"}},
		{"one part less", []string{"authenticator", "acme", "ab"}},
		{"one empty part more", []string{"authenticator", "acme", "ab", "c", ""}},
		{"no place at all", nil},
	} {
		if got, err := r.Open(sealed, tt.bind...); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: Open() = %q, %v, want ErrSealed", tt.name, got, err)
		}
	}
}

func TestAChangedByteDoesNotOpen(t *testing.T) {
	r := newRing(t, "k1", map[KeyID][]byte{"k1": root(1), "k2": root(1)})
	sealed := r.Seal([]byte("seed"), "here")
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 3 // turns the id k1 into k2, a key of the same bytes
		_, err := r.Open(changed, "here")
		if !errors.Is(err, ErrSealed) && !errors.Is(err, ErrKeyMissing) {
			t.Errorf("byte %d changed: %v, want it refused", i, err)
		}
	}
	for n := range sealed {
		if _, err := r.Open(sealed[:n], "here"); err == nil {
			t.Errorf("cut to %d bytes: it opened", n)
		}
	}
}

func TestTheSameTextIsSealedDifferentlyEachTime(t *testing.T) {
	r := newRing(t, "k1", map[KeyID][]byte{"k1": root(1)})
	if bytes.Equal(r.Seal([]byte("seed")), r.Seal([]byte("seed"))) {
		t.Error("two seals of one text are equal")
	}
}

func TestAfterARotationOldTextsOpenAndNewOnesTakeTheNewKey(t *testing.T) {
	before := newRing(t, "old", map[KeyID][]byte{"old": root(1)})
	after := newRing(t, "new", map[KeyID][]byte{"old": root(1), "new": root(2)})

	if got, err := after.Open(before.Seal([]byte("seed"), "x"), "x"); err != nil || string(got) != "seed" {
		t.Errorf("Open() of an older seal = %q, %v", got, err)
	}
	if _, err := before.Open(after.Seal([]byte("seed"), "x"), "x"); !errors.Is(err, ErrKeyMissing) {
		t.Errorf("Open() without the new key: %v, want ErrKeyMissing", err)
	}
	if after.Active() != "new" || !after.Has("old") || after.Has("other") {
		t.Errorf("Active() = %q, Has(old) = %v, Has(other) = %v", after.Active(), after.Has("old"), after.Has("other"))
	}
}

func TestADigestFollowsFromKeyLabelAndParts(t *testing.T) {
	r := newRing(t, "k1", map[KeyID][]byte{"k1": root(1), "k2": root(2), "k3": root(1)})
	same := r.Digest("label/v1", "ab", "c")
	if len(same) != sha256.Size || !Equal(same, r.Digest("label/v1", "ab", "c")) {
		t.Fatalf("Digest() = %x, then another", same)
	}
	with := func(id KeyID) []byte {
		d, err := r.DigestWith(id, "label/v1", "ab", "c")
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if !Equal(same, with("k1")) {
		t.Error("DigestWith the active key differs from Digest")
	}
	for name, other := range map[string][]byte{
		"another label":                  r.Digest("label/v2", "ab", "c"),
		"another cut of the parts":       r.Digest("label/v1", "a", "bc"),
		"another key":                    with("k2"),
		"the same bytes in another name": with("k3"),
	} {
		if Equal(same, other) {
			t.Errorf("%s gives the same digest", name)
		}
	}
	if _, err := r.DigestWith("gone", "label/v1"); !errors.Is(err, ErrKeyMissing) {
		t.Errorf("DigestWith a key that is gone: %v, want ErrKeyMissing", err)
	}
}

// Stored digests must still match after an update, so the recipe is written out here
// a second time.
func TestTheRecipeOfADigestDoesNotChange(t *testing.T) {
	r := newRing(t, "k1", map[KeyID][]byte{"k1": root(1)})
	sub, err := hkdf.Key(sha256.New, root(1), nil, "digest/otp-code/v1", 32)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, sub)
	for _, part := range []string{"otp-code/v1", "k1", "acme", "u1"} {
		fmt.Fprintf(mac, "\x00\x00\x00\x00\x00\x00\x00%c%s", byte(len(part)), part)
	}
	if got, want := r.Digest("otp-code/v1", "acme", "u1"), mac.Sum(nil); !Equal(got, want) {
		t.Errorf("Digest() = %x, want %x", got, want)
	}
}

func TestWhatAnEarlierReleaseSealedStillOpens(t *testing.T) {
	r := newRing(t, "k1", map[KeyID][]byte{"k1": root(1)})
	sealed, err := hex.DecodeString(sealedByFirstRelease)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Open(sealed, "authenticator", "acme"); err != nil || string(got) != "seed" {
		t.Errorf("Open() = %q, %v, want %q", got, err, "seed")
	}
}

// sealedByFirstRelease is "seed", bound to authenticator and acme, by key k1 of 32 ones.
const sealedByFirstRelease = "026b31b9c79b4c6ab7d9a8a5b69fc363ecb326302e8ec1b97f9e90cf07e4882599cb5d"

func TestOneRingServesManyAtOnce(t *testing.T) {
	r := newRing(t, "k1", map[KeyID][]byte{"k1": root(1)})
	want := newRing(t, "k1", map[KeyID][]byte{"k1": root(1)}).Digest("label", "x")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if got, err := r.Open(r.Seal([]byte("seed"), "x"), "x"); err != nil || string(got) != "seed" {
					t.Errorf("Open() = %q, %v", got, err)
				}
				if got := r.Digest("label", "x"); !Equal(got, want) {
					t.Errorf("Digest() = %x, want %x", got, want)
				}
			}
		})
	}
	wg.Wait()
}

func TestACanaryKnowsItsRing(t *testing.T) {
	canary := newRing(t, "k1", map[KeyID][]byte{"k1": root(1)}).NewCanary()
	for _, tt := range []struct {
		name string
		ring *Ring
		want error
	}{
		{"the same key", newRing(t, "k1", map[KeyID][]byte{"k1": root(1)}), nil},
		{"the same key, no longer active", newRing(t, "k2", map[KeyID][]byte{"k1": root(1), "k2": root(2)}), nil},
		{"another key of the same name", newRing(t, "k1", map[KeyID][]byte{"k1": root(2)}), ErrWrongKey},
		{"another name", newRing(t, "k2", map[KeyID][]byte{"k2": root(1)}), ErrWrongKey},
	} {
		if err := tt.ring.CheckCanary(canary); !errors.Is(err, tt.want) {
			t.Errorf("%s: CheckCanary() = %v, want %v", tt.name, err, tt.want)
		}
	}
	r := newRing(t, "k1", map[KeyID][]byte{"k1": root(1)})
	for _, bad := range [][]byte{nil, {}, r.Seal([]byte(canaryText), "row"), r.Seal([]byte("other"), "canary")} {
		if err := r.CheckCanary(bad); !errors.Is(err, ErrWrongKey) {
			t.Errorf("CheckCanary(%x) = %v, want ErrWrongKey", bad, err)
		}
	}
}

func TestARingRefusesKeysThatAreNone(t *testing.T) {
	for name, make := range map[string]func() (*Ring, error){
		"no keys":           func() (*Ring, error) { return NewRing("k1", nil) },
		"active is missing": func() (*Ring, error) { return NewRing("k2", map[KeyID][]byte{"k1": root(1)}) },
		"short key":         func() (*Ring, error) { return NewRing("k1", map[KeyID][]byte{"k1": root(1)[1:]}) },
		"long key":          func() (*Ring, error) { return NewRing("k1", map[KeyID][]byte{"k1": append(root(1), 1)}) },
		"empty id":          func() (*Ring, error) { return NewRing("", map[KeyID][]byte{"": root(1)}) },
		"id with a space":   func() (*Ring, error) { return NewRing("k 1", map[KeyID][]byte{"k 1": root(1)}) },
		"long id": func() (*Ring, error) {
			id := KeyID(strings.Repeat("k", maxKeyIDLen+1))
			return NewRing(id, map[KeyID][]byte{id: root(1)})
		},
	} {
		if r, err := make(); err == nil {
			t.Errorf("%s: NewRing() = %v, want an error", name, r)
		}
	}
}

func TestARingNeverPrintsItsKeys(t *testing.T) {
	secretRoot := []byte("0123456789abcdefGHIJKLMNOPQRSTUV")
	r := newRing(t, "k1", map[KeyID][]byte{"k1": secretRoot})
	r.Digest("label") // fills the cache
	sub, _ := r.keys["k1"].digests.Load("label")
	values := []any{r, struct{ R *Ring }{r}, struct{ r *Ring }{r}, []*Ring{r}, r.keys, r.keys["k1"].aead}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range values {
			got := fmt.Sprintf(verb, v)
			for _, key := range [][]byte{secretRoot, sub.([]byte)} {
				// As text, as a list of numbers and in hexadecimal.
				for _, form := range []string{string(key), fmt.Sprint(key), fmt.Sprintf("%x", key)} {
					if strings.Contains(got, strings.Trim(form, "[]")) {
						t.Errorf("%s of %T shows a key: %s", verb, v, got)
					}
				}
			}
		}
	}
	//lint:ignore SA9005 that there is nothing to see is what is tested
	if got, err := json.Marshal(r); err != nil || string(got) != "{}" {
		t.Errorf("json = %s, %v, want {}", got, err)
	}
}

func FuzzOpenRefusesWhatItDidNotSeal(f *testing.F) {
	r := newRing(f, "k1", map[KeyID][]byte{"k1": root(1)})
	f.Add([]byte{}, "x")
	f.Add([]byte("\x02k1"), "x")
	f.Add([]byte("\xffk1"), "x")
	f.Add(r.Seal([]byte("seed"), "y"), "x")
	f.Fuzz(func(t *testing.T, sealed []byte, bind string) {
		_, err := r.Open(sealed, "fuzz", bind)
		if !errors.Is(err, ErrSealed) && !errors.Is(err, ErrKeyMissing) {
			t.Errorf("Open(%x) = %v", sealed, err)
		}
	})
}
