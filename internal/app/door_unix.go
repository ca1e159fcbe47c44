//go:build unix

package app

import (
	"net"
	"os"
	"syscall"
)

// waiting accepts a connection that is there already; nil where there is none, and then nobody gets
// there any more: until the listener is closed somebody else could come, and would be reset. The
// listener's own Accept does not even look, once its deadline is over.
func waiting(l *net.TCPListener) net.Conn {
	raw, err := l.SyscallConn()
	if err != nil {
		return nil
	}
	accepted := -1
	err = raw.Control(func(fd uintptr) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		n, _, err := syscall.Accept(int(fd)) // the listener's fd never blocks
		if err != nil {
			_ = syscall.Shutdown(int(fd), syscall.SHUT_RD) // where the system cannot, the close that follows does
			return
		}
		accepted = n
		syscall.CloseOnExec(n)
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
