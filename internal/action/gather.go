package action

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/record"
)

// gatherer is an output that takes a row of buffers as one: packets go there
// from the ring's own memory. taken is how many bytes of whole blocks are
// there, the same as the buffers' length without an error.
type gatherer interface {
	gather(bufs [][]byte) (taken int, err error)
}

// asGatherer finds out whether an output can gather; nil if it cannot.
func asGatherer(w io.Writer) gatherer {
	switch w := w.(type) {
	case *files:
		if w.limit == 0 && !w.classic {
			return w
		}
	case *os.File:
		return &plainFile{f: w}
	}
	return nil
}

// plainFile is stdout.
type plainFile struct {
	f    *os.File
	rows rows
}

func (p *plainFile) gather(bufs [][]byte) (int, error) { return p.rows.write(p.f, bufs) }

func (o *files) gather(bufs [][]byte) (int, error) {
	if o.f == nil {
		if err := o.next(); err != nil {
			return 0, err
		}
	}
	n, err := o.rows.write(o.f, bufs)
	if err == nil {
		o.size += int64(n)
		return n, nil
	}
	return o.cutBack(bytes.Join(bufs, nil)[:n], err)
}

// cutBack ends the file with the last whole block of what a failed write has
// left in it.
func (o *files) cutBack(left []byte, err error) (int, error) {
	whole := 0
	if !o.classic {
		_ = record.Walk(left, func(_ pcapng.BlockType, block []byte) bool { // its error is the block that was cut
			whole += len(block)
			return true
		})
	}
	o.size += int64(whole)
	// The write's own error is what ended the capture; a pipe or a device
	// cannot be cut, and need not.
	_ = o.f.Truncate(o.size)
	return whole, fmt.Errorf("write output: %w", err)
}

// bookedBuffers is booked for an output that gathers.
type bookedBuffers struct {
	booked
	to gatherer
}

// WriteBuffers implements pcapng.Gatherer.
func (b *bookedBuffers) WriteBuffers(bufs [][]byte) error {
	n, err := b.to.gather(bufs)
	if err == nil {
		return b.ledger.WriteBuffers(bufs)
	}
	_, _ = b.ledger.Write(bytes.Join(bufs, nil)[:n]) // of a part it counts the whole blocks
	return outputGone{err}
}

var _ pcapng.Gatherer = (*bookedBuffers)(nil)
