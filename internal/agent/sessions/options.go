package sessions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Options are what a host needs to know of its work.
type Options struct {
	// Run does what a request asks for. The stream goes to w and messages to
	// talk, from any goroutine; both block while the client is behind. It
	// returns the session's exit code when ctx has ended, whose cause is the
	// reason, or by itself.
	Run func(ctx context.Context, request []byte, w io.Writer, talk func(message []byte)) int
	// Complain makes a message of an error.
	Complain func(error) []byte
	// Hello is the first message of every new session.
	Hello []byte
	// Note hears, in words, of what a person who looks at the host may want to
	// know; may be nil.
	Note func(text string)

	// Room is how many bytes of frames a session keeps until they are
	// acknowledged; 0 is 8 MiB.
	Room int
	// Expire is how long a session lives without a word of its client; 0 is
	// 30 s.
	Expire time.Duration
	// Stay keeps Serve until its context ends, whatever sessions do: for an
	// agent that is a container beside others.
	Stay bool
	// Linger is how long Serve waits for its first session; 0 is 30 s.
	Linger time.Duration
	// Grace is how long sessions may take to end after the host's context has;
	// 0 is 1.5 s, less than the 2 s that an agent's pod is given.
	Grace time.Duration
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&o.Expire, 30*time.Second)
	set(&o.Linger, 30*time.Second)
	set(&o.Grace, 1500*time.Millisecond)
	if o.Room == 0 {
		o.Room = 8 << 20
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	return o
}

// What ends a session before its time.
var (
	errExpired   = errors.New("the client has not been heard of")
	errTakenOver = errors.New("another connection has taken the session over")
	errRefused   = errors.New("its request was none")
)

// ErrHost ends sessions before their time, because their host ends.
var ErrHost = errors.New("the agent was told to end")

// Exit codes of sessions that never ran.
const (
	exitFailed = 1
	exitUsage  = 2
)

// goneError answers a client that comes back too late.
type goneError struct{ id string }

func (e *goneError) Error() string { return "session " + e.id + " is gone" }

// Hint says why.
func (e *goneError) Hint() string {
	return "it ended, or its client was not heard of for too long"
}

// CheckID refuses what cannot be a session's name: 16 to 64 of a-z and 0-9.
func CheckID(id string) error {
	odd := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	if len(id) < 16 || len(id) > 64 || strings.ContainsFunc(id, odd) {
		return fmt.Errorf("session %.80q is not named by 16 to 64 letters a-z and digits", id)
	}
	return nil
}
