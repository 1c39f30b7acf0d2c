package wire

import (
	"errors"
	"fmt"
	"io"
)

// ErrFinished says that the exit code has been appended already.
var ErrFinished = errors.New("the log has its exit code already")

// TruncatedError is a connection that ended before the Exit frame. It is an
// io.ErrUnexpectedEOF: what came before it is whole, and the rest can be asked
// for on a new connection.
type TruncatedError struct {
	// Seq is the number of the last whole frame.
	Seq uint64
	// Inside is true if the end was in the middle of a frame.
	Inside bool
}

// Error implements error.
func (e *TruncatedError) Error() string {
	where := "after"
	if e.Inside {
		where = "in the middle of the frame after"
	}
	return fmt.Sprintf("the connection ended %s frame %d", where, e.Seq)
}

// Unwrap gives io.ErrUnexpectedEOF.
func (e *TruncatedError) Unwrap() error { return io.ErrUnexpectedEOF }

// GarbageError is something else than frames: a shell's complaint, as a rule.
type GarbageError struct {
	// Text is how it begins, at most 256 bytes.
	Text string
	// Seq is the number of the last whole frame.
	Seq uint64
	// Why says what is wrong with a frame that did begin; nil if none did.
	Why error
}

// Error implements error.
func (e *GarbageError) Error() string {
	if e.Why != nil {
		return fmt.Sprintf("after frame %d: %v", e.Seq, e.Why)
	}
	return fmt.Sprintf("expected frame %d of an agent, got %q", e.Seq+1, e.Text)
}

// Unwrap gives Why.
func (e *GarbageError) Unwrap() error { return e.Why }

// GapError is a frame with another number than the next one. A Log gives it
// for a client that asks for frames that are gone or that never were.
type GapError struct {
	// Want is the number that should have come, Have the one that did, or the
	// first one that there is.
	Want, Have uint64
}

// Error implements error.
func (e *GapError) Error() string {
	return fmt.Sprintf("frame %d is expected, there is %d", e.Want, e.Have)
}
