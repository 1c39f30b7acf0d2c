//go:build !pktrail_lite

package dial

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// waiter waits for a socket, a time or the end of a context.
type waiter struct {
	ctx  context.Context //nolint:containedctx // it lives as long as one Run
	fds  [2]unix.PollFd
	stop func() bool
	done chan struct{}
}

func newWaiter(ctx context.Context, fd int) (*waiter, error) {
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, wrap("make eventfd", err)
	}
	w := &waiter{ctx: ctx, done: make(chan struct{})}
	w.fds = [2]unix.PollFd{{Fd: int32(fd)}, {Fd: int32(wake), Events: unix.POLLIN}}
	w.stop = context.AfterFunc(ctx, func() {
		defer close(w.done)
		_, _ = unix.Write(wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	})
	return w, nil
}

func (w *waiter) close() {
	if !w.stop() {
		<-w.done
	}
	_ = unix.Close(int(w.fds[1].Fd))
}

// wait returns what happened to the socket (POLLIN, POLLOUT, POLLERR,
// POLLHUP), 0 at the given time. The error is the context's, or of poll(2)
// itself.
func (w *waiter) wait(events int16, until time.Time) (int16, error) {
	w.fds[0].Events = events
	for {
		if err := w.ctx.Err(); err != nil {
			return 0, err
		}
		left := time.Until(until)
		if left <= 0 {
			return 0, nil
		}
		timeout := unix.NsecToTimespec(left.Nanoseconds())
		n, err := unix.Ppoll(w.fds[:], &timeout, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, wrap("wait", err)
		case n > 0 && w.fds[0].Revents != 0:
			return w.fds[0].Revents, nil
		}
	}
}
