// Command gateway is an example of a gateway, to be read beside docs/webhook.md and built upon. It sends nothing to anybody:
// it prints each text, says that it was delivered, and forgets all when it ends. GATEWAY_SECRET is the secret, whsec_….
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8090", "address and port; port 0 takes a free one")
	flag.Parse()
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("GATEWAY_SECRET"), "whsec_")) // none: too short
	l, err := net.Listen("tcp", *listen)
	if err != nil || len(key) < 24 {
		log.Fatalln("GATEWAY_SECRET must be the whsec_… that Sallyport has, and -listen a free address:", err)
	}
	fmt.Printf("listening on http://%s\n", l.Addr())
	var seen sync.Map // a real one keeps these where a restart does not lose them
	log.Fatal(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		id, at, signed, seconds := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), false, int64(0)
		for given := range strings.SplitSeq(r.Header.Get("webhook-signature"), " ") {
			signed = hmac.Equal([]byte(given), []byte(sign(key, id, at, string(body)))) || signed
		}
		_, wrong := fmt.Sscan(at, &seconds)
		var m struct{ Channel, To, Text, Callback string }
		if err != nil || wrong != nil || !signed || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
			w.WriteHeader(http.StatusUnauthorized)
		} else if json.Unmarshal(body, &m) != nil || m.Channel != "text" {
			http.Error(w, `{"reason": "refused", "elsewhere": true}`, http.StatusUnprocessableEntity)
		} else if _, again := seen.LoadOrStore(id, true); !again { // a repeat is answered alike, and sent once
			fmt.Printf("to %s: %q\n", m.To, m.Text) // a real one hands it on here, and prints neither
			body, at := fmt.Sprintf(`{"id": %q, "state": "delivered"}`, id), fmt.Sprint(time.Now().Unix())
			if report, err := http.NewRequest("POST", m.Callback, strings.NewReader(body)); err == nil { // when its network says so
				report.Header = http.Header{"Webhook-Id": {"r-" + id}, "Webhook-Timestamp": {at}, "Webhook-Signature": {sign(key, "r-"+id, at, body)}}
				go http.DefaultClient.Do(report) // a real one looks whether that was heard
			}
		}
	})))
}

func sign(key []byte, id, at, body string) string {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.%s", id, at, body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}
