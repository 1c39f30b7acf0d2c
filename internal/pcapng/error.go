package pcapng

import (
	"errors"
	"fmt"
)

// ErrEmpty says that the input has no bytes at all.
var ErrEmpty = errors.New("empty file: not even a section header")

// ErrNotPcapng says that the input does not start with a Section Header Block.
var ErrNotPcapng = errors.New("not a pcapng file: it does not start with a section header block")

// ErrTooLong says that a value does not fit into its option, or a block into
// MaxBlock.
var ErrTooLong = errors.New("too long for pcapng")

// TruncatedError says that the input ends inside a block. All blocks before
// it have been delivered.
type TruncatedError struct {
	// Offset is where the incomplete block starts, in bytes.
	Offset int64
	// Missing is how many bytes of it are not there; a lower bound where the
	// input ends before the block's length is known.
	Missing int64
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("cut short: the block at byte %d lacks %d bytes", e.Offset, e.Missing)
}

// FormatError says that the block at Offset is not as the draft wants it.
type FormatError struct {
	// Offset is where the block starts, in bytes.
	Offset int64
	// What is wrong.
	What string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("malformed block at byte %d: %s", e.Offset, e.What)
}

func (b *Block) bad(format string, args ...any) error {
	return &FormatError{Offset: b.Offset, What: b.Type.String() + ": " + fmt.Sprintf(format, args...)}
}
