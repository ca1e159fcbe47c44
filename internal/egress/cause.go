package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"syscall"
)

// Why a call failed, besides ErrPrivate, a syscall.Errno ("connection refused") and what ended
// its context.
var (
	// ErrSlow is not context.DeadlineExceeded, which says that the caller's own time was over.
	ErrSlow        = errors.New("no answer in time")
	ErrNoName      = errors.New("there is no such name")
	ErrCertificate = errors.New("its certificate is not good")
	ErrBroken      = errors.New("the connection broke, or what came is not of the protocol")
)

// Cause is what err says, without the bytes that it quotes: they are the other side's, and may be
// what it was sent. Of an ended ctx it is context.Cause.
func Cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return ErrNoName
	}
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		return ErrSlow
	}
	if code, ok := errors.AsType[syscall.Errno](err); ok {
		return code
	}
	_, named := errors.AsType[x509.HostnameError](err)
	_, checked := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case errors.Is(err, ErrPrivate):
		return ErrPrivate
	case named, checked, strings.Contains(err.Error(), "certificate"):
		return ErrCertificate
	}
	return ErrBroken
}
