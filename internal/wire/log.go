package wire

import (
	"encoding/binary"
	"fmt"
	"sync"
)

const (
	// gather is how much of the stream becomes one frame at most, where
	// several writes wait to be sent.
	gather = 256 << 10
	// chunkLen is the memory that frames are kept in, piece by piece.
	chunkLen = headLen + gather
	// spare is how many empty chunks are kept for later.
	spare = 16
)

// Log is the agent's side: it keeps frames until they are acknowledged. All
// methods may be called at the same time.
//
// Frames stand in memory as they go over the connection, head and payload, one
// after the other, so that one write takes many.
type Log struct {
	mu   sync.Mutex
	room int
	// used is the size of all chunks but the spare ones.
	used   int
	chunks []*chunk // the last one is being filled
	spare  []*chunk

	entries []entry
	first   uint64 // number of entries[0]
	// sealed is the highest number that has been sent; the entry behind it may
	// still grow.
	sealed uint64

	grown, freed bell
	finished     bool
	exit         uint64 // number of the Exit frame; valid iff finished
	drained      chan struct{}
	closed       error
}

// chunk is a piece of memory with whole frames in it.
type chunk struct {
	b    []byte
	n    int // bytes in use
	live int // frames that are not acknowledged
	pins int // writers that read from it at the moment
}

// entry is one frame.
type entry struct {
	in   *chunk
	off  int // of its head
	n    int // of its payload
	kind Kind
}

// bell wakes those who wait for a change. It belongs to the Log's mutex.
type bell struct{ ch chan struct{} }

func (b *bell) wait() <-chan struct{} {
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *bell) ring() {
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}

// NewLog makes a Log that keeps at most room bytes of memory, and one frame
// whatever its size. after is the number before that of its first frame: 0,
// but for a Log that tells a client who comes back that there is no more.
func NewLog(room int, after uint64) *Log {
	return &Log{room: room, first: after + 1, sealed: after, drained: make(chan struct{})}
}

// Append adds a frame of kind Stream or Talk, and blocks until there is room.
// It keeps no reference to b, and an empty b adds nothing. Talk longer than MaxPayload is an error; a piece
// of the stream becomes several frames where it is longer, and one frame with
// others while they wait to be sent. After Finish the error is ErrFinished,
// after Close what Close was given.
func (l *Log) Append(kind Kind, b []byte) error {
	if kind != Stream && (kind != Talk || len(b) > MaxPayload) {
		return fmt.Errorf("append to log: %v frame of %d bytes", kind, len(b))
	}
	for len(b) > 0 {
		part := b[:min(len(b), MaxPayload)]
		if err := l.append(kind, part); err != nil {
			return err
		}
		b = b[len(part):]
	}
	return nil
}

func (l *Log) append(kind Kind, b []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.closed != nil:
			return l.closed
		case l.finished:
			return ErrFinished
		case kind == Stream && l.extend(b):
			l.grown.ring()
			return nil
		case l.fits(len(b)):
			l.add(kind, b)
			l.grown.ring()
			return nil
		}
		freed := l.freed.wait()
		l.mu.Unlock()
		<-freed
		l.mu.Lock()
	}
}

// extend adds to the last frame, where that has not been sent yet.
func (l *Log) extend(b []byte) bool {
	if len(l.entries) == 0 || l.last() == l.sealed {
		return false
	}
	e := &l.entries[len(l.entries)-1]
	if e.kind != Stream || e.n+len(b) > gather || len(e.in.b)-e.in.n < len(b) {
		return false
	}
	e.in.n += copy(e.in.b[e.in.n:], b)
	e.n += len(b)
	return true
}

// last is the number of the last frame that there is or was.
func (l *Log) last() uint64 { return l.first + uint64(len(l.entries)) - 1 }

// fits reports whether a payload has room, in the last chunk or in a new one.
func (l *Log) fits(n int) bool {
	return len(l.entries) == 0 || l.tail(n) != nil || l.used+max(headLen+n, chunkLen) <= l.room
}

// tail is the last chunk, if it has room for a frame.
func (l *Log) tail(n int) *chunk {
	if len(l.chunks) > 0 {
		if c := l.chunks[len(l.chunks)-1]; len(c.b)-c.n >= headLen+n {
			return c
		}
	}
	return nil
}

func (l *Log) add(kind Kind, b []byte) {
	c := l.tail(len(b))
	if c == nil {
		c = l.newChunk(headLen + len(b))
	}
	l.entries = append(l.entries, entry{c, c.n, len(b), kind})
	c.n += headLen + copy(c.b[c.n+headLen:], b)
	c.live++
}

func (l *Log) newChunk(n int) *chunk {
	var c *chunk
	switch last := len(l.spare) - 1; {
	case n <= chunkLen && last >= 0:
		c, l.spare = l.spare[last], l.spare[:last]
	default:
		c = &chunk{b: make([]byte, max(n, chunkLen))}
	}
	l.used += len(c.b)
	l.chunks = append(l.chunks, c)
	return c
}

// Finish appends the exit code. It never blocks.
func (l *Log) Finish(code int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed != nil:
		return l.closed
	case l.finished:
		return ErrFinished
	}
	l.add(Exit, binary.LittleEndian.AppendUint32(nil, uint32(int32(code))))
	l.finished, l.exit = true, l.last()
	l.grown.ring()
	return nil
}

// Ack forgets the frames up to a number. What was never sent cannot be
// acknowledged: a higher number counts as that of the last frame sent.
func (l *Log) Ack(seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seq = min(seq, l.sealed)
	if seq < l.first {
		return
	}
	done := l.entries[:seq-l.first+1]
	for i := range done {
		done[i].in.live--
		done[i] = entry{}
	}
	l.entries, l.first = l.entries[len(done):], seq+1
	l.release()
	if l.finished && seq == l.exit {
		close(l.drained)
	}
}

// release takes back the chunks that nobody needs, and rings for those who
// wait for room.
func (l *Log) release() {
	kept := l.chunks[:0]
	for i, c := range l.chunks {
		switch tail := i == len(l.chunks)-1; {
		case c.live > 0 || c.pins > 0:
			kept = append(kept, c)
		case tail && len(c.b) == chunkLen:
			c.n = 0 // and is filled anew, while the processor still has it at hand
			kept = append(kept, c)
		default:
			l.used -= len(c.b)
			if c.n = 0; len(c.b) == chunkLen && len(l.spare) < spare {
				l.spare = append(l.spare, c)
			}
		}
	}
	clear(l.chunks[len(kept):])
	l.chunks = kept
	l.freed.ring()
}

// Drained is closed when the exit code has been acknowledged.
func (l *Log) Drained() <-chan struct{} { return l.drained }

// Close ends the log for everybody: Append, Finish and SendTo return err, which
// must not be nil. Only the first call counts.
func (l *Log) Close(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed == nil {
		l.closed = err
		l.grown.ring()
		l.freed.ring()
	}
}
