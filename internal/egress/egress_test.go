package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
)

func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	for _, in := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.9.9.9", "169.254.169.254",
		"172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.19.255.255",
		"198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "fc00::1", "fd12::1", "fe80::1",
		"fe80::1%eth0", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1",
	} {
		if Public(netip.MustParseAddr(in)) {
			t.Errorf("%s counts as public", in)
		}
		if refusePrivate("tcp", net.JoinHostPort(in, "443"), nil) == nil {
			t.Errorf("%s would be dialled", in)
		}
	}
	for _, out := range []string{"8.8.8.8", "100.63.255.255", "100.128.0.0", "172.32.0.1", "192.0.1.1", "52.1.2.3", "2600:1f00::1", "2a00::1"} {
		if !Public(netip.MustParseAddr(out)) {
			t.Errorf("%s does not count as public", out)
		}
		if err := refusePrivate("tcp", net.JoinHostPort(out, "443"), nil); err != nil {
			t.Errorf("%s would not be dialled: %v", out, err)
		}
	}
	if refusePrivate("tcp", "not an address", nil) == nil {
		t.Error("what is no address would be dialled")
	}
}

func TestACauseQuotesNothing(t *testing.T) {
	for _, test := range []struct{ err, want error }{
		{&net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}, ErrNoName},
		{&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, ErrSlow},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, syscall.ECONNREFUSED},
		{&net.OpError{Op: "dial", Err: ErrPrivate}, ErrPrivate},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, ErrCertificate},
		{x509.HostnameError{Host: "x", Certificate: &x509.Certificate{}}, ErrCertificate},
		{errors.New("remote error: tls: bad certificate"), ErrCertificate},
		{io.ErrUnexpectedEOF, ErrBroken},
		{fmt.Errorf("malformed response %q", "418207"), ErrBroken},
	} {
		if got := Cause(t.Context(), test.err); !errors.Is(got, test.want) {
			t.Errorf("%v: got %v, want %v", test.err, got, test.want)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(io.EOF)
	if got := Cause(ctx, ErrPrivate); !errors.Is(got, io.EOF) {
		t.Errorf("ended: %v", got)
	}
}
