//go:build !pktrail_lite

package skbtrace

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/cilium/ebpf/rlimit"

	"github.com/pktrail/pktrail/internal/trail"
)

// Tracer follows packets until it is stopped. Read is for one goroutine; all
// else may be called from any.
type Tracer struct {
	maps    *ebpf.Collection
	reader  *ringbuf.Reader
	decoder decoder
	record  ringbuf.Record

	// priorities of the brackets; replaced as a whole.
	priorities atomic.Pointer[map[bracket]int]

	mu      sync.Mutex
	late    *ebpf.CollectionSpec // the netfilter programs, until they are loaded
	links   []link.Link
	blind   []trail.Blind
	bloom   [256]uint64 // user_bloom of bpf/state.h
	stopped bool
	closed  bool
}

// Open loads the programs and attaches them: packets are followed when it
// returns. The error is an *UnsupportedError where this kernel or the
// process's rights do not allow it.
func Open(o Options) (*Tracer, error) {
	if o.HeaderLen == 0 {
		o.HeaderLen = DefaultHeaderLen
	}
	if o.Ring == 0 {
		o.Ring = DefaultRing
	}
	if o.HeaderLen < 0 || o.HeaderLen > MaxHeaderLen || o.Ring < 0 || o.Ring > 1<<30 || o.Limit < 0 || len(o.Netns) > MaxNetns {
		return nil, fmt.Errorf("open packet tracer: options are out of range")
	}
	t, err := (&loader{options: o}).open()
	if err != nil {
		return nil, fmt.Errorf("open packet tracer: %w", err)
	}
	return t, nil
}

func (l *loader) open() (*Tracer, error) {
	// Before Linux 5.11 maps count as locked memory. Where the limit cannot be
	// lifted it may still be enough; else making a map fails.
	_ = rlimit.RemoveMemlock()
	c, err := l.load()
	if err != nil {
		return nil, err
	}
	l.blind = append(l.blind, noICMPv6())
	t := &Tracer{maps: c, blind: l.blind, late: l.late}
	if err := t.start(l); err != nil {
		_ = t.Close()
		return nil, err
	}
	return t, nil
}

func (t *Tracer) start(l *loader) error {
	var err error
	for _, inode := range l.options.Netns {
		if err := t.allow(inode); err != nil {
			return err
		}
	}
	if t.reader, err = ringbuf.NewReader(t.maps.Maps["pkt_ring"]); err != nil {
		return fmt.Errorf("open ring: %w", err)
	}
	if t.decoder.offset, err = clockOffset(); err != nil {
		return err
	}
	t.decoder.reasons, t.decoder.priority = readReasons(l), t.priority
	t.loadSymbols()
	attached := 0
	for _, p := range l.programs {
		k, err := link.AttachTracing(link.TracingOptions{Program: t.maps.Programs[p.name]})
		if err != nil {
			l.miss(p, "cannot be attached: "+err.Error())
			continue
		}
		t.links = append(t.links, k)
		attached++
	}
	t.blind = append(t.blind, l.blind[len(t.blind):]...)
	if attached == 0 {
		return &UnsupportedError{"raw tracepoints", nil, "it needs CAP_BPF and CAP_PERFMON, and lockdown below confidentiality"}
	}
	return nil
}

// noICMPv6 is blind on every kernel.
func noICMPv6() trail.Blind {
	return trail.Blind{What: "ICMPv6 errors that the stack answers with", Why: "the kernel has a tracepoint for those of IPv4 only"}
}

// Read waits for the next event, in the order of the ring. It returns io.EOF
// after Stop, once all events have been read, and os.ErrClosed after Close.
func (t *Tracer) Read(e *Event) error {
	err := t.reader.ReadInto(&t.record)
	switch {
	case err == nil:
		return t.decoder.decode(t.record.RawSample, e)
	case errors.Is(err, ringbuf.ErrFlushed):
		_ = t.reader.Flush() // for the next one who asks
		return io.EOF
	case errors.Is(err, os.ErrClosed):
		return os.ErrClosed
	}
	return fmt.Errorf("read ring: %w", err)
}

// Stop takes the programs off. What they have seen can still be read.
func (t *Tracer) Stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return
	}
	t.stopped = true
	t.detach()
	if t.reader != nil {
		_ = t.reader.Flush()
	}
}

func (t *Tracer) detach() {
	for _, k := range t.links {
		_ = k.Close()
	}
	t.links = nil
}

// Close takes the programs off and frees everything; a Read that waits ends.
func (t *Tracer) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return os.ErrClosed
	}
	t.closed, t.stopped = true, true
	t.detach()
	var err error
	if t.reader != nil {
		err = t.reader.Close()
	}
	t.maps.Close()
	return err
}

// Blind lists what cannot be seen on this kernel, and why.
func (t *Tracer) Blind() []trail.Blind {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]trail.Blind(nil), t.blind...)
}
