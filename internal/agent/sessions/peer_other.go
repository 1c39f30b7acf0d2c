//go:build !linux

package sessions

import (
	"errors"
	"net"
)

func allowUser(*net.UnixConn) error { return errors.ErrUnsupported }

func allowSelf(*net.UnixConn) error { return errors.ErrUnsupported }

func privately() (restore func()) { return func() {} }

// Reap is for Linux only.
func Reap() (stop func()) { return func() {} }
