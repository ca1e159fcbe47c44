//go:build unix

package app

import (
	"errors"
	"net"
	"testing"
)

// Who was connected when the door was shut is let in, and nobody later.
func TestADoorThatShutsTurnsNobodyAwayWhoStandsBeforeIt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{TCPListener: l.(*net.TCPListener)}
	defer d.Close() // it is closed by then
	const early = 20
	for range early {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if err := d.shut(); err != nil {
		t.Fatal(err)
	}
	for n := range early {
		c, err := d.Accept()
		if err != nil {
			t.Fatalf("number %d is turned away: %v", n, err)
		}
		if _, err := c.Write([]byte("welcome")); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := d.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("then: %v", err)
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("somebody came in later", c.Close())
	}
}
