package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

// The outcomes that a caller branches on.
var (
	// ErrSealed: the bytes do not open. They are damaged, not sealed by this ring, or
	// sealed for another place (table, company, row).
	ErrSealed = errors.New("sealed bytes do not open")
	// ErrKeyMissing: the key that the bytes name is not in the ring. Nothing was tried.
	ErrKeyMissing = errors.New("key is not in the ring")
	// ErrWrongKey: the canary was made by other keys than those in the ring.
	ErrWrongKey = errors.New("key file is not the one this data was sealed with")
)

const (
	rootSize    = 32 // bytes of a root key
	maxKeyIDLen = 32
	sealLabel   = "seal/v1"
	canaryText  = "sallyport"
)

// KeyID names one root key: 1 to 32 of a-z, 0-9 and '-'. It is no secret: every sealed
// value begins with it.
type KeyID string

// Ring holds the root keys. One is active: it seals and digests what is new; the others
// still open what they sealed. No root key is used itself, each use has a subkey of its
// own (HKDF-SHA256, RFC 5869). A Ring never changes and is safe for concurrent use.
type Ring struct {
	active KeyID
	keys   map[KeyID]*key
}

// key is one root key and what was derived from it so far.
type key struct {
	root    *[rootSize]byte // a pointer: fmt prints its address
	aead    cipher.AEAD
	digests sync.Map // label -> []byte
}

// NewRing makes a ring of root keys of 32 bytes each, of which active is used for what
// is new. It copies the keys.
func NewRing(active KeyID, keys map[KeyID][]byte) (*Ring, error) {
	r := &Ring{active: active, keys: make(map[KeyID]*key, len(keys))}
	for id, root := range keys {
		if !id.valid() {
			// Not quoted: a slip in a key file could put a key in its place.
			return nil, fmt.Errorf("a key's id: want 1 to %d of a-z, 0-9 and '-'", maxKeyIDLen)
		}
		if len(root) != rootSize {
			return nil, fmt.Errorf("key %s has %d bytes: want %d", id, len(root), rootSize)
		}
		k, err := newKey([rootSize]byte(root))
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", id, err)
		}
		r.keys[id] = k
	}
	if !r.Has(active) {
		return nil, fmt.Errorf("the active one: %w", ErrKeyMissing)
	}
	return r, nil
}

func newKey(root [rootSize]byte) (*key, error) {
	k := &key{root: &root}
	block, err := aes.NewCipher(k.derive(sealLabel))
	if err != nil {
		return nil, fmt.Errorf("make the sealing cipher: %w", err)
	}
	if k.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return nil, fmt.Errorf("make the sealing cipher: %w", err)
	}
	return k, nil
}

// valid keeps ids readable in a key file and short enough for a length of one byte.
func (id KeyID) valid() bool {
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return 0 < len(id) && len(id) <= maxKeyIDLen
}

// Active returns the id of the key that is used for what is new.
func (r *Ring) Active() KeyID { return r.active }

// Has reports whether the key named id is in the ring.
func (r *Ring) Has(id KeyID) bool { return r.keys[id] != nil }

// Seal encrypts plain with the active key (AES-256-GCM, random nonce), bound to the
// place it is for: table, company, row. Only Open with the same parts opens it, so a
// row copied onto another user's opens nothing. A key is good for 2³² values.
func (r *Ring) Seal(plain []byte, bind ...string) []byte {
	// The layout: one byte, the length of the key's id; the id; nonce, text and tag.
	sealed := append([]byte{byte(len(r.active))}, r.active...)
	return r.keys[r.active].aead.Seal(sealed, nil, plain, bound(r.active, bind))
}

// Open decrypts what Seal made with the same bind. ErrKeyMissing when the key it names
// is not in the ring; ErrSealed when it does not open for any other reason.
func (r *Ring) Open(sealed []byte, bind ...string) ([]byte, error) {
	id, box, ok := splitSealed(sealed)
	if !ok {
		return nil, ErrSealed
	}
	k := r.keys[id]
	if k == nil {
		return nil, fmt.Errorf("open with key %s: %w", id, ErrKeyMissing)
	}
	plain, err := k.aead.Open(nil, nil, box, bound(id, bind))
	if err != nil {
		return nil, ErrSealed // the cipher's error says no more than that
	}
	return plain, nil
}

// splitSealed parts the key's id from what that key encrypted.
func splitSealed(sealed []byte) (id KeyID, box []byte, ok bool) {
	if len(sealed) == 0 || len(sealed)-1 < int(sealed[0]) {
		return "", nil, false
	}
	end := 1 + int(sealed[0])
	id = KeyID(sealed[1:end])
	return id, sealed[end:], id.valid()
}

// bound is the associated data: it cannot mean two different lists of parts.
func bound(id KeyID, parts []string) []byte {
	return frame(append([]string{sealLabel, string(id)}, parts...))
}

// frame joins parts, each after its length in 8 bytes, so that ("ab", "c") and
// ("a", "bc") differ.
func frame(parts []string) []byte {
	size := 0
	for _, p := range parts {
		size += 8 + len(p)
	}
	out := make([]byte, 0, size)
	for _, p := range parts {
		out = binary.BigEndian.AppendUint64(out, uint64(len(p)))
		out = append(out, p...)
	}
	return out
}

// Digest returns the 32 bytes of HMAC-SHA256 over label, key id and parts, each
// length-prefixed, under the active key's subkey for label. Labels are constants of the
// code, such as "otp-code/v1", since each one's subkey is kept.
func (r *Ring) Digest(label string, parts ...string) []byte {
	return r.keys[r.active].digest(r.active, label, parts)
}

// DigestWith is Digest under the key named id, for what was digested before a rotation.
// ErrKeyMissing when the ring does not have it.
func (r *Ring) DigestWith(id KeyID, label string, parts ...string) ([]byte, error) {
	k := r.keys[id]
	if k == nil {
		return nil, fmt.Errorf("digest %s with key %q: %w", label, id, ErrKeyMissing)
	}
	return k.digest(id, label, parts), nil
}

func (k *key) digest(id KeyID, label string, parts []string) []byte {
	mac := hmac.New(sha256.New, k.digestKey(label))
	mac.Write(frame(append([]string{label, string(id)}, parts...))) // a hash never refuses
	return mac.Sum(nil)
}

func (k *key) digestKey(label string) []byte {
	if sub, ok := k.digests.Load(label); ok {
		return sub.([]byte)
	}
	// Two at once derive the same bytes, so it does not matter whose stay. The prefix
	// keeps every label apart from the one for sealing.
	sub := k.derive("digest/" + label)
	k.digests.Store(label, sub)
	return sub
}

// derive returns the 32-byte subkey for one use.
func (k *key) derive(use string) []byte {
	sub, err := hkdf.Key(sha256.New, k.root[:], nil, use, rootSize)
	if err != nil {
		// Only a length over 255 hashes or a short key is refused; both are constants here.
		panic("secret: derive " + use + ": " + err.Error())
	}
	return sub
}

// NewCanary seals a known text, to be kept in the database beside what the keys protect.
func (r *Ring) NewCanary() []byte { return r.Seal([]byte(canaryText), "canary") }

// CheckCanary returns ErrWrongKey when canary was not made by a key of this ring, so
// that a wrong key file is found at start and not at the first sign-in.
func (r *Ring) CheckCanary(canary []byte) error {
	plain, err := r.Open(canary, "canary")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrWrongKey, err)
	}
	if string(plain) != canaryText {
		return ErrWrongKey
	}
	return nil
}

// Format keeps the keys out of every fmt verb.
func (r *Ring) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "[key ring]") }
