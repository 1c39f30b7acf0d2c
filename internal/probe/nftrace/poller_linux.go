//go:build !pktrail_lite

package nftrace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// poller lets one goroutine wait for several descriptors without a thread
// that sleeps in a system call: they are in an epoll set, and the set is in
// the runtime's. Edge-triggered: who waits has read all there was.
type poller struct {
	set    *os.File
	raw    syscall.RawConn
	wake   int // an eventfd
	events [8]unix.EpollEvent
}

func newPoller(fds ...int) (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make epoll set: %w", err)
	}
	p := &poller{wake: -1}
	if err = unix.SetNonblock(fd, true); err == nil { // for os.NewFile: it may use the runtime's poller
		p.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	}
	p.set = os.NewFile(uintptr(fd), "epoll")
	if err == nil {
		p.raw, err = p.set.SyscallConn()
	}
	for _, fd := range append(fds, p.wake) {
		if err == nil {
			e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(fd)}
			err = p.control(fd, &e)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make epoll set: %w", err), p.close())
	}
	return p, nil
}

func (p *poller) control(fd int, e *unix.EpollEvent) error {
	var err error
	if called := p.raw.Control(func(set uintptr) { err = unix.EpollCtl(int(set), unix.EPOLL_CTL_ADD, fd, e) }); called != nil {
		return called
	}
	return err
}

// wait sleeps until something happens, or until the deadline if that is not
// zero.
func (p *poller) wait(deadline time.Time) error {
	if err := p.set.SetReadDeadline(deadline); err != nil {
		return fmt.Errorf("wait for rules: %w", err)
	}
	var failed error
	err := p.raw.Read(func(set uintptr) bool {
		var n int
		n, failed = unix.EpollWait(int(set), p.events[:], 0)
		if errors.Is(failed, unix.EINTR) {
			n, failed = 0, nil
		}
		return failed != nil || n > 0
	})
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		failed = err
	}
	if failed != nil {
		return fmt.Errorf("wait for rules: %w", failed)
	}
	var b [8]byte
	_, _ = unix.Read(p.wake, b[:]) // EAGAIN where it was something else
	return nil
}

// signal ends wait, from any goroutine.
func (p *poller) signal() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(p.wake, one[:]) // only fails when it is set already
}

func (p *poller) close() error {
	err := p.set.Close()
	if p.wake >= 0 {
		err = errors.Join(err, unix.Close(p.wake))
	}
	return err
}
