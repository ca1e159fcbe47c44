// Command gateway is an example of a gateway, to be read beside docs/webhook.md and built upon. It sends nothing to anybody:
// it prints each text, says that it was delivered, and forgets all when it ends. GATEWAY_SECRET is the secret, whsec_….
package main

import (
	"bytes"
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
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8090", "address and port; port 0 takes a free one")
	flag.Parse()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("GATEWAY_SECRET"), "whsec_"))
	l, busy := net.Listen("tcp", *listen)
	if err != nil || len(key) < 24 || busy != nil {
		log.Fatalln("GATEWAY_SECRET must be the whsec_… that Sallyport has, and -listen a free address:", busy)
	}
	fmt.Printf("listening on http://%s\n", l.Addr())
	var seen sync.Map // a real one keeps these where a restart does not lose them
	log.Fatal(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		id, at, signed := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), false
		for given := range strings.SplitSeq(r.Header.Get("webhook-signature"), " ") {
			signed = hmac.Equal([]byte(given), sign(key, id, at, body)) || signed
		}
		seconds, _ := strconv.ParseInt(at, 10, 64)
		var m struct{ Channel, To, Text, Callback string }
		if err != nil || !signed || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
			w.WriteHeader(http.StatusUnauthorized)
		} else if json.Unmarshal(body, &m) != nil || m.Channel != "text" {
			http.Error(w, `{"reason": "refused", "elsewhere": true}`, http.StatusUnprocessableEntity)
		} else if _, again := seen.LoadOrStore(id, true); !again { // a repeat is answered alike, and sent once
			fmt.Printf("to %s: %q\n", m.To, m.Text) // a real one hands it on here, and prints neither
			go report(key, m.Callback, id)          // when its network says so
		}
	})))
}

func sign(key []byte, id, at string, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.%s", id, at, body)
	return []byte("v1," + base64.StdEncoding.EncodeToString(h.Sum(nil)))
}

func report(key []byte, callback, id string) {
	body, at := fmt.Appendf(nil, `{"id": %q, "state": "delivered"}`, id), strconv.FormatInt(time.Now().Unix(), 10)
	r, err := http.NewRequest(http.MethodPost, callback, bytes.NewReader(body))
	if err != nil {
		log.Println("no report:", err)
		return
	}
	r.Header = http.Header{"Webhook-Id": {"report-" + id}, "Webhook-Timestamp": {at}, "Webhook-Signature": {string(sign(key, "report-"+id, at, body))}}
	if res, err := http.DefaultClient.Do(r); err != nil {
		log.Println("no report:", err) // a real one tries again
	} else {
		log.Println("reported:", res.Status, res.Body.Close())
	}
}
