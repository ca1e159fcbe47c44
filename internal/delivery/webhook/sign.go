package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

// The headers of Standard Webhooks 1.0.0, "Webhook headers".
const (
	headerID        = "Webhook-Id"
	headerTime      = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

const (
	secretPrefix = "whsec_"
	version      = "v1," // HMAC-SHA256, the symmetric scheme
	tolerance    = 5 * time.Minute

	minKey, maxKey = 24, 64 // bytes, as the specification has it
	maxKeys        = 4
	maxSignatures  = 16 // that are looked at in one header
)

// errSignature: the request is not signed by the gateway, or not now.
var errSignature = errors.New("signature is not good")

// keys are secrets, opened. Each is a good one.
type keys [][]byte

func parseKeys(secrets []secret.Text) (keys, error) {
	const howto = `make one with: echo "whsec_$(openssl rand -base64 32)"`
	if len(secrets) == 0 || len(secrets) > maxKeys {
		return nil, fmt.Errorf("want 1 to %d secrets that gateway and server share; %s", maxKeys, howto)
	}
	var ks keys
	var wrong []error
	for i, s := range secrets {
		text, prefixed := strings.CutPrefix(s.Reveal(), secretPrefix)
		k, err := base64.StdEncoding.DecodeString(text)
		if !prefixed || err != nil || len(k) < minKey || len(k) > maxKey {
			wrong = append(wrong, fmt.Errorf("secret %d is not whsec_ and %d to %d bytes in base64; %s", i+1, minKey, maxKey, howto))
			continue
		}
		ks = append(ks, k)
	}
	return ks, errors.Join(wrong...)
}

// signature is k's of one request: over its id, its time and its body.
func signature(k []byte, id, at string, body []byte) string {
	h := hmac.New(sha256.New, k)
	h.Write([]byte(id + "." + at + "."))
	h.Write(body)
	return version + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// sign adds the three headers, with a signature of each key.
func (ks keys) sign(h http.Header, id string, now time.Time, body []byte) {
	at := strconv.FormatInt(now.Unix(), 10)
	var all []string
	for _, k := range ks {
		all = append(all, signature(k, id, at, body))
	}
	h.Set(headerID, id)
	h.Set(headerTime, at)
	h.Set(headerSignature, strings.Join(all, " "))
}

// verify returns errSignature unless one of the keys has signed the request, less than 5 min from
// now. It compares in constant time.
func (ks keys) verify(h http.Header, now time.Time, body []byte) error {
	id, at := h.Get(headerID), h.Get(headerTime)
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || id == "" || now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return errSignature
	}
	good := false
	for _, k := range ks {
		want := []byte(signature(k, id, at, body))
		n := 0
		for given := range strings.SplitSeq(h.Get(headerSignature), " ") {
			if n++; n > maxSignatures {
				break
			}
			good = hmac.Equal([]byte(given), want) || good
		}
	}
	if !good {
		return errSignature
	}
	return nil
}
