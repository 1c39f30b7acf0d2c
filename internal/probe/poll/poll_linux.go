package poll

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Poller lets one goroutine wait for many descriptors: they are in an epoll
// set, and the set is in the runtime's. A thread that sleeps in a system call of
// its own costs three times as much, because the runtime's monitor then wakes
// some 50 times to see whether the thread is still there.
//
// All is edge-triggered: who waits has looked at everything before.
type Poller struct {
	set    *os.File
	raw    syscall.RawConn
	wake   int // an eventfd, always in the set
	events [16]unix.EpollEvent
	ready  int // events that Wait has found
}

// wakeID stands for the eventfd among the ids of Add.
const wakeID = -1

// New makes a Poller that watches nothing yet.
func New() (*Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make epoll set: %w", err)
	}
	p := &Poller{wake: -1}
	if err = unix.SetNonblock(fd, true); err == nil { // for os.NewFile: it may use the runtime's poller
		p.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	}
	p.set = os.NewFile(uintptr(fd), "epoll")
	if err == nil {
		p.raw, err = p.set.SyscallConn()
	}
	if err == nil {
		err = p.Add(p.wake, wakeID)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make epoll set: %w", err), p.Close())
	}
	return p, nil
}

// Add watches fd; id, which is not negative, comes back in Wait.
func (p *Poller) Add(fd, id int) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, id)
}

// Remove forgets fd.
func (p *Poller) Remove(fd int) error {
	return p.control(unix.EPOLL_CTL_DEL, fd, 0)
}

func (p *Poller) control(op, fd, id int) error {
	var err error
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(id)}
	if called := p.raw.Control(func(set uintptr) { err = unix.EpollCtl(int(set), op, fd, &e) }); called != nil {
		return called
	}
	return err
}

// Wait sleeps until something happens, at most for pause; negative is for
// ever. It calls each with the ids of what happened, and whether that is an
// error of the descriptor rather than something to read.
func (p *Poller) Wait(pause time.Duration, each func(id int, failed bool)) error {
	var deadline time.Time
	if pause >= 0 {
		deadline = time.Now().Add(pause)
	}
	if err := p.until(deadline); err != nil {
		return err
	}
	for _, e := range p.events[:max(p.ready, 0)] {
		if e.Fd == wakeID {
			var b [8]byte
			_, _ = unix.Read(p.wake, b[:])
			continue
		}
		each(int(e.Fd), e.Events&^unix.EPOLLIN != 0)
	}
	return nil
}

// until waits for events, up to the deadline if there is one.
func (p *Poller) until(deadline time.Time) error {
	p.ready = 0
	if err := p.set.SetReadDeadline(deadline); err != nil {
		return err
	}
	var failed error
	err := p.raw.Read(func(set uintptr) bool {
		p.ready, failed = unix.EpollWait(int(set), p.events[:], 0)
		if errors.Is(failed, unix.EINTR) {
			p.ready, failed = 0, nil
		}
		return failed != nil || p.ready > 0
	})
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return failed
}

// Signal ends Wait, from any goroutine.
func (p *Poller) Signal() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(p.wake, one[:]) // only fails when it is set already
}

// Close ends the Poller; what it watched stays open.
func (p *Poller) Close() error {
	err := p.set.Close()
	if p.wake >= 0 {
		err = errors.Join(err, unix.Close(p.wake))
	}
	return err
}
