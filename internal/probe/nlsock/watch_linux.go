package nlsock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Watch is told of changes while something is read in several questions.
type Watch struct {
	fd  int
	buf []byte
}

// NewWatch joins multicast groups of a family (RTNLGRP_* of
// linux/rtnetlink.h) in the calling thread's namespace. Groups that the kernel
// does not have are passed over.
func NewWatch(family int, groups ...int) (*Watch, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, family)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", os.NewSyscallError("socket", err))
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, errors.Join(fmt.Errorf("open netlink socket: %w", os.NewSyscallError("bind", err)), unix.Close(fd))
	}
	for _, g := range groups {
		if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, g); err != nil && !errors.Is(err, unix.EINVAL) {
			return nil, errors.Join(fmt.Errorf("join netlink group %d: %w", g, os.NewSyscallError("setsockopt", err)), unix.Close(fd))
		}
	}
	return &Watch{fd: fd, buf: make([]byte, bufferSize)}, nil
}

// Changes hands the type of each message that has come since the last time to
// fn; it does not wait. ErrChanged says that some were lost.
func (w *Watch) Changes(fn func(typ uint16)) error {
	lost := false
	for {
		n, _, err := unix.Recvfrom(w.fd, w.buf, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN) && lost:
			return ErrChanged
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.ENOBUFS):
			lost = true
			continue
		case err != nil:
			return os.NewSyscallError("receive", err)
		}
		types(w.buf[:n], fn)
	}
}

// types walks the messages of one part.
func types(b []byte, fn func(typ uint16)) {
	for len(b) >= unix.NLMSG_HDRLEN {
		n := int(binary.NativeEndian.Uint32(b))
		fn(binary.NativeEndian.Uint16(b[4:]))
		if n < unix.NLMSG_HDRLEN || n > len(b) {
			return // it was longer than the buffer
		}
		b = b[min(nlattr.Align(n), len(b)):]
	}
}

// Close gives the socket back.
func (w *Watch) Close() error {
	if w.fd < 0 {
		return os.ErrClosed
	}
	err := unix.Close(w.fd)
	w.fd = -1
	return os.NewSyscallError("close", err)
}
