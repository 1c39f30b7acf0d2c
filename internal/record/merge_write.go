package record

import (
	"fmt"
	"io"

	"github.com/pktrail/pktrail/internal/pcapng"
)

// writeMost is about how many bytes one Write has.
const writeMost = 512 << 10

// pass writes whole blocks of one stream, and changes nothing in b. The error
// is one of the stream's format; that of w is in o.err.
func (o *mergeOutput) pass(s *MergeInput, b []byte) error {
	lent := true // b is the caller's
	from, at := 0, 0
	for at < len(b) && o.err == nil {
		if lent && !s.plain {
			o.put(b[from:at])
			o.copied = append(o.copied[:0], b[at:]...)
			b, lent, from, at = o.copied, false, 0, 0
		}
		n := blockLen(b[at:])
		if isFrame(b[at:at+n]) && !s.untold && !o.full {
			if err := o.frame(s, b[at:at+n]); err != nil {
				o.put(b[from:at])
				o.flush()
				return err
			}
			if at += n; at-from >= writeMost {
				o.put(b[from:at])
				from = at
			}
			continue
		}
		o.put(b[from:at])
		keep, err := o.other(s, b[at:at+n])
		if err != nil {
			o.flush()
			return err
		}
		from = at
		if at += n; !keep {
			from = at
		}
	}
	o.put(b[from:at])
	o.flush()
	return nil
}

// block puts one block into the buffer; its memory is ours.
func (o *mergeOutput) block(s *MergeInput, b []byte) error {
	if isFrame(b) && !s.untold && !o.full {
		if err := o.frame(s, b); err != nil {
			return err
		}
	} else if keep, err := o.other(s, b); !keep || err != nil {
		return err
	}
	o.buf = append(o.buf, b...)
	return nil
}

// put writes blocks: many at once, few when flush comes.
func (o *mergeOutput) put(b []byte) {
	if len(o.buf)+len(b) > cap(o.buf) {
		o.flush()
	}
	switch {
	case len(b) == 0:
	case len(o.buf) == 0 && len(b) >= cap(o.buf)/16:
		o.write(b)
	default:
		o.buf = append(o.buf, b...)
	}
}

func (o *mergeOutput) flush() {
	if len(o.buf) > 0 {
		o.write(o.buf)
	}
	if cap(o.buf) > 2*pcapng.WriteBuffer { // a large block has made it so
		o.buf = make([]byte, 0, pcapng.WriteBuffer)
	}
	o.buf = o.buf[:0]
}

func (o *mergeOutput) write(b []byte) {
	if o.err != nil {
		return
	}
	n, err := o.w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		o.err = fmt.Errorf("write merged stream: %w", err)
	}
}

// add writes a block of our own.
func (o *mergeOutput) add(a pcapng.Appender) error {
	b, err := a.Append(o.buf)
	if err != nil {
		return err
	}
	o.buf = b
	return nil
}
