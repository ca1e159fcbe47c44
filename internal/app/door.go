package app

import (
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
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

// halfWay is how long those who are half-way in have to come in.
const halfWay = 50 * time.Millisecond

// shut makes Accept take whoever waits, and then no more.
func (d *door) shut() error {
	if turnAway(d.TCPListener) == nil {
		time.Sleep(halfWay) // they are let in meanwhile
	}
	d.shutting.Store(true)
	return d.SetDeadline(time.Unix(1, 0)) // long over, so that Accept returns
}

// newcomers are the connections that are let in and whose first request is not read yet:
// http.Server hangs up on them once it is told to shut down.
type newcomers struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
}

// see is http.Server's ConnState.
func (n *newcomers) see(c net.Conn, s http.ConnState) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s != http.StateNew {
		delete(n.conns, c)
		return
	}
	if n.conns == nil {
		n.conns = map[net.Conn]bool{}
	}
	n.conns[c] = true
}

// heard waits until all of them have asked, at most for limit: some never say a word.
func (n *newcomers) heard(limit time.Duration) {
	const look = 2 * time.Millisecond
	for waited := time.Duration(0); waited < limit && n.any(); waited += look {
		time.Sleep(look)
	}
}

func (n *newcomers) any() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.conns) > 0
}
