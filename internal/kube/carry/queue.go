package carry

import (
	"strings"
	"sync"

	"github.com/pktrail/pktrail/internal/wire"
)

// queue holds frames between the connection and the writer. What an agent
// keeps until it is acknowledged bounds it.
type queue struct {
	mu     sync.Mutex
	came   sync.Cond
	frames []wire.Frame
	spare  [][]byte // memory of frames that were written, for others
	err    error
	closed bool
}

// spares is how many pieces of memory are kept: what a writer that keeps up
// needs. A piece for each frame anew would be garbage at the stream's rate.
const spares = 4

func newQueue() *queue {
	q := &queue{}
	q.came.L = &q.mu
	return q
}

// put takes a copy of a frame.
func (q *queue) put(f wire.Frame) {
	f.Payload = append(q.memory(len(f.Payload)), f.Payload...)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.frames = append(q.frames, f)
	q.came.Signal()
}

// memory gives room for n bytes; spare room that is too small is forgotten.
func (q *queue) memory(n int) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.spare) > 0 {
		last := len(q.spare) - 1
		b := q.spare[last]
		if q.spare = q.spare[:last]; cap(b) >= n {
			return b[:0]
		}
	}
	return nil
}

// done takes a frame's memory back.
func (q *queue) done(f *wire.Frame) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.spare) < spares && cap(f.Payload) > 0 {
		q.spare = append(q.spare, f.Payload)
	}
	f.Payload = nil
}

// fail says why no frame will come any more.
func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = err
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.came.Broadcast()
}

// take waits for the next frame.
func (q *queue) take() (wire.Frame, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.frames) == 0 {
		if q.closed {
			return wire.Frame{}, q.err
		}
		q.came.Wait()
	}
	f := q.frames[0]
	q.frames[0] = wire.Frame{}
	q.frames = q.frames[1:]
	return f, nil
}

// tail keeps the last of what a program says on stderr.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 1024

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.text = append(t.text, b...); len(t.text) > tailBytes {
		t.text = t.text[len(t.text)-tailBytes:]
	}
	return len(b), nil
}

// String gives it on one line.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(strings.Fields(string(t.text)), " ")
}
