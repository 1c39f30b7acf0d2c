package sessions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pktrail/pktrail/internal/wire"
)

// Ownership is a session that is hosted where somebody else's programs run.
type Ownership struct {
	ID string
	// Request is what to do; empty if it comes as the first line of In.
	Request  []byte
	Compress wire.Compress
	In       io.Reader
	Out      io.Writer
}

// Own hosts one session and attaches In and Out to it. When they break, Attach
// at OwnSocket finds it, from the same program and user. It returns when the
// session is over.
func Own(ctx context.Context, w Ownership, o Options) (err error) {
	if err := CheckID(w.ID); err != nil {
		return err
	}
	l, err := listen(OwnSocket(w.ID))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreClosed(l.Close())) }()
	h := newHost(o)
	s, err := h.session(w.ID, 0, 0)
	if err != nil {
		return err
	}
	if len(w.Request) > 0 {
		s.start(w.Request)
	}
	go h.accept(ctx, l, allowSelf)
	go func() { _ = h.attach(ctx, stdio{w.In, w.Out}, greeting{ID: w.ID, Compress: w.Compress}) }()
	h.wait(ctx)
	return nil
}

// stdio is our own input and output. They are not closed: that would not wake
// a read that waits, and the process ends with its session.
type stdio struct {
	io.Reader
	io.Writer
}

func (stdio) Close() error { return nil }

// Unlink removes the program that runs, if it was put there for this session
// alone: its file's name has the session's in it.
func Unlink(id string) error {
	if err := CheckID(id); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("unlink own program: %w", err)
	}
	if !strings.Contains(filepath.Base(program), id) {
		return nil
	}
	if err := os.Remove(program); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("unlink own program: %w", err)
	}
	return nil
}
