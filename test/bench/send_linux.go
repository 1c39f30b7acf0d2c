package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is struct mmsghdr of sys/socket.h.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// send transmits the load, and returns the number of frames that went out.
func (b *bed) send(ctx context.Context, l load) (sent int, err error) {
	err = b.inside(b.tx, func() error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open packet socket: %w", err)
		}
		defer func() { _ = unix.Close(fd) }()
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
			return fmt.Errorf("bypass qdisc: %w", err)
		}
		if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: b.txIndex}); err != nil {
			return fmt.Errorf("bind packet socket: %w", err)
		}
		sent, err = b.pump(ctx, fd, l)
		return err
	})
	return sent, err
}

func (b *bed) pump(ctx context.Context, fd int, l load) (sent int, err error) {
	// 20,000/s in 5,000 bursts of 4; a flood in bursts of 60, which all mixes divide
	burst := 60
	if l.rate > 0 {
		burst = max(1, min(burst, l.rate/5000))
	}
	frames := make([][]byte, len(l.sizes))
	for i, size := range l.sizes {
		frames[i] = frame(b.rxMAC, b.txMAC, size)
	}
	// All frames there are, twice around, so that a burst can start anywhere.
	msgs := make([]mmsghdr, burst+len(frames))
	vecs := make([]unix.Iovec, len(msgs))
	for i := range msgs {
		f := frames[i%len(frames)]
		vecs[i].Base = &f[0]
		vecs[i].SetLen(len(f))
		msgs[i].hdr.Iov = &vecs[i]
		msgs[i].hdr.SetIovlen(1)
	}
	start := time.Now()
	for {
		at := time.Since(start)
		if at >= l.lasts || ctx.Err() != nil {
			break
		}
		if l.rate > 0 {
			due := time.Duration(float64(sent) / float64(l.rate) * float64(time.Second))
			if due-at > 150*time.Microsecond {
				time.Sleep(due - at - 100*time.Microsecond)
			}
			if due > at {
				continue
			}
		}
		first := &msgs[sent%len(frames)]
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(first)), uintptr(burst), 0, 0, 0)
		switch {
		case errno == 0:
			sent += int(n)
		case errors.Is(errno, unix.EINTR), errors.Is(errno, unix.ENOBUFS), errors.Is(errno, unix.EAGAIN):
		default:
			return sent, fmt.Errorf("send frames: %w", errno)
		}
	}
	runtime.KeepAlive(frames)
	runtime.KeepAlive(vecs)
	return sent, ctx.Err()
}
