//go:build !linux

package app

import (
	"errors"
	"net"
)

// turnAway is not to be had here: somebody may come in the very moment in which the door closes.
func turnAway(*net.TCPListener) error { return errors.ErrUnsupported }
