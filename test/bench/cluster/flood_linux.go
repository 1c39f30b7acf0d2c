package cluster

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/probe/within"
)

// floodPort is where floods go: the receiver never reads, so that a datagram
// costs next to nothing once it has passed the capture.
const floodPort = 9999

// floodFilter picks a flood, and nothing else.
var floodFilter = fmt.Sprintf("udp dst port %d", floodPort) //nolint:gochecknoglobals // a constant that has to be written

// flood is a stream of datagrams on a pod's loopback, at an even pace.
type flood struct {
	sent atomic.Int64
	stop context.CancelFunc
	done chan error
}

// flood sends datagrams of size bytes of payload, random ones so that they do
// not pack, rate of them each second.
func (b *bench) flood(ctx context.Context, p pod, size int, rate float64) (*flood, error) {
	ns, err := os.Open(filepath.Join(p.proc, "ns/net"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = ns.Close() }()
	var in, out int
	err = within.Do(ns, func() error { in, out, err = sockets(); return err })
	if err != nil {
		return nil, fmt.Errorf("flood in %s: %w", p.name, err)
	}
	f := &flood{done: make(chan error, 1)}
	ctx, f.stop = context.WithCancel(ctx)
	go func() {
		runtime.LockOSThread() // the socket's calls do not move
		defer func() { _, _ = unix.Close(in), unix.Close(out) }()
		f.done <- f.run(ctx, out, size, rate)
	}()
	return f, nil
}

func sockets() (in, out int, err error) {
	if in, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return 0, 0, err
	}
	to := &unix.SockaddrInet4{Port: floodPort, Addr: [4]byte{127, 0, 0, 1}}
	if err = unix.SetsockoptInt(in, unix.SOL_SOCKET, unix.SO_RCVBUF, 1); err == nil {
		err = unix.SetsockoptInt(in, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	if err == nil {
		err = unix.Bind(in, to)
	}
	if err == nil {
		out, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	}
	if err == nil {
		err = unix.Connect(out, to)
	}
	return in, out, err
}

func (f *flood) run(ctx context.Context, fd, size int, rate float64) error {
	data := make([]byte, size)
	_, _ = rand.Read(data) // never fails
	for began := time.Now(); ctx.Err() == nil; {
		due := int64(time.Since(began).Seconds() * rate)
		if due <= f.sent.Load() {
			time.Sleep(500 * time.Microsecond)
			continue
		}
		// What the machine was too busy for is not caught up at once.
		for n := min(due-f.sent.Load(), int64(rate/50)+1); n > 0; n-- {
			if _, err := unix.Write(fd, data); err != nil && err != unix.EAGAIN && err != unix.ENOBUFS {
				return fmt.Errorf("send flood: %w", err)
			}
			f.sent.Add(1)
		}
	}
	return nil
}

// end stops it and tells how many were sent.
func (f *flood) end() (int64, error) {
	f.stop()
	err := <-f.done
	return f.sent.Load(), err
}
