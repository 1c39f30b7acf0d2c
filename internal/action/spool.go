package action

import (
	"io"
	"os"
	"sync"
)

// spool is a pipe with room: whoever observes is not held up while what was
// observed is thought about. It is safe for one writer and one reader.
type spool struct {
	mu     sync.Mutex
	moved  sync.Cond
	room   int // bytes that wait at most; beyond it the writer does
	queue  [][]byte
	held   int // bytes in queue
	closed bool
	gone   bool // the reader has closed it
}

// spoolRoom is the room of a trace, in bytes.
const spoolRoom = 128 << 20

func newSpool() *spool { return newSpoolOf(spoolRoom) }

func newSpoolOf(room int) *spool {
	s := &spool{room: room}
	s.moved.L = &s.mu
	return s
}

// Write takes a copy of b.
func (s *spool) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.held >= s.room && !s.gone && !s.closed {
		s.moved.Wait()
	}
	if s.gone || s.closed {
		return 0, os.ErrClosed
	}
	s.queue = append(s.queue, append([]byte(nil), b...))
	s.held += len(b)
	s.moved.Broadcast()
	return len(b), nil
}

// Read waits for bytes; io.EOF comes after CloseWrite and the last of them.
func (s *spool) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) == 0 {
		if s.closed || s.gone {
			return 0, io.EOF
		}
		s.moved.Wait()
	}
	n := copy(b, s.queue[0])
	if s.queue[0] = s.queue[0][n:]; len(s.queue[0]) == 0 {
		s.queue[0] = nil
		s.queue = s.queue[1:]
	}
	s.held -= n
	s.moved.Broadcast()
	return n, nil
}

// CloseWrite says that nothing more will be written.
func (s *spool) CloseWrite() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.moved.Broadcast()
}

// CloseRead makes writes fail from now on.
func (s *spool) CloseRead() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	s.moved.Broadcast()
}
