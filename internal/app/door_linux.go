package app

import (
	"net"

	"golang.org/x/sys/unix"
)

// turnAway has the system overlook whoever begins to connect from now on, until the listener is
// closed: they try again by themselves a second later, and are then refused. Who is half-way in
// still comes in. A filter of the socket sees each TCP segment from its header on (RFC 9293 § 3.1):
// flags are its 14th byte, and a beginning has SYN without ACK.
func turnAway(l *net.TCPListener) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	const syn, ack, drop, keep = 0x02, 0x10, 0, 0xffffffff
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: syn | ack},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: syn, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: drop},
		{Code: unix.BPF_RET | unix.BPF_K, K: keep},
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	})
	if err != nil {
		return err
	}
	return failed
}
