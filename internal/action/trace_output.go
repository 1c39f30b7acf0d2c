package action

import (
	"errors"
	"io"
)

// output is what takes the stream; nil for nothing.
func (t *trace) output() *recording {
	switch t.options.Output {
	case "":
		return nil
	case "-":
		return &recording{w: t.options.Stdout}
	}
	f := &files{ctx: t.ctx, path: t.options.Output, note: t.note}
	return &recording{w: f, file: f}
}

// recording keeps the stream in a file. That a disk is full must not take the
// answer away: then the rest is not kept, and Close says why. Where the first
// write fails, or the reader of a pipe has gone, nothing was kept at all, and
// the run ends.
type recording struct {
	w     io.Writer
	file  *files // nil for stdout
	begun bool
	err   error
}

// Write implements io.Writer.
func (r *recording) Write(b []byte) (int, error) {
	if r.err != nil {
		return len(b), nil
	}
	_, err := r.w.Write(b)
	switch {
	case err == nil:
		r.begun = true
	case !r.begun || r.file == nil:
		return 0, err
	default:
		r.err = err
	}
	return len(b), nil
}

// Close closes the file, and says what was not kept.
func (r *recording) Close() error {
	if r == nil || r.file == nil {
		return nil
	}
	return errors.Join(r.err, r.file.Close())
}
