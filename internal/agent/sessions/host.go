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

// most bounds the sessions of one host.
const most = 64

// host has sessions.
type host struct {
	o  Options
	mu sync.Mutex
	// open are the sessions that are not over; nil when there will be none any
	// more.
	open map[string]*session
	// done is closed when the last one is over.
	done chan struct{}
	// began is closed with the first session.
	began chan struct{}
	first bool
	// stay is true while the host outlasts its sessions.
	stay bool
}

func newHost(o Options) *host {
	return &host{o: o.withDefaults(), stay: o.Stay, open: map[string]*session{}, done: make(chan struct{}), began: make(chan struct{})}
}

// session finds a session. A new one is made if the client has no frame yet.
func (h *host) session(id string, from uint64, room int) (*session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.open[id]; s != nil {
		return s, nil
	}
	switch {
	case h.open == nil:
		return nil, ErrHost
	case from > 0:
		return nil, &goneError{id}
	case len(h.open) >= most:
		return nil, fmt.Errorf("there are %d sessions already", most)
	}
	s := newSession(&h.o, id, room)
	h.open[id] = s
	if !h.first {
		h.first = true
		close(h.began)
	}
	go func() {
		<-s.over
		h.o.Note(fmt.Sprintf("session %s: %v", s.id, context.Cause(s.ctx)))
		h.remove(s)
	}()
	h.o.Note("session " + id + ": begins")
	return s, nil
}

// remove forgets a session; with the last one the host is done.
func (h *host) remove(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, s.id)
	if h.open != nil && len(h.open) == 0 && !h.stay {
		h.open = nil
		close(h.done)
	}
}

// shut takes no new session if there is none.
func (h *host) shut() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.open) > 0 {
		return false
	}
	h.open = nil
	return true
}

// attach joins a connection to a session and returns when it has ended.
func (h *host) attach(ctx context.Context, c conn, g greeting) error {
	s, err := h.session(g.ID, g.From, g.Room)
	if err != nil {
		return errors.Join(h.turnAway(ctx, c, g.From, err), c.Close())
	}
	err = s.attach(ctx, c, g.From, g.Compress)
	if gap := (*wire.GapError)(nil); errors.As(err, &gap) {
		err = h.turnAway(ctx, c, g.From, fmt.Errorf("session %s: %w", g.ID, err))
	}
	return errors.Join(err, c.Close())
}

// farewell is how long a client that is turned away may take to hear why.
const farewell = 5 * time.Second

// turnAway tells a client, in frames, why it gets no session.
func (h *host) turnAway(ctx context.Context, w io.Writer, from uint64, why error) error {
	return TurnAway(ctx, w, from, h.o.Complain(why))
}

// TurnAway tells a client in frames after the number from that there is nothing
// for it: a message, and an exit code.
func TurnAway(ctx context.Context, w io.Writer, from uint64, message []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	log := wire.NewLog(len(message), from)
	if err := log.Append(wire.Talk, message); err != nil {
		return err
	}
	if err := log.Finish(exitFailed); err != nil {
		return err
	}
	return log.SendTo(ctx, w, from, wire.CompressOff)
}

// wait returns when the last session is over, or Grace after ctx has ended,
// which every session is told.
func (h *host) wait(ctx context.Context) {
	select {
	case <-h.done:
		return
	case <-ctx.Done():
	}
	why := fmt.Errorf("%w (%w)", ErrHost, context.Cause(ctx))
	late := time.NewTimer(h.o.Grace)
	defer late.Stop()
	h.mu.Lock()
	h.stay = false
	for _, s := range h.open {
		s.stop(why)
		s.refuse(why) // where no request has come
	}
	h.mu.Unlock()
	if h.shut() {
		return
	}
	select {
	case <-h.done:
	case <-late.C:
	}
}
