package mail

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// taken is a mail that the real server took.
type taken struct {
	From, To, Helo      string
	Options             []string
	Encrypted, SignedIn bool
	Body                []byte
}

// server is a real one: Debian's aiosmtpd, one process for all tests here.
type server struct {
	Starttls, TLS, Off int // ports
	roots              *x509.CertPool

	mu    sync.Mutex
	in    io.WriteCloser
	out   *bufio.Scanner
	mails []taken
	marks int
}

var shared = sync.OnceValues(start) // it ends with its input, that is with this process

func realServer(t testing.TB) *server {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("start a real mail server: %v (make deps brings python3-aiosmtpd)", err)
	}
	return s
}

func start() (*server, error) {
	folder, err := os.MkdirTemp("", "mail")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // it is read by then
	s := &server{roots: x509.NewCertPool()}
	chain := filepath.Join(folder, "chain.pem")
	if err := s.certify(chain); err != nil {
		return nil, err
	}
	cmd := exec.Command("/usr/bin/python3", "-W", "ignore", "testdata/server.py", chain) // Debian's, whatever else is on the PATH
	cmd.Stderr = os.Stderr
	if s.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.out = bufio.NewScanner(out)
	s.out.Buffer(nil, 4<<20)
	if !s.out.Scan() {
		return nil, fmt.Errorf("it says nothing: %w", cmd.Wait())
	}
	return s, json.Unmarshal(s.out.Bytes(), s)
}

// certify writes a certificate of 127.0.0.1 with its key, and trusts it.
func (s *server) certify(file string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	s.roots.AppendCertsFromPEM(certificate)
	return os.WriteFile(file, append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), certificate...), 0o600)
}

// box is what was taken so far for one recipient.
func (s *server) box(t testing.TB, to string) []taken {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks++
	mark := fmt.Sprint("mark ", s.marks)
	if _, err := fmt.Fprintln(s.in, mark); err != nil {
		t.Fatal(err)
	}
	for s.out.Scan() && s.out.Text() != mark {
		var m taken
		if err := json.Unmarshal(s.out.Bytes(), &m); err != nil {
			t.Fatalf("the server says %q: %v", s.out.Text(), err)
		}
		s.mails = append(s.mails, m)
	}
	var box []taken
	for _, m := range s.mails {
		if m.To == to {
			box = append(box, m)
		}
	}
	return box
}
