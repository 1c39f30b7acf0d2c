package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// MaxLine is the longest line that an UpReader takes, in bytes.
const MaxLine = 1 << 20

// Up is what a client says; one line of JSON.
type Up struct {
	// Request is what a new session is to do; the first line has it.
	Request json.RawMessage `json:"request,omitempty"`
	// Ack is the number of the last frame that the client holds safe.
	Ack uint64 `json:"ack,omitempty"`
	// Stop ends the session as a limit would; it is the reason that the stream's
	// end record gives.
	Stop string `json:"stop,omitempty"`
}

// UpReader reads what a client says.
type UpReader struct {
	r    *bufio.Reader
	line []byte
}

// NewUpReader reads lines from r.
func NewUpReader(r io.Reader) *UpReader { return &UpReader{r: bufio.NewReader(r)} }

// Next gives the next line. An empty one is an Up without anything: a
// heartbeat. A line that the end cuts off is not given. The error is io.EOF at
// the end.
func (u *UpReader) Next() (Up, error) {
	u.line = u.line[:0]
	for {
		part, err := u.r.ReadSlice('\n')
		u.line = append(u.line, part...)
		switch {
		case len(u.line) > MaxLine:
			return Up{}, fmt.Errorf("read client: a line longer than %d bytes", MaxLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return Up{}, io.EOF
		case err != nil:
			return Up{}, fmt.Errorf("read client: %w", err)
		}
		break
	}
	var m Up
	line := bytes.TrimSpace(u.line)
	if len(line) == 0 {
		return m, nil
	}
	if err := json.Unmarshal(line, &m); err != nil {
		return Up{}, fmt.Errorf("read client: %q: %w", line[:min(len(line), quoted)], err)
	}
	return m, nil
}

// UpWriter writes what a client says; several goroutines may.
type UpWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// NewUpWriter writes to w, each message in one write.
func NewUpWriter(w io.Writer) *UpWriter { return &UpWriter{w: w} }

// Write writes one message.
func (u *UpWriter) Write(m Up) error {
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write to agent: %w", err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, err := u.w.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("write to agent: %w", err)
	}
	return nil
}
