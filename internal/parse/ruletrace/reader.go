package ruletrace

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/lines"
)

// Tool is how a tool writes traces.
type Tool struct {
	// Take reads a line into t; false if it is of other origin.
	Take func(t *Traces, line int, s string) (bool, error)
	// Lost are words that stand in a line by which the tool says that messages
	// were lost.
	Lost []string
}

// detectIn is in how many lines a trace is looked for.
const detectIn = 500

// Detect reports whether a text that begins like this is one of the tool's.
func (k Tool) Detect(head []byte) bool {
	var t Traces
	for _, b := range lines.Head(head, detectIn) {
		if ok, err := k.Take(&t, 1, string(b)); ok && err == nil {
			return true
		}
	}
	return false
}

// Reader reads one trace of a tool.
type Reader struct {
	tool   Tool
	lines  *lines.Reader
	traces Traces
	given  int
	err    error
}

// NewReader returns a Reader that gathers into t.
func NewReader(r io.Reader, k Tool, t Traces) *Reader {
	return &Reader{tool: k, lines: lines.New(r), traces: t}
}

// Read gives the next item, and io.EOF behind the last one. A *parse.LineError
// is a line of a trace that cannot be read.
func (r *Reader) Read() (parse.Item, error) {
	for {
		if ready := r.traces.Ready; r.given < len(ready) {
			r.given++
			return ready[r.given-1], nil
		}
		r.traces.Ready, r.given = r.traces.Ready[:0], 0
		if r.err != nil {
			return parse.Item{}, r.err
		}
		b, err := r.lines.Next()
		var wrong *parse.LineError
		switch {
		case errors.As(err, &wrong):
			return parse.Item{}, err
		case err != nil:
			r.err = err
			r.traces.Flush()
			continue
		}
		n := r.lines.Number()
		if slices.ContainsFunc(r.tool.Lost, func(words string) bool { return bytes.Contains(b, []byte(words)) }) {
			r.traces.Lost(n, string(b))
			continue
		}
		if _, err := r.tool.Take(&r.traces, n, string(b)); err != nil {
			return parse.Item{}, lines.Error(n, b, err)
		}
	}
}
