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
	err    error
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.came.L = &q.mu
	return q
}

// put takes a copy of a frame.
func (q *queue) put(f wire.Frame) {
	f.Payload = append([]byte(nil), f.Payload...)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.frames = append(q.frames, f)
	q.came.Signal()
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
