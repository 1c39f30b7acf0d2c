//go:build !pktrail_lite

package nftrace

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Read waits for the next event. It returns io.EOF after Stop, when all has
// been read, and os.ErrClosed after Close.
func (t *Tracer) Read(e *Event) error {
	t.reading.Lock()
	defer t.reading.Unlock()
	for {
		if t.closed.Load() {
			return os.ErrClosed
		}
		if len(t.ready) > 0 {
			*e = t.ready[0]
			t.ready = t.ready[1:]
			return nil
		}
		stopped := t.stopped.Load() // asked before reading: what came before Stop is in the queue
		if err := t.drain(); err != nil {
			return err
		}
		if stopped {
			t.groups.flush()
			t.legacy.Flush()
		}
		next := t.expire(time.Now())
		t.collect()
		switch {
		case len(t.ready) > 0:
		case stopped:
			return io.EOF
		default:
			if err := t.wait(next); err != nil && !t.closed.Load() {
				return err
			}
		}
	}
}

// wait sleeps until something comes, or until a time if that is not zero.
func (t *Tracer) wait(until time.Time) error {
	pause := time.Duration(-1)
	if !until.IsZero() {
		pause = max(0, time.Until(until))
	}
	// What has come is drained whatever it is.
	if err := t.poll.Wait(pause, func(int, bool) {}); err != nil {
		return fmt.Errorf("wait for rules: %w", err)
	}
	return nil
}

// drain takes in all messages that have come.
func (t *Tracer) drain() error {
	for {
		b, err := t.trace.receive()
		switch {
		case errors.Is(err, unix.EAGAIN):
			return t.legacy.drain(&t.messages, &t.overruns)
		case errors.Is(err, unix.ENOBUFS):
			t.overruns.Add(1)
			t.groups.flush()
			continue
		case err != nil:
			return fmt.Errorf("read nft trace: %w", err)
		}
		now := time.Now().UnixNano()
		eachMessage(b, func(m nlMessage) {
			if m.typ != nftTrace {
				return
			}
			t.messages.Add(1)
			if s, ok := decodeStep(m.body); ok {
				t.groups.add(&s, now)
			}
		})
	}
}

// expire ends what has been silent, and says when to look again.
func (t *Tracer) expire(now time.Time) time.Time {
	next := t.groups.expire(now.UnixNano())
	if n := t.legacy.Expire(now.UnixNano()); next == 0 || n != 0 && n < next {
		next = n
	}
	if next == 0 {
		return time.Time{}
	}
	return time.Unix(0, next)
}

// collect makes events of what is complete.
func (t *Tracer) collect() {
	t.marked.Store(t.groups.marked)
	t.headless.Store(t.groups.headless)
	if len(t.groups.ready) == 0 && len(t.legacy.Ready) == 0 {
		return
	}
	t.ready = t.ready[:0]
	t.look.refresh(time.Now())
	for _, g := range t.groups.ready {
		e := g.event()
		e.Point = t.options.Point
		t.mu.Lock()
		hook := t.look.hook(t.control, chainKey{g.first.family, g.first.table, g.first.chain})
		t.mu.Unlock()
		t.look.place(&e, hook, g.first.iif, g.first.oif)
		t.ready = append(t.ready, e)
	}
	t.groups.ready = t.groups.ready[:0]
	t.collectLegacy()
	for i := range t.ready {
		e := &t.ready[i]
		e.Point.Link = e.Link
		for j := range e.Rules {
			if t.options.Describe != nil {
				t.options.Describe(&e.Rules[j])
			}
		}
	}
}
