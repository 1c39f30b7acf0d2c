package sessions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pktrail/pktrail/internal/wire"
)

// session is one request and what becomes of it.
type session struct {
	o   *Options
	id  string
	log *wire.Log
	ctx context.Context //nolint:containedctx // it is the session's life, not a call's
	// stop ends the work; the session then ends as if by a limit.
	stop context.CancelCauseFunc
	// over is closed when nothing is left of the session.
	over chan struct{}
	once sync.Once

	mu      sync.Mutex
	started bool
	refused bool // it will not be heard any more
	alive   *time.Timer
	// detach ends the connection that the session has; nil without one.
	detach context.CancelCauseFunc
}

// newSession keeps room bytes of frames; 0 is what o says, which is the most too.
func newSession(o *Options, id string, room int) *session {
	if room <= 0 {
		room = o.Room
	}
	s := &session{o: o, id: id, log: wire.NewLog(min(room, o.Room), 0), over: make(chan struct{})}
	s.ctx, s.stop = context.WithCancelCause(context.Background())
	s.alive = time.AfterFunc(o.Expire, func() { s.end(fmt.Errorf("%w for %v", errExpired, o.Expire)) })
	if len(o.Hello) > 0 {
		_ = s.log.Append(wire.Talk, o.Hello) // the log is new: it has room
	}
	return s
}

// heard notes a word of the client.
func (s *session) heard() {
	if s.alive.Stop() {
		s.alive.Reset(s.o.Expire)
	}
}

// end ends the session at once, whatever it does; only the first call counts.
func (s *session) end(why error) {
	s.once.Do(func() {
		s.alive.Stop()
		s.stop(why)
		s.log.Close(why)
		s.mu.Lock()
		if s.detach != nil {
			s.detach(why)
		}
		s.mu.Unlock()
		close(s.over)
	})
}

// start begins the work, if that has not begun. A client that is not sure
// whether its request has arrived sends it again.
func (s *session) start(request []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		return
	}
	s.started = true
	request = append([]byte(nil), request...)
	go func() {
		s.finish(s.o.Run(s.ctx, request, stream{s.log}, s.talk))
	}()
}

// refuse ends a session that has not begun, and reports whether that is so.
func (s *session) refuse(why error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		return false
	}
	s.started, s.refused = true, true
	s.talk(s.o.Complain(why))
	go s.finish(exitUsage)
	return true
}

func (s *session) isRefused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// finish writes the exit code and waits until the client has it.
func (s *session) finish(code int) {
	if s.log.Finish(code) != nil {
		return // it is over already
	}
	select {
	case <-s.log.Drained():
		s.end(io.EOF)
	case <-s.over:
	}
}

func (s *session) talk(message []byte) {
	_ = s.log.Append(wire.Talk, message) // a closed log belongs to a session that is over
}

// stream is the log as a writer of the record stream.
type stream struct{ log *wire.Log }

// Write implements io.Writer.
func (w stream) Write(b []byte) (int, error) {
	if err := w.log.Append(wire.Stream, b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// conn is a connection: a socket, or our own stdin and stdout.
type conn interface {
	io.ReadWriter
	// Close ends both directions, as far as that can be.
	Close() error
}

// attach gives the session a connection and takes it from the one that it had.
// It returns when the connection has done its work or has broken; the session
// goes on without it.
func (s *session) attach(ctx context.Context, c conn, from uint64, mode wire.Compress) error {
	// The host's end is the session's affair, which has last words.
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	s.mu.Lock()
	if s.detach != nil {
		s.detach(errTakenOver)
	}
	s.detach = cancel
	s.mu.Unlock()
	s.heard()
	closed := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer closed()

	silent := make(chan error, 1)
	go func() {
		err := s.listen(ctx, c)
		if !errors.Is(err, errRefused) {
			cancel(err)
		}
		silent <- err
	}()
	if err := s.log.SendTo(ctx, c, from, mode); err != nil {
		return err
	}
	// The exit code is on its way. The connection stays for the client's last
	// word, that it has got it.
	if s.isRefused() {
		s.end(errRefused)
	}
	select {
	case <-s.over:
		return nil
	case err := <-silent:
		return err
	}
}

// listen hears the client until it goes away.
func (s *session) listen(ctx context.Context, c io.Reader) error {
	in := wire.NewUpReader(c)
	for {
		m, err := in.Next()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("session %s: its client has closed the connection", s.id)
		}
		if err != nil {
			if s.refuse(err) {
				err = errRefused
			}
			return err
		}
		s.heard()
		switch {
		case len(m.Request) > 0:
			s.start(m.Request)
		case m.Stop != "":
			s.stop(errors.New(m.Stop))
		}
		s.log.Ack(m.Ack)
	}
}
