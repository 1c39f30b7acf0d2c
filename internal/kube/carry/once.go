package carry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pktrail/pktrail/internal/kube/place"
	"github.com/pktrail/pktrail/internal/wire"
)

// progress is how far a session is, over all its connections.
type progress struct {
	mu      sync.Mutex
	written uint64 // the last frame that was written out
	reason  string // why to stop; empty while it shall go on
	wished  chan struct{}
	spoken  time.Time     // when something was last said to the agent
	quiet   time.Duration // the longest time between two words
}

// spoke notes a word to the agent.
func (p *progress) spoke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now().Round(0) // by the wall clock: a machine may have slept
	if !p.spoken.IsZero() {
		p.quiet = max(p.quiet, now.Sub(p.spoken))
	}
	p.spoken = now
}

// longestQuiet is how long the agent was left without a word.
func (p *progress) longestQuiet() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.spoken.IsZero() {
		return 0
	}
	return max(p.quiet, time.Since(p.spoken))
}

func (p *progress) seen() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.written
}

func (p *progress) wrote(seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written = seq
}

// wish notes that the session shall end; every connection tells it on.
func (p *progress) wish(reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reason == "" {
		p.reason = reason
		close(p.stopped())
	}
}

// stopped is closed when the session shall end; callers hold mu.
func (p *progress) stopped() chan struct{} {
	if p.wished == nil {
		p.wished = make(chan struct{})
	}
	return p.wished
}

func (p *progress) wishes() (<-chan struct{}, func() string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stopped(), func() string {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.reason
	}
}

// once is one connection. exit is the agent's code if the session has ended.
// patience is how long the first frame may take; began is called when it has
// come.
func (s *session) once(patience time.Duration, began func()) (exit *int, err error) {
	ctx, cancel := context.WithCancelCause(s.life)
	defer cancel(nil)
	from := s.seen()
	in, inWriter := io.Pipe()
	out, outWriter := io.Pipe()
	var stderr tail
	ended := make(chan error, 1)
	go func() {
		err := s.attacher.Attach(ctx, s.id, from, place.Stdio{In: in, Out: outWriter, Err: &stderr})
		if text := stderr.String(); err != nil && text != "" {
			err = fmt.Errorf("%w: %s", err, text)
		}
		_ = in.CloseWithError(io.ErrClosedPipe) // never fails; ends the heartbeat
		_ = outWriter.Close()                   // never fails; ends the frames
		ended <- err
	}()
	q := newQueue()
	go func() {
		defer q.close()
		s.receive(out, from, q, patience, cancel)
	}()
	c := conn{kick: make(chan struct{}, 1), over: make(chan struct{}), said: make(chan struct{})}
	go func() {
		defer close(c.said)
		s.speak(ctx, inWriter, from, &c)
	}()

	exit, err = s.write(q, c.kick, began)
	if exit != nil {
		close(c.over)
		select { // the last acknowledgement lets the agent go at once
		case <-c.said:
		case <-time.After(ackEvery):
		}
		_ = inWriter.Close() // never fails
		select {             // its exit closes the connection in good order
		case err := <-ended:
			ended <- err
		case <-time.After(ackEvery):
		}
	}
	silent, _ := errors.AsType[silentError](context.Cause(ctx))
	cancel(nil)
	_ = out.CloseWithError(io.ErrClosedPipe) // never fails; ends an Attach that still writes
	_ = inWriter.Close()                     // never fails
	<-c.said
	attached := <-ended
	cut := (*wire.TruncatedError)(nil)
	switch {
	case exit != nil:
		return exit, nil
	case silent > 0:
		return nil, silent
	case errors.As(err, &cut) && attached != nil && !errors.Is(attached, context.Canceled):
		return nil, attached // says more than that the frames ended
	case err == nil:
		err = attached
	}
	return nil, err
}

// conn is what the two directions of a connection tell each other.
type conn struct {
	kick chan struct{} // much was written: acknowledge now
	over chan struct{} // closed after the last frame
	said chan struct{} // closed when nothing more will be said
}

// receive takes frames off the connection. It never waits for the writer: an
// agent sends no more than it keeps until we acknowledge.
func (s *session) receive(r io.Reader, from uint64, q *queue, patience time.Duration, cancel context.CancelCauseFunc) {
	alive := time.AfterFunc(patience, func() { cancel(silentError(patience)) })
	defer func() { alive.Stop() }()
	first := true
	rc := wire.NewReceiver(r, from)
	for {
		f, err := rc.Next()
		if err != nil {
			q.fail(err)
			return
		}
		if alive.Stop() {
			alive = time.AfterFunc(silence, func() { cancel(silentError(silence)) })
		}
		if f.Kind != wire.Beat || first { // a first beat says that the connection stands
			q.put(f)
		}
		first = false
		if f.Kind == wire.Exit {
			return
		}
	}
}

// silentError is a connection that stands, as far as anybody knows, and brings
// nothing.
type silentError time.Duration

func (e silentError) Error() string {
	return fmt.Sprintf("nothing was heard for %v", time.Duration(e).Round(time.Second))
}

// write writes what was received.
func (s *session) write(q *queue, kick chan<- struct{}, began func()) (exit *int, err error) {
	for unsaid := 0; ; {
		f, err := q.take()
		if err != nil {
			return nil, err
		}
		if began != nil {
			began()
			began = nil
		}
		switch f.Kind {
		case wire.Stream:
			s.pass(f.Payload)
		case wire.Talk:
			s.heard(f.Payload)
		case wire.Exit:
			exit = &f.Code
		case wire.Beat:
			continue // it has no number of its own
		}
		s.wrote(f.Seq)
		unsaid += len(f.Payload)
		q.done(&f)
		if unsaid >= ackBytes {
			unsaid = 0
			select {
			case kick <- struct{}{}:
			default: // one is on its way, and will tell the newest number
			}
		}
		if exit != nil {
			return exit, nil
		}
	}
}

// speak sends the request of a new session, acknowledgements and the wish to
// stop.
func (s *session) speak(ctx context.Context, w io.Writer, from uint64, c *conn) {
	up := wire.NewUpWriter(w)
	first := wire.Up{Ack: from}
	if from == 0 {
		first.Request = s.options.Request
	}
	if up.Write(first) != nil {
		return // the connection has ended; its other half says why
	}
	s.spoke()
	wished, reason := s.wishes()
	t := time.NewTicker(ackEvery)
	defer t.Stop()
	for over := false; !over; {
		var m wire.Up
		select {
		case <-ctx.Done():
			return
		case <-wished:
			m.Stop, wished = reason(), nil
		case <-c.kick:
		case <-c.over:
			over = true
		case <-t.C:
		}
		m.Ack = s.seen()
		if up.Write(m) != nil {
			return
		}
		s.spoke()
	}
}
