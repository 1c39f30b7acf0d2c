package cli

import (
	"io"
	"sync"
	"time"
)

// lines gathers lines for a moment, so that many packets per second do not
// each cost a system call, and writes them soon after the first.
type lines struct {
	mu    sync.Mutex
	w     io.Writer
	buf   []byte
	timer *time.Timer
	err   error
}

const (
	linesDelay = 20 * time.Millisecond
	linesMost  = 64 << 10 // bytes
)

func newLines(w io.Writer) *lines { return &lines{w: w} }

// Append adds what fn appends to its argument. It returns the error of an
// earlier write.
func (l *lines) Append(fn func([]byte) []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = fn(l.buf)
	if len(l.buf) >= linesMost {
		l.flush()
	} else if l.timer == nil {
		l.timer = time.AfterFunc(linesDelay, func() { _ = l.Flush() }) // the next Append returns it
	}
	return l.err
}

// Flush writes what was gathered.
func (l *lines) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	return l.err
}

func (l *lines) flush() {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	if len(l.buf) > 0 && l.err == nil {
		_, l.err = l.w.Write(l.buf)
	}
	l.buf = l.buf[:0]
}
