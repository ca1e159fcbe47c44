package app_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/store/storetest"
)

// The program itself, as an operator starts it: init, serve, the commands beside it, SIGTERM.

// program builds the program once for all tests.
var program = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "sallyport-binary-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "sallyport")
	if out, err := exec.Command("go", "build", "-o", path, "sallyport.dev/sallyport/cmd/sallyport").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
})

// installation is a folder with a configuration, and the program that serves it.
type installation struct {
	t       *testing.T
	binary  string
	config  string
	folder  string
	dsn     string
	boss    member
	base    string // where browsers find it
	listen  string
	serving *exec.Cmd
	log     logBook
}

// install runs init with these flags besides; base is what browsers ask for.
func install(t *testing.T, dsn, base, listen string, flags ...string) *installation {
	t.Helper()
	path, err := program()
	must(t, err)
	in := &installation{t: t, binary: path, folder: t.TempDir(), dsn: dsn, base: base, listen: listen}
	in.config = filepath.Join(in.folder, "sallyport.toml")
	if dsn == "" {
		in.dsn = "sqlite:" + filepath.Join(in.folder, "data", "sallyport.db")
	}
	out := in.run(append([]string{"init", "--base-url", base, "--listen", listen, "--database", in.dsn,
		"--company", "Strict & Sons", "--username", "ada", "--name", "Ada Okafor", "--email", "ada@example.com"}, flags...)...)
	in.boss = member{username: "ada", name: "Ada Okafor", password: firstPassword(t, out), role: company.Administrator}
	if !strings.Contains(out, "sallyport serve --config "+in.config) {
		t.Errorf("init does not end with the next command:\n%s", out)
	}
	return in
}

var shown = regexp.MustCompile(`(?m)^    ([2-9A-Z]{5}(?:-[2-9A-Z]{5}){3})$`)

// firstPassword is the one password that a command has shown.
func firstPassword(t *testing.T, out string) string {
	t.Helper()
	all := shown.FindAllStringSubmatch(out, -1)
	if len(all) != 1 {
		t.Fatalf("%d passwords are shown in\n%s", len(all), out)
	}
	return all[0][1]
}

