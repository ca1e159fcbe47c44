//go:build unix

package app

import (
	"net"
	"os"
	"syscall"
)

// waiting accepts a connection that is there already; nil where there is none. The listener's own
// Accept does not even look, once its deadline is over.
func waiting(l *net.TCPListener) net.Conn {
	raw, err := l.SyscallConn()
	if err != nil {
		return nil
	}
	accepted := -1
	err = raw.Control(func(fd uintptr) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		if n, _, err := syscall.Accept(int(fd)); err == nil { // the listener's fd never blocks
			accepted = n
			syscall.CloseOnExec(n)
		}
	})
	if err != nil || accepted < 0 {
		return nil
	}
	f := os.NewFile(uintptr(accepted), "")
	defer f.Close() // the connection has a copy
	c, err := net.FileConn(f)
	if err != nil {
		return nil
	}
	return c
}
