package password

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The sizes, in bytes, of what Hash makes and of what is read.
const (
	saltSize, minSalt, maxSalt = 16, 8, 64
	sumSize, minSum, maxSum    = 32, 16, 64
)

// hash is one Argon2id hash: what a PHC string says.
type hash struct {
	params    Params
	salt, sum []byte
}

// String writes h in PHC's form: $argon2id$v=19$m=19456,t=2,p=1$salt$hash, the last two
// in base64 without padding.
func (h hash) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.params.MemoryKiB, h.params.Time, h.params.Threads, b64.EncodeToString(h.salt), b64.EncodeToString(h.sum))
}

// parse reads exactly what String writes, within the limits of most, so that no row
// makes the process run out of memory. Its error is ErrMalformed and quotes nothing.
func parse(phc string) (hash, error) {
	part := strings.Split(phc, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return hash{}, ErrMalformed
	}
	params, ok := parseParams(part[3])
	if !ok {
		return hash{}, ErrMalformed
	}
	salt, okSalt := parseBytes(part[4], minSalt, maxSalt)
	sum, okSum := parseBytes(part[5], minSum, maxSum)
	if !okSalt || !okSum {
		return hash{}, ErrMalformed
	}
	return hash{params: params, salt: salt, sum: sum}, nil
}

func parseParams(s string) (p Params, ok bool) {
	part := strings.Split(s, ",")
	if len(part) != 3 {
		return Params{}, false
	}
	memory, okM := parseNumber(part[0], "m=", 32)
	time, okT := parseNumber(part[1], "t=", 32)
	threads, okP := parseNumber(part[2], "p=", 8)
	p = Params{MemoryKiB: uint32(memory), Time: uint32(time), Threads: uint8(threads)}
	return p, okM && okT && okP && p.computable()
}

// parseNumber reads "m=1" but not "m=01" or "m=+1".
func parseNumber(s, name string, bits int) (n uint64, ok bool) {
	digits, found := strings.CutPrefix(s, name)
	n, err := strconv.ParseUint(digits, 10, bits)
	return n, found && err == nil && strconv.FormatUint(n, 10) == digits
}

func parseBytes(s string, low, high int) (b []byte, ok bool) {
	if strings.ContainsAny(s, "\r\n") { // the decoder skips them
		return nil, false
	}
	b, err := base64.RawStdEncoding.Strict().DecodeString(s)
	return b, err == nil && len(b) >= low && len(b) <= high
}