// run runs one command to its end, which must be a good one.
func (in *installation) run(args ...string) string {
	in.t.Helper()
	cmd := exec.Command(in.binary, append(args, "--config", in.config)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		in.t.Fatalf("sallyport %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

// serve starts the server and waits until it is ready.
func (in *installation) serve() {
	in.t.Helper()
	in.serving = exec.Command(in.binary, "serve", "--config", in.config)
	in.serving.Stdout, in.serving.Stderr = &in.log, &in.log
	must(in.t, in.serving.Start())
	in.t.Cleanup(func() {
		_ = in.serving.Process.Kill() // it may have ended long ago
		_ = in.serving.Wait()
		if in.t.Failed() {
			in.t.Logf("the server's log:\n%s", in.log.String())
		}
	})
	for range 1500 {
		if answer, err := http.Get("http://" + in.listen + "/readyz"); err == nil {
			_ = answer.Body.Close() // its status is all
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	in.t.Fatal("it is never ready")
}

// stop ends the server with SIGTERM and waits for it.
func (in *installation) stop() {
	in.t.Helper()
	must(in.t, in.serving.Process.Signal(syscall.SIGTERM))
	if err := in.serving.Wait(); err != nil {
		in.t.Errorf("stopped: %v", err)
	}
}

// browser is one that goes to the server by via.
func (in *installation) browser(via http.RoundTripper) *browser {
	h := &house{t: in.t, clock: &clock{now: time.Now()}}
	b := h.newBrowser()
	b.base, b.via = in.base, via
	return b
}

// freeAddress is one of the loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, l.Close())
	return l.Addr().String()
}

func onBothInstalled(t *testing.T, test func(t *testing.T, in *installation)) {
	t.Helper()
	t.Parallel()
	for engine, dsn := range map[string]func(*testing.T) string{
		"SQLite": func(*testing.T) string { return "" }, "PostgreSQL": func(t *testing.T) string { return storetest.EmptyPostgres(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			address := freeAddress(t)
			test(t, install(t, dsn(t), "http://"+address, address))
		})
	}
}

func TestAnInstalledServerLetsItsAdministratorInAndStopsWithoutDroppingARequest(t *testing.T) {
	onBothInstalled(t, func(t *testing.T, in *installation) {
		in.serve()
		via := &http.Transport{}
		defer via.CloseIdleConnections()
		ada := in.browser(via)
		key := ada.join(in.boss)
		ada.get("/demo/phone").want(http.StatusNotFound)
		ada.get("/settings/users").want(http.StatusOK)
		other := in.browser(via)
		other.h.clock = ada.h.clock
		other.signIn(in.boss, key)

		// What the operator does beside it holds with the next request.
		in.run("user", "reset-2fa", "ada")
		ada.isOutside()
		other.isOutside()
		in.boss.password = firstPassword(t, in.run("user", "password", "ada", "--generate"))
		ada = in.browser(via)
		ada.join(in.boss)
		sam := member{username: "sam", name: "Sam", password: firstPassword(t, in.run("user", "add", "sam", "--name", "Sam"))}
		newcomer := in.browser(via)
		newcomer.join(sam)
		in.run("user", "deactivate", "sam")
		newcomer.isOutside()
		newcomer.password(sam).want(http.StatusUnprocessableEntity)
		if list := in.run("user", "list"); !regexp.MustCompile(`(?m)^Strict & Sons +ada +Ada Okafor +administrator +active +Google Authenticator$`).MatchString(list) ||
			!regexp.MustCompile(`(?m)^Strict & Sons +sam +Sam +salesperson +deactivated +Google Authenticator$`).MatchString(list) {
			t.Errorf("the list is\n%s", list)
		}
		in.stopsWithoutDropping(via)
		ada.via = &http.Transport{}
		in.serve()
		ada.isInside(in.boss) // sessions outlive the process
		in.stop()
		for _, secret := range []string{in.boss.password, sam.password} {
			if strings.Contains(in.log.String(), secret) {
				t.Error("a password is in the log")
			}
		}
	})
}

// stopsWithoutDropping stops the server while clients ask it without a pause: each request is
// answered, until no connection is taken any more.
func (in *installation) stopsWithoutDropping(via http.RoundTripper) {
	t := in.t
	var answered atomic.Int64
	ask := func(n int) error {
		body, method := io.Reader(nil), http.MethodGet
		if n%3 == 0 { // a password to be hashed
			body, method = strings.NewReader(url.Values{"username": {fmt.Sprint("nobody", n)}, "password": {"lantern-orchard"}}.Encode()), http.MethodPost
		}
		r, err := http.NewRequest(method, in.base+"/sign-in", body)
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", in.base)
		answer, err := via.RoundTrip(r)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		if err := errors.Join(err, answer.Body.Close()); err != nil {
			return err
		}
		if answer.StatusCode >= http.StatusInternalServerError && answer.StatusCode != http.StatusServiceUnavailable {
			return fmt.Errorf("answered %s", answer.Status)
		}
		answered.Add(1)
		return nil
	}
	var clients sync.WaitGroup
	for c := range 8 {
		clients.Go(func() {
			for n := c; ; n += 8 {
				err := ask(n)
				if errors.Is(err, syscall.ECONNREFUSED) {
					return
				}
				if err != nil {
					t.Errorf("request %d was dropped: %v", n, err)
					return
				}
			}
		})
	}
	for answered.Load() < 40 {
		time.Sleep(time.Millisecond)
	}
	in.stop()
	clients.Wait()
	t.Logf("%d requests were answered", answered.Load())
}

func TestBehindNginxCookiesAreTheHostsAndTheAddressIsTheClients(t *testing.T) {
	t.Parallel()
	front, back := freeAddress(t), freeAddress(t)
	folder := t.TempDir()
	roots := selfSigned(t, filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem"))
	base := "https://localhost:" + front[strings.LastIndexByte(front, ':')+1:]
	in := install(t, "", base, back, "--proxies", "127.0.0.1")
	in.serve()
	nginx(t, folder, front, back)

	// The client sits at 127.0.0.2 and says that it is somebody else.
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	via := forged{&http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, front)
		},
	}}
	ada := in.browser(via)
	ada.join(in.boss)
	for _, p := range ada.seen {
		for _, c := range p.set {
			if !strings.HasPrefix(c.Name, "__Host-sallyport") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" {
				t.Errorf("%s sets %s", p.asked, c)
			}
		}
	}
	if ada.cookie("__Host-sallyport") == "" {
		t.Error("there is no session cookie")
	}
	db := openDatabase(t, in.dsn)
	var address string
	must(t, db.QueryRow("SELECT address FROM event WHERE kind = 'method-added'").Scan(&address))
	if address != "127.0.0.2" {
		t.Errorf("the event's address is %q", address)
	}
	// Past the proxy nothing is answered but a load balancer's questions.
	past := in.browser(&http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, back)
	}})
	past.base = strings.Replace(base, "https", "http", 1)
	past.get("/sign-in").want(http.StatusMisdirectedRequest)
	past.get("/readyz").want(http.StatusOK)
	in.stop()
}

// forged says of each request that it comes from elsewhere.
type forged struct{ http.RoundTripper }

func (f forged) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	r.Header.Set("X-Forwarded-Proto", "http")
	return f.RoundTripper.RoundTrip(r)
}

// nginx runs Debian's nginx on front, with TLS, before back.
func nginx(t *testing.T, folder, front, back string) {
	t.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		path = "/usr/sbin/nginx" // not on everybody's PATH
	}
	page, err := os.ReadFile("../../docs/serve.md")
	must(t, err)
	// What the page shows is what is tried here.
	_, block, found := strings.Cut(string(page), "    location / {\n")
	block, _, ends := strings.Cut(block, "    }\n")
	if !found || !ends {
		t.Fatal("docs/serve.md shows no location for nginx")
	}
	block = strings.ReplaceAll(block, "127.0.0.1:8080", back)
	conf := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/nginx.pid; error_log stderr warn;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	server {
		listen %[2]s ssl;
		ssl_certificate %[1]s/cert.pem; ssl_certificate_key %[1]s/key.pem;
		location / {
			%[3]s
		}
	}
}
`, folder, front, block)
	must(t, os.WriteFile(filepath.Join(folder, "nginx.conf"), []byte(conf), 0o600))
	var said bytes.Buffer
	cmd := exec.Command(path, "-p", folder, "-c", filepath.Join(folder, "nginx.conf"), "-e", "stderr")
	cmd.Stdout, cmd.Stderr = &said, &said
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // "signal: killed"
		if t.Failed() {
			t.Logf("nginx says:\n%s", said.String())
		}
	})
	for range 500 {
		if c, err := net.Dial("tcp", front); err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("nginx never listens")
}

// selfSigned writes a certificate for localhost with its key, and returns it as a root.
func selfSigned(t *testing.T, certFile, keyFile string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	must(t, err)
	about := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	must(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	must(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return roots
}
