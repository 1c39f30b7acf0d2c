package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// patience is how long a socket call of a load waits before it looks whether
// the load is over.
const patience = 200 * time.Millisecond

// drive is a load that runs until it is stopped.
type drive struct {
	received atomic.Int64 // datagrams, or bytes of a stream
	sent     atomic.Int64
	cpu      atomic.Int64 // of the threads that say so, in ns
	over     atomic.Bool
	workers  sync.WaitGroup

	mu  sync.Mutex
	err error
}

// pinned runs a part of a load on one CPU. Without that the scheduler moves
// them, and a run is 20 % faster or slower by where they happened to be.
func (d *drive) pinned(cpu int, work func() error) {
	d.workers.Go(func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its pin
		var set unix.CPUSet
		set.Set(cpu % runtime.NumCPU())
		err := unix.SchedSetaffinity(0, &set)
		if err == nil {
			err = work()
		}
		if err != nil {
			d.mu.Lock()
			d.err = errors.Join(d.err, err)
			d.mu.Unlock()
		}
	})
}

// stop ends the load and waits for what is under way.
func (d *drive) stop() error {
	d.over.Store(true)
	d.workers.Wait()
	return d.err
}

// broken says whether a part of the load has failed.
func (d *drive) broken() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err != nil
}

// flow is what a load reaches.
type flow struct {
	rate float64 // what arrives, per second
	cpu  float64 // ns of a CPU for each
}

// flow measures over a while, once it flows.
func (d *drive) flow(ctx context.Context, while time.Duration) flow {
	pause(ctx, 150*time.Millisecond)
	n, spent, began := d.received.Load(), d.cpu.Load(), time.Now()
	pause(ctx, while)
	took := time.Since(began).Seconds()
	arrived := float64(d.received.Load() - n)
	return flow{arrived / took, float64(d.cpu.Load()-spent) / max(arrived, 1)}
}

// clock is a thread's CPU time, as far as a drive knows it.
type clock int64

// tell adds to a drive what the calling thread has spent since the last time.
func (c *clock) tell(d *drive) {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) == nil {
		d.cpu.Add(t.Nano() - int64(*c))
		*c = clock(t.Nano())
	}
}

// Sizes of a flood: 64 bytes on the pod's wire, of which 42 are headers.
const (
	payload = 64 - 14 - 20 - 8
	batch   = 100
)

// flood sends datagrams as fast as they go: 99 of the main port, then one of
// the other. The sender has the first CPU for itself: the packet's whole way to
// the receiver's queue is in its time.
func (s *sockets) flood() *drive {
	d := &drive{}
	d.pinned(0, func() error {
		b := newBatch(batch)
		var spent clock
		for !d.over.Load() {
			n, err := b.send(s.main, batch-1, d.sent.Load())
			if err == nil {
				var one int
				one, err = b.send(s.mark, 1, d.sent.Load()+int64(n))
				n += one
			}
			if err != nil {
				return err
			}
			d.sent.Add(int64(n))
			spent.tell(d)
		}
		return nil
	})
	d.pinned(1, func() error { return d.drain(s.in[0]) })
	return d
}

// trickle sends count datagrams of the main port, rate of them per second,
// each with its number at the end.
func (s *sockets) trickle(ctx context.Context, count, rate int) *drive {
	d := &drive{}
	d.pinned(0, func() error {
		burst := max(1, rate/5000)
		b := newBatch(burst)
		began := time.Now()
		for sent := 0; sent < count && !d.over.Load() && ctx.Err() == nil; {
			due, at := time.Duration(sent)*time.Second/time.Duration(rate), time.Since(began)
			if due > at {
				if due-at > 150*time.Microsecond {
					time.Sleep(due - at - 100*time.Microsecond)
				}
				continue
			}
			n, err := b.send(s.main, min(burst, count-sent), int64(sent))
			if err != nil {
				return err
			}
			sent += n
			d.sent.Store(int64(sent))
		}
		return nil
	})
	d.pinned(1, func() error { return d.drain(s.in[0]) })
	return d
}

// drain receives datagrams, all that there are once in a millisecond: a
// receiver that waits would have to be woken for each packet, and what that
// costs changes from run to run and hides what else a packet costs.
func (d *drive) drain(fd int) error {
	b := newBatch(256)
	for {
		over := d.over.Load()
		n, errno := b.receive(fd)
		d.received.Add(int64(n))
		switch {
		case n == len(b.msgs):
		case errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR:
			return fmt.Errorf("receive: %w", errno)
		case over:
			return nil
		default:
			time.Sleep(time.Millisecond)
		}
	}
}

// msgs is what one system call sends or receives.
type msgs struct {
	msgs []mmsghdr
	vecs []unix.Iovec
	data []byte
}

func newBatch(n int) *msgs {
	b := &msgs{msgs: make([]mmsghdr, n), vecs: make([]unix.Iovec, n), data: make([]byte, n*payload)}
	for i := range b.msgs {
		b.vecs[i].Base = &b.data[i*payload]
		b.vecs[i].SetLen(payload)
		b.msgs[i].hdr.Iov = &b.vecs[i]
		b.msgs[i].hdr.SetIovlen(1)
	}
	return b
}

// send sends n datagrams that end with the numbers from first on.
func (b *msgs) send(fd, n int, first int64) (int, error) {
	for i := range n {
		binary.BigEndian.PutUint64(b.data[(i+1)*payload-8:], uint64(first)+uint64(i))
	}
	sent, errno := b.call(unix.SYS_SENDMMSG, fd, n, 0)
	switch errno {
	case 0, unix.EINTR, unix.ENOBUFS, unix.EAGAIN:
		return sent, nil
	}
	return sent, fmt.Errorf("send: %w", errno)
}

func (b *msgs) receive(fd int) (int, unix.Errno) {
	return b.call(unix.SYS_RECVMMSG, fd, len(b.msgs), unix.MSG_DONTWAIT)
}

func (b *msgs) call(number uintptr, fd, n, flags int) (int, unix.Errno) {
	done, _, errno := unix.Syscall6(number, uintptr(fd), uintptr(unsafe.Pointer(&b.msgs[0])), uintptr(n), uintptr(flags), 0, 0)
	runtime.KeepAlive(b)
	if errno != 0 {
		return 0, errno
	}
	return int(done), 0
}
