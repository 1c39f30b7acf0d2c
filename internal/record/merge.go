package record

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/pktrail/pktrail/internal/pcapng"
)

// Merge makes one stream of several, while they come: one section, points
// numbered anew, frames in time order, one end record with the totals of all.
//
// Frames are in order as long as no stream lags behind the others by more than
// the hold, by arrival, or than the room takes of the others meanwhile: who
// comes later is written at once, since order is worth less than a packet.
// While there is one stream only, it is passed on as it is, from the goroutine
// that writes it.
//
// Its methods and those of its inputs are safe for concurrent use, but for the
// Write of one input. Close has to be called.
type Merge struct {
	hold  time.Duration
	room  int // bytes in all queues
	chunk int // bytes in one piece of a queue

	mu      sync.Mutex
	moved   sync.Cond // broadcast when what follows has changed
	all     []*MergeInput
	queued  []*MergeInput // those that are open, or have something in their queue
	open    int
	held    int      // bytes of memory in all queues
	starved bool     // an input waits for room
	free    [][]byte // chunks to be used again
	named   []Name   // what addresses are called, for the end
	running bool     // the goroutine that writes what is in the queues
	closed  bool
	timer   *time.Timer

	// busy says that somebody writes to out; out belongs to who has set it.
	busy bool
	out  mergeOutput
}

// DefaultMergeRoom is a Merge's room in bytes where none is given.
const DefaultMergeRoom = 32 << 20

// NewMerge starts a stream that goes to w, in writes of whole blocks. A frame
// waits at most for hold; 0 writes all as it comes. At most room bytes wait;
// when w takes nothing more, the inputs' Write blocks.
func NewMerge(w io.Writer, hold time.Duration, room int) *Merge {
	if room <= 0 {
		room = DefaultMergeRoom
	}
	m := &Merge{hold: hold, room: room, chunk: min(max(room/64, 4<<10), 64<<10)}
	m.out.w, m.out.buf = w, make([]byte, 0, pcapng.WriteBuffer)
	m.moved.L = &m.mu
	return m
}

// Limit drops all frames after the first n, and calls reached with the last of
// those, from a goroutine that writes. It is called before the first Add.
func (m *Merge) Limit(n int64, reached func()) { m.out.limit, m.out.reached = n, reached }

// Name says what addresses are called. The names stand at the end of the
// stream: they may take longer to come by than packets do.
func (m *Merge) Name(names []Name) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.named = append(m.named, names...)
}

// Add takes one more stream, at any time before Close. Its label says in the
// end record which stream broke; a node's or pod's name is a good one.
func (m *Merge) Add(label string) *MergeInput {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &MergeInput{m: m, label: label, plain: true, open: !m.closed}
	s.align = NewAligner(mergeSink{s})
	if m.closed {
		return s
	}
	m.all = append(m.all, s)
	m.queued = append(m.queued, s)
	m.open++
	if m.open > 1 && !m.running {
		m.running = true
		m.timer = time.AfterFunc(time.Hour, m.moved.Broadcast)
		go m.run()
	}
	return s
}

// MergeInput takes one stream of a Merge.
type MergeInput struct {
	m     *Merge
	label string
	align *Aligner

	// Guarded by m.mu.
	mergeQueue
	open  bool
	fault error // why nothing more is taken, or what its writer knows of its end

	// Belongs to who has set m.busy.
	began  bool   // its section header has passed
	header Header // its own
	untold bool   // the header is yet to be written
	ids    []int  // the points' ids in the output, by its own
	plain  bool   // the ids are the same
	end    *End   // its end record
}

// Write takes the next bytes of the stream, in pieces of any size. It blocks
// while there is no room. An error of the Merge's io.Writer is returned by
// every Write; one of this stream's format ends this stream alone.
func (s *MergeInput) Write(b []byte) (int, error) { return s.align.Write(b) }

// Close says that the stream has ended. One that ended without its end record,
// or inside a block, is reported in the end record of the Merge; inside a block
// is an error here too: *pcapng.TruncatedError.
func (s *MergeInput) Close() error { return s.CloseWithError(nil) }

// CloseWithError is Close for a stream that its writer knows to be broken: the
// end record of the Merge says why.
func (s *MergeInput) CloseWithError(cause error) error {
	err := s.align.Close()
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if !s.open {
		return fmt.Errorf("close stream: %w", os.ErrClosed)
	}
	if cause == nil {
		cause = err
	}
	s.shut(cause)
	return err
}

// shut ends an open input; m.mu is held.
func (s *MergeInput) shut(cause error) {
	s.open = false
	if s.fault == nil {
		s.fault = cause
	}
	s.m.open--
	s.m.moved.Broadcast()
}

// Close ends all inputs that are still open, writes what waits and the end
// record.
func (m *Merge) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return fmt.Errorf("close merged stream: %w", os.ErrClosed)
	}
	m.closed = true
	for _, s := range m.all {
		if s.open {
			s.shut(errNotEnded)
		}
	}
	m.moved.Broadcast()
	for m.running || m.busy {
		m.moved.Wait()
	}
	return m.out.finish(m.all, m.named)
}
