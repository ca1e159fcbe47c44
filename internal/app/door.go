package app

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// door is a listener that can be shut without turning away who stands before it already: closing
// a listener resets the connections that the system has made and nobody has accepted yet.
type door struct {
	*net.TCPListener
	shutting atomic.Bool
}

// Accept implements net.Listener. After shut it returns who is waiting, then net.ErrClosed.
func (d *door) Accept() (net.Conn, error) {
	c, err := d.TCPListener.Accept()
	if err == nil || !d.shutting.Load() || !errors.Is(err, os.ErrDeadlineExceeded) {
		return c, err
	}
	if c := waiting(d.TCPListener); c != nil {
		return c, nil
	}
	return nil, errors.Join(net.ErrClosed, d.TCPListener.Close())
}

// shut makes Accept take whoever waits, and then no more.
func (d *door) shut() error {
	d.shutting.Store(true)
	return d.SetDeadline(time.Unix(1, 0)) // long over, so that Accept returns
}
