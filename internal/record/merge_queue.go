package record

import (
	"fmt"
	"math"
	"os"
	"time"

	"github.com/pktrail/pktrail/internal/pcapng"
)

// mergeQueue holds the whole blocks of one input that wait for their turn.
type mergeQueue struct {
	chunks [][]byte
	at     int   // of the first block in chunks[0]
	next   int64 // time of the first block; valid iff there is one
	read   int64 // bytes taken out so far
	wrote  int64 // bytes put in so far
	marks  []arrival
}

// arrival says when the bytes of a queue up to a position came.
type arrival struct {
	upTo int64
	at   time.Time
}

// first is the block at the head; nil if there is none.
func (q *mergeQueue) first() []byte {
	if len(q.chunks) == 0 {
		return nil
	}
	b := q.chunks[0][q.at:]
	n := blockLen(b)
	return b[:n:n]
}

// look learns the time of the block at the head. What has none goes at once.
func (q *mergeQueue) look() {
	q.next = math.MinInt64
	if b := q.first(); b != nil {
		if info, ok := Info(b); ok {
			q.next = info.Time
		}
	}
}

// since is when the block at the head came.
func (q *mergeQueue) since() time.Time {
	for len(q.marks) > 1 && q.marks[0].upTo <= q.read {
		q.marks = q.marks[1:]
	}
	return q.marks[0].at
}

// ripe is the position up to which all bytes came before a moment.
func (q *mergeQueue) ripe(before time.Time) int64 {
	at := int64(math.MinInt64)
	for _, k := range q.marks {
		if k.at.After(before) {
			break
		}
		at = k.upTo
	}
	return at
}

// mergeSink takes the whole blocks of an input from its Aligner.
type mergeSink struct{ s *MergeInput }

func (k mergeSink) Write(b []byte) (int, error) {
	s, m := k.s, k.s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	for rest := b; len(rest) > 0; {
		if err := s.ready(); err != nil {
			return len(b) - len(rest), err
		}
		if m.open == 1 && m.held == 0 && !m.busy {
			return len(b), s.direct(rest)
		}
		if n := s.enqueue(rest); n > 0 {
			rest = rest[n:]
		} else {
			if !m.starved {
				m.starved = true
				m.moved.Broadcast()
			}
			m.moved.Wait()
		}
	}
	return len(b), nil
}

// ready is an error where nothing more is taken.
func (s *MergeInput) ready() error {
	switch {
	case s.m.out.err != nil:
		return s.m.out.err
	case !s.open || s.m.closed:
		return fmt.Errorf("write stream: %w", os.ErrClosed)
	}
	return s.fault
}

// direct writes the only stream that there is. m.mu is held, and given up
// meanwhile.
func (s *MergeInput) direct(b []byte) error {
	m := s.m
	m.busy, m.out.alone = true, len(m.all) == 1
	m.mu.Unlock()
	err := m.out.pass(s, b)
	m.mu.Lock()
	m.busy = false
	if err != nil && s.fault == nil {
		s.fault = err
	}
	m.moved.Broadcast()
	if m.out.err != nil {
		return m.out.err
	}
	return err
}

// enqueue copies as many whole blocks as fit into one chunk, and returns their
// bytes; 0 if there is no room. m.mu is held.
func (s *MergeInput) enqueue(b []byte) int {
	m := s.m
	last := len(s.chunks) - 1
	n := 0
	if last >= 0 {
		n = wholeWithin(b, cap(s.chunks[last])-len(s.chunks[last]))
	}
	if n == 0 {
		size := max(m.chunk, blockLen(b))
		if m.held > 0 && m.held+size > m.room {
			return 0
		}
		m.held += size
		s.chunks = append(s.chunks, m.newChunk(size))
		last++
		n = wholeWithin(b, size)
	}
	s.chunks[last] = append(s.chunks[last], b[:n]...)
	wasEmpty := s.read == s.wrote
	s.wrote += int64(n)
	s.mark(time.Now())
	if wasEmpty {
		s.look()
	}
	if wasEmpty || m.pressed() {
		m.moved.Broadcast()
	}
	return n
}

// mark notes an arrival; those within a small part of the hold are one.
func (s *MergeInput) mark(now time.Time) {
	if n := len(s.marks); n > 0 && now.Sub(s.marks[n-1].at) <= s.m.hold/32 {
		s.marks[n-1].upTo = s.wrote
		return
	}
	s.marks = append(s.marks, arrival{s.wrote, now})
}

// pressed reports whether the room becomes short, so that frames go out before
// their time.
func (m *Merge) pressed() bool { return m.starved || m.held > m.room/4*3 }

func (m *Merge) newChunk(size int) []byte {
	if n := len(m.free); n > 0 && size == m.chunk {
		c := m.free[n-1]
		m.free = m.free[:n-1]
		return c
	}
	if size != m.chunk {
		m.free = nil // so that both together keep to the room
	}
	return make([]byte, 0, size)
}

// drop takes the first block off. m.mu is held.
func (s *MergeInput) drop(n int) {
	m := s.m
	s.at += n
	s.read += int64(n)
	if c := s.chunks[0]; s.at == len(c) {
		m.held -= cap(c)
		if cap(c) == m.chunk {
			m.free = append(m.free, c[:0])
		}
		s.chunks[0] = nil
		s.chunks, s.at = s.chunks[1:], 0
		if s.read == s.wrote {
			s.chunks, s.marks = nil, nil
		}
	}
	s.look()
}

// discard empties the queue. m.mu is held.
func (s *MergeInput) discard() {
	for _, c := range s.chunks {
		s.m.held -= cap(c)
	}
	s.mergeQueue = mergeQueue{}
}

// wholeWithin is how many bytes of whole blocks at the start of b fit into
// room.
func wholeWithin(b []byte, room int) int {
	if len(b) <= room {
		return len(b)
	}
	at := 0
	for at < len(b) {
		n := blockLen(b[at:])
		if n < pcapng.MinBlock || at+n > room {
			break
		}
		at += n
	}
	return at
}
