//go:build !pktrail_lite

package dial

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/trail"
)

const (
	// ackPause is how often the socket is asked whether all is acknowledged:
	// nothing wakes one for that.
	ackPause = 5 * time.Millisecond
	// goodbye is how long the other side may take to close its half.
	goodbye = 200 * time.Millisecond
)

// tcp connects, sends the payload if there is one, and closes.
func (t *talk) tcp() error {
	err := unix.Connect(t.fd, t.p.to)
	if errno := syscall.Errno(0); errors.As(err, &errno) && errno != unix.EINPROGRESS {
		t.ended(errno)
		return nil
	}
	events, err := t.wait(unix.POLLOUT, t.end)
	if err != nil || events == 0 {
		return err
	}
	if t.refusedByICMP() {
		return nil
	}
	errno, err := t.socketError()
	if err != nil {
		return err
	}
	if errno == unix.ECONNRESET || errno == unix.EPIPE {
		// A reset after the SYN-ACK; before it, it would be ECONNREFUSED.
		t.answered()
		t.c.Error = errno.Error()
		return nil
	}
	if errno != 0 {
		t.ended(errno)
		return nil
	}
	t.answered()
	if len(t.p.o.Payload) > 0 {
		if err := t.send(t.p.o.Payload); err != nil || t.c.Result != trail.ResultAnswered {
			return err
		}
	}
	t.leave()
	return nil
}

// ended says what an error of a TCP socket means.
func (t *talk) ended(errno syscall.Errno) {
	switch errno {
	case unix.ECONNREFUSED, unix.ECONNRESET, unix.EPIPE:
		t.c.Result, t.c.Error, t.c.RTT = trail.ResultRefused, errno.Error(), time.Since(t.start).Nanoseconds()
	case unix.ETIMEDOUT:
		t.c.Result, t.c.Error = trail.ResultNothing, errno.Error()
	default:
		t.failed(errno)
	}
}

// send sends bytes and waits until the other side has acknowledged them. That
// it does not, though it has answered, is how a path looks whose MTU is
// smaller than its ends believe.
func (t *talk) send(b []byte) error {
	total := len(b)
	for {
		if len(b) > 0 {
			n, err := unix.SendmsgN(t.fd, b, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
			errno := syscall.Errno(0)
			if errors.As(err, &errno) && errno != unix.EAGAIN {
				t.ended(errno)
				return nil
			}
			b = b[max(n, 0):]
		}
		queued, err := unsent(t.fd)
		if err != nil {
			return err
		}
		if len(b) == 0 && queued == 0 {
			break
		}
		pause := time.Now().Add(ackPause)
		if pause.After(t.end) {
			t.c.Result, t.c.RTT = trail.ResultNothing, 0
			return t.unacknowledged(queued+len(b), total)
		}
		events, err := t.wait(0, pause)
		if err != nil {
			return err
		}
		if events&(unix.POLLERR|unix.POLLHUP) != 0 {
			if errno, err := t.socketError(); err != nil || errno != 0 {
				t.ended(errno)
				return err
			}
		}
	}
	return nil
}

func (t *talk) unacknowledged(rest, total int) error {
	mtu, again, err := pathMTU(t.fd)
	if err != nil {
		return err
	}
	t.c.Error = fmt.Sprintf("connected, but %d of %d bytes not acknowledged (path MTU %d, %d retransmissions)",
		rest, total, mtu, again)
	return nil
}

// leave closes without a reset: our half first, and what the other side still
// says is read. What goes wrong here changes nothing about the conversation.
func (t *talk) leave() {
	if unix.Shutdown(t.fd, unix.SHUT_WR) != nil {
		return
	}
	buf := make([]byte, 1<<14)
	end := time.Now().Add(goodbye)
	for {
		if events, err := t.wait(unix.POLLIN, end); err != nil || events == 0 {
			return
		}
		n, _, err := unix.Recvfrom(t.fd, buf, unix.MSG_DONTWAIT)
		if n <= 0 && !errors.Is(err, unix.EAGAIN) {
			return
		}
	}
}
