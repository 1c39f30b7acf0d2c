package carry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pktrail/pktrail/internal/kube"
	"github.com/pktrail/pktrail/internal/kube/place"
	"github.com/pktrail/pktrail/internal/wire"
)

// Attacher runs `attach SESSION SEQUENCE` where the agent is.
type Attacher interface {
	Attach(ctx context.Context, session string, seq uint64, io place.Stdio) error
	// Rejoin tells in which process the session is.
	Rejoin(pid int)
}

// Options of a session.
type Options struct {
	// Request is what the agent is asked for, as one JSON object.
	Request []byte
	// Reconnect is how long a broken connection is tried again; 0 is not at
	// all.
	Reconnect time.Duration
	// Note hears of broken and healed connections; may be nil.
	Note func(text string)
}

// How long things may take.
const (
	// silence is how long an agent may say nothing: it beats every 2 s.
	silence = 15 * time.Second
	// ackEvery bounds how long a written frame waits for its acknowledgement,
	// which is the heartbeat too; ackBytes how many bytes do.
	ackEvery = wire.BeatEvery / 2
	ackBytes = wire.AckEvery
	// soon is the pause before the first try to connect again, rarely the
	// longest.
	soon   = 50 * time.Millisecond
	rarely = 2 * time.Second
	// expire is how long an agent waits for a word of its client
	// (agent/sessions).
	expire = 30 * time.Second
	// lastWords is how long an agent that was told to stop may take between
	// two frames.
	lastWords = 5 * time.Second
)

// GoneError is a session that ended without its last frame.
type GoneError struct {
	Err error
	// Away is true if the agent may be there still: it is the way to it that is
	// broken.
	Away bool
}

// Error implements error.
func (e *GoneError) Error() string {
	if e.Away {
		return "the agent cannot be reached: " + kube.Cause(e.Err)
	}
	return "the agent is gone: " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *GoneError) Unwrap() error { return e.Err }

// Hint says what to look at.
func (e *GoneError) Hint() string {
	if e.Away {
		return "what was caught until then is kept; the agent ends by itself within 30 s"
	}
	return "what was caught until then is kept"
}

// Run runs one session until its end. The stream's bytes go to w and messages
// to talk, each in order, from one goroutine. When ctx ends the agent is told to
// stop, with ctx's cause as the reason, and what it still has is waited for. code
// is the agent's exit code; an error says that there was none.
func Run(ctx context.Context, a Attacher, id string, o Options, w io.Writer, talk func(message []byte)) (code int, err error) {
	s := &session{attacher: a, id: id, options: o, to: w, talk: talk}
	s.life, s.abandon = context.WithCancelCause(context.WithoutCancel(ctx))
	defer s.abandon(nil)
	stop := context.AfterFunc(ctx, func() { s.stop(context.Cause(ctx)) })
	defer stop()
	return s.run(ctx)
}

type session struct {
	attacher Attacher
	id       string
	options  Options
	to       io.Writer
	talk     func([]byte)

	// life outlasts the caller's context, for the stream's end.
	life    context.Context
	abandon context.CancelCauseFunc

	// full is why the caller's writer takes nothing more. The agent is told to
	// stop then, and what it still has is thrown away.
	full error

	progress
}

func (s *session) note(format string, args ...any) {
	if s.options.Note != nil {
		s.options.Note(fmt.Sprintf(format, args...))
	}
}

// run attaches until the session has ended.
func (s *session) run(ctx context.Context) (int, error) {
	broken := time.Time{} // since when; zero while the connection stands
	for pause := soon; ; pause = min(2*pause, rarely) {
		before := s.seen()
		patience := silence
		if !broken.IsZero() {
			patience = min(silence, max(time.Second, s.options.Reconnect-time.Since(broken)))
		}
		exit, err := s.once(patience, func() { //nolint:contextcheck // the session outlives the caller's context: s.life
			if !broken.IsZero() {
				s.note("the connection to the agent is back after %v; nothing is lost but what its ring could not hold", time.Since(broken).Round(100*time.Millisecond))
				broken, pause = time.Time{}, soon/2
			}
		})
		switch {
		case s.full != nil:
			return 0, s.full
		case exit != nil:
			return *exit, nil
		case s.life.Err() != nil:
			return 0, context.Cause(s.life) //nolint:contextcheck // the session outlives the caller's context: s.life
		case s.final(err), s.options.Reconnect <= 0:
			return 0, s.gone(err, before)
		}
		if broken.IsZero() {
			broken = time.Now()
			s.note("the connection to the agent is broken (%s); trying again for %v", oneCause(err), s.options.Reconnect)
		}
		if time.Since(broken) > s.options.Reconnect {
			return 0, s.gone(err, before)
		}
		select {
		case <-s.life.Done():
			return 0, context.Cause(s.life) //nolint:contextcheck // the session outlives the caller's context: s.life
		case <-ctx.Done():
			// Told to stop while it cannot hear: its heartbeats are missing, so it
			// ends by itself.
			if time.Since(broken) > lastWords {
				return 0, s.gone(err, before)
			}
			time.Sleep(pause)
		case <-time.After(pause):
		}
	}
}

// gone puts an end without a last frame into words. What never began is the
// failure of a command, and no loss.
func (s *session) gone(err error, seen uint64) error {
	if seen == 0 && s.seen() == 0 {
		return kube.Explain(err, "start agent")
	}
	_, silent := errors.AsType[silentError](err)
	if quiet := s.longestQuiet(); quiet > expire && !silent {
		return &GoneError{Err: fmt.Errorf("nothing was said to it for %v, and an agent waits %v for its client", quiet.Round(time.Second), expire)}
	}
	return &GoneError{err, silent || kube.IsAway(err)}
}

// final reports whether trying again makes no sense: the pod or the process
// has gone, or something else answers. A session that never spoke is not
// looked for again either, unless it was the server that was away.
func (s *session) final(err error) bool {
	var garbage *wire.GarbageError
	var gap *wire.GapError
	_, exited := errors.AsType[*place.ExitError](err)
	_, known := errors.AsType[*kube.Error](err)
	if errors.As(err, &garbage) || errors.As(err, &gap) || exited || known || kube.IsGone(err) {
		return true
	}
	return s.seen() == 0 && !kube.IsAway(err)
}

// pass hands bytes to the caller's writer, until that fails.
func (s *session) pass(b []byte) {
	if s.full != nil {
		return
	}
	if _, s.full = s.to.Write(b); s.full != nil {
		s.stop(s.full)
	}
}

// stop tells the agent, and leaves when it does not answer.
func (s *session) stop(cause error) {
	reason := "stopped"
	if cause != nil {
		reason = cause.Error()
	}
	s.wish(reason)
	go func() {
		t := time.NewTicker(lastWords)
		defer t.Stop()
		for last := s.seen(); ; {
			select {
			case <-s.life.Done():
				return
			case <-t.C:
			}
			now := s.seen()
			if now == last {
				s.abandon(&GoneError{errors.New("it does not answer the wish to stop"), true})
				return
			}
			last = now
		}
	}()
}

// hello is the first message of a session, as far as we read it.
type hello struct {
	Kind  string `json:"kind"`
	Hello struct {
		PID int `json:"pid"`
	} `json:"hello"`
}

// heard passes a message on.
func (s *session) heard(message []byte) {
	var h hello
	if json.Unmarshal(message, &h) == nil && h.Kind == "hello" {
		s.attacher.Rejoin(h.Hello.PID)
	}
	s.talk(message)
}

// oneCause shortens an error to what the note has room for.
func oneCause(err error) string {
	if err == nil {
		return "it closed"
	}
	return kube.Cause(err)
}
