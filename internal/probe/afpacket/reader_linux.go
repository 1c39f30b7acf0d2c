package afpacket

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pktrail/pktrail/internal/probe/poll"
	"github.com/pktrail/pktrail/internal/trail"
)

// Reader reads the packets of one or more rings. Read and Points belong to
// one goroutine; Stop, Close and Stats may be called from any.
type Reader struct {
	rings  []*Ring
	points []trail.Point
	notify func(Event)
	idle   func() error
	every  time.Duration // the longest wait without a call of idle

	lead  *Ring // whose frames may be read on, up to limit, without a look at the others
	limit int64
	since time.Time // since when the oldest frame waits for another ring
	tick  time.Time // when the links were last looked at
	final error
	poll  *poll.Poller

	mu     sync.Mutex // held by Read where it uses file descriptors
	ctl    sync.Mutex // orders Stop and Close
	stop   atomic.Bool
	closed atomic.Bool
	freed  bool // Close is through; under mu
}

// NewReader takes the rings over: they are closed by the reader; after an
// error they are still the caller's. notify, if not nil, is called for what happens beside the packets, from Read, and from
// here for an interface that is down from the start.
func NewReader(rings []*Ring, notify func(Event)) (*Reader, error) {
	if len(rings) == 0 {
		return nil, errors.New("open reader: no ring to read")
	}
	p, err := poll.New()
	if err != nil {
		return nil, fmt.Errorf("open reader: %w", err)
	}
	if notify == nil {
		notify = func(Event) {}
	}
	rd := &Reader{rings: rings, notify: notify, poll: p}
	for i, r := range rings {
		if err := errors.Join(p.Add(r.fd, 2*i), p.Add(r.watch.fd, 2*i+1)); err != nil {
			return nil, errors.Join(fmt.Errorf("open reader: %w", err), p.Close())
		}
		rd.adopt(i, r)
	}
	return rd, nil
}

// OnIdle makes Read call fn each time before it waits for packets, and at
// least every so often while it waits: the moment to flush what was gathered.
// An error of fn is returned by Read. Call it before the first Read.
func (rd *Reader) OnIdle(every time.Duration, fn func() error) {
	rd.every, rd.idle = every, fn
}

// Points are the places where frames were seen, or could have been seen: the
// interfaces that are up, and later ones as they appear. The list only grows.
func (rd *Reader) Points() []trail.Point { return rd.points }

// OnReuse makes the Data of frames stay valid for longer than until the next
// Read: until f is called, from Read, before memory goes back to the kernel.
// Who writes packets can so hand the ring's own memory to writev(2), with no
// copy, and flush in f. It must be set before the first Read.
func (rd *Reader) OnReuse(f func()) {
	for _, r := range rd.rings {
		r.reuse = f
	}
}

// Stats are the counters of each ring.
func (rd *Reader) Stats() ([]Stats, error) {
	all := make([]Stats, len(rd.rings))
	var errs []error
	for i, r := range rd.rings {
		var err error
		all[i], err = r.Stats()
		errs = append(errs, err)
	}
	return all, errors.Join(errs...)
}

// Stop ends the capture at this moment. Read still returns all that came
// before, and then io.EOF.
func (rd *Reader) Stop() {
	rd.ctl.Lock()
	defer rd.ctl.Unlock()
	if rd.closed.Load() {
		return
	}
	for _, r := range rd.rings {
		_ = r.attach(rejectAll()) // Read unhooks the socket in any case
	}
	rd.stop.Store(true)
	rd.poll.Signal()
}

// Close ends the capture and gives everything back. Read returns os.ErrClosed;
// Data of the frame before is no longer valid, and reads as zeros.
func (rd *Reader) Close() error {
	rd.ctl.Lock()
	if rd.closed.Swap(true) {
		rd.ctl.Unlock()
		return nil
	}
	rd.poll.Signal()
	rd.ctl.Unlock()

	rd.mu.Lock() // Read has left its wait
	defer rd.mu.Unlock()
	// Side by side: closing a packet socket waits for a grace period of the
	// kernel's.
	errs := make([]error, len(rd.rings), len(rd.rings)+1)
	var wg sync.WaitGroup
	for i, r := range rd.rings {
		if r.release() {
			wg.Go(func() { errs[i] = errors.Join(r.shut(), r.watch.close()) })
		}
	}
	wg.Wait()
	errs = append(errs, rd.poll.Close())
	rd.freed = true
	if rd.final != nil {
		rd.unmap()
	}
	return errors.Join(errs...)
}

