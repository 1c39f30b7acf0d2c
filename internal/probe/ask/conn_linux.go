//go:build !pktrail_lite

package ask

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const (
	// patience is how long the kernel may take for one part of an answer.
	patience = 5 * time.Second
	// dumpTries is how often a list is asked for again that changed while it
	// was read (NLM_F_DUMP_INTR). The last answer is taken as it is: complete
	// but for what changed.
	dumpTries = 5
)

// conn is one netlink socket. It stays in the namespace where it was opened.
type conn struct {
	nl *netlink.Conn
	mu sync.Mutex // one question and its answer at a time
	// late: an answer did not come in time, and may still come.
	late atomic.Bool
}

func dial(family int) (*conn, error) {
	nl, err := netlink.Dial(family, nil)
	if err != nil {
		return nil, err
	}
	// Filters of dumps are honoured only when asked for (Linux 4.20); before,
	// everything comes, and is filtered here too.
	_ = nl.SetOption(netlink.GetStrictCheck, true)
	// So that an error does not carry the question back.
	_ = nl.SetOption(netlink.CapAcknowledge, true)
	return &conn{nl: nl}, nil
}

func (c *conn) close() error { return c.nl.Close() }

// one asks for one thing. The kernel's refusal is a syscall.Errno in the
// error's chain; see refusal.
func (c *conn) one(typ uint16, body []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.nl.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	got, err := c.nl.Execute(netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(typ), Flags: netlink.Request},
		Data:   body,
	})
	if err != nil {
		return nil, c.failed(err)
	}
	if len(got) == 0 {
		return nil, errCut
	}
	return got[0].Data, nil
}

// first asks for one thing where the answer is marked as one of several and
// none follow, as ctnetlink's is: the library would wait for their end.
func (c *conn) first(typ uint16, body []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.nl.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	sent, err := c.nl.Send(netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(typ), Flags: netlink.Request},
		Data:   body,
	})
	if err != nil {
		return nil, err
	}
	raw, err := c.nl.SyscallConn()
	if err != nil {
		return nil, err
	}
	buf := make([]byte, 1<<15)
	for {
		n := 0
		var recvErr error
		err := raw.Read(func(fd uintptr) bool {
			n, _, recvErr = unix.Recvfrom(int(fd), buf, unix.MSG_DONTWAIT)
			return !errors.Is(recvErr, unix.EAGAIN)
		})
		if err = errors.Join(err, recvErr); err != nil {
			return nil, c.failed(fmt.Errorf("receive: %w", err))
		}
		var m netlink.Message
		if err := m.UnmarshalBinary(buf[:n]); err != nil {
			return nil, err
		}
		if m.Header.Sequence != sent.Header.Sequence {
			continue // what came too late for a question before
		}
		if m.Header.Type == netlink.Error {
			errno := syscall.Errno(-int32(u32(m.Data)))
			return nil, &netlink.OpError{Op: "receive", Err: errno, Sequence: m.Header.Sequence}
		}
		return m.Data, nil
	}
}

// dump asks for a list and hands it on piece by piece: a table may hold a
// million routes. begin is called before each try, since a list that changed
// meanwhile is read again. each must not use the same socket.
func (c *conn) dump(typ uint16, body []byte, begin func(), each func([]byte) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for try := range dumpTries {
		begin()
		changed, err := c.dumpOnce(typ, body, each)
		if err != nil {
			return err
		}
		if !changed || try == dumpTries-1 {
			break
		}
	}
	return nil
}

func (c *conn) dumpOnce(typ uint16, body []byte, each func([]byte) error) (changed bool, err error) {
	if err := c.nl.SetDeadline(time.Now().Add(patience)); err != nil {
		return false, err
	}
	_, err = c.nl.Send(netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(typ), Flags: netlink.Request | netlink.Dump},
		Data:   body,
	})
	if err != nil {
		return false, err
	}
	var first error
	n := 0
	for m, err := range c.nl.ReceiveIter() {
		if err != nil {
			return changed, c.failed(err)
		}
		if m.Header.Flags&unix.NLM_F_DUMP_INTR != 0 {
			changed = true
		}
		if n++; n%4096 == 0 {
			if err := c.nl.SetDeadline(time.Now().Add(patience)); err != nil {
				return changed, err
			}
		}
		if first == nil { // otherwise the rest is read and dropped
			first = each(m.Data)
		}
	}
	return changed, first
}

// failed gives the socket up if the answer may still come: it would be taken
// for that to the next question.
func (c *conn) failed(err error) error {
	if refusal(err) == 0 {
		c.late.Store(true)
	}
	return err
}

// refusal is the kernel's own errno for a question, 0 if the error is none
// of the kernel's answers: the socket broke, or nothing came.
func refusal(err error) syscall.Errno {
	var op *netlink.OpError
	var errno syscall.Errno
	var sys interface{ Timeout() bool }
	switch {
	case !errors.As(err, &op), errors.As(err, &sys) && sys.Timeout():
		return 0
	case errors.As(op.Err, &errno) && op.Sequence != 0:
		return errno
	}
	return 0
}

// wrap says what was asked for.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