// unmap gives the addresses back, when nobody can hold a frame any more and
// Close has taken the memory away.
func (rd *Reader) unmap() {
	for _, r := range rd.rings {
		if rd.freed {
			r.unmap()
		}
	}
}

// Read waits for the next packet, in the order of time over all rings. It
// returns io.EOF after Stop when all packets are read, os.ErrClosed after
// Close, and an error that wraps an *EndedError for each ring when all have
// ended by themselves. f.Data is valid until the next Read or Close; see OnReuse.
func (rd *Reader) Read(f *trail.Frame) error {
	if r := rd.lead; r != nil {
		if dev, ok := r.next(f, r.snap); ok {
			c := &r.known[uint8(dev>>16)]
			if c.dev == dev && f.Time <= rd.limit {
				f.Point = c.point
				f.Missed, r.pending = r.pending, 0
				return nil
			}
			r.head, r.headDev, r.hasHead = *f, dev, true
		}
		rd.lead = nil
	}
	return rd.slow(f)
}

// slow is Read where a block ends, rings take turns, or nothing is there.
func (rd *Reader) slow(f *trail.Frame) error {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	for {
		if rd.closed.Load() {
			rd.final = os.ErrClosed
			rd.unmap()
		}
		if rd.final != nil {
			return rd.final
		}
		if rd.stop.Load() {
			rd.unhookAll()
		}
		pause, ok := rd.pick(f)
		if ok {
			return nil
		}
		if rd.finished() {
			continue
		}
		if rd.idle != nil {
			if err := rd.idle(); err != nil {
				return err
			}
			pause = shorter(pause, rd.every)
		}
		if err := rd.sleep(pause); err != nil {
			return err
		}
	}
}

// finished sets the final answer of Read when all rings have ended.
func (rd *Reader) finished() bool {
	var whys []error
	for _, r := range rd.rings {
		if !r.state.ended {
			return false
		}
		if r.state.why != nil {
			whys = append(whys, &EndedError{Point: rd.base(r), Err: r.state.why})
		}
	}
	rd.final = errors.Join(whys...)
	if rd.stop.Load() || rd.final == nil {
		rd.final = io.EOF
	}
	return true
}

// slack is how long a packet may take from its timestamp to its place in the
// ring: it can wait in a CPU's backlog when another socket asks for early
// timestamps.
const slack = 5 * time.Millisecond

// pick chooses the oldest frame, once no other ring can bring an older one.
// Else it says how long to wait for packets, negative for ever.
func (rd *Reader) pick(f *trail.Frame) (pause time.Duration, ok bool) {
	var first *Ring
	for _, r := range rd.rings {
		if !r.state.ended && rd.fill(r) && (first == nil || r.head.Time < first.head.Time) {
			first = r
		}
	}
	if first == nil {
		rd.since = time.Time{}
		return -1, false
	}
	limit, pause, longest := int64(math.MaxInt64), slack, time.Duration(0)
	for _, r := range rd.rings {
		if r == first || r.state.ended {
			continue
		}
		if r.hasHead {
			limit = min(limit, r.head.Time)
			continue
		}
		limit = min(limit, r.quiet)
		if !r.empty() {
			pause = max(pause, r.opt.Timeout) // the kernel will hand the block over
		}
		longest = max(longest, r.opt.Timeout)
	}
	if first.head.Time > limit {
		if !rd.overdue(longest + 4*slack) {
			return pause, false
		}
		limit = math.MaxInt64 // to the end of the block
	}
	rd.since = time.Time{}
	*f = first.head
	first.hasHead = false
	rd.lead, rd.limit = first, limit
	return 0, true
}

// overdue frees a frame that has waited for longer than any packet can take.
// That happens when the real-time clock is set back.
func (rd *Reader) overdue(patience time.Duration) bool {
	now := time.Now()
	if rd.since.IsZero() {
		rd.since = now
	}
	return now.Sub(rd.since) > patience
}

// fill reads ahead one frame of the ring; false if there is none.
func (rd *Reader) fill(r *Ring) bool {
	for {
		if r.hasHead {
			if r.headDev != 0 {
				r.head.Point, r.headDev = rd.point(r, r.headDev), 0
				r.head.Missed, r.pending = r.pending, 0
			}
			return true
		}
		if r.headDev, r.hasHead = r.next(&r.head, r.snap); r.hasHead {
			continue
		}
		var now time.Time
		if len(rd.rings) > 1 {
			now = time.Now() // before the look, so that the look proves it
		}
		if r.advance() {
			rd.housekeep()
			continue
		}
		if len(rd.rings) > 1 && r.empty() {
			r.quiet = max(r.quiet, now.Add(-slack).UnixNano())
		}
		rd.drained(r)
		return false
	}
}
