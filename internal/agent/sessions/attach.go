package sessions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/pktrail/pktrail/internal/wire"
)

// Attachment is which session to attach, and with what.
type Attachment struct {
	Socket string
	ID     string
	// From is the number of the last frame that the client has; 0 for a new
	// session.
	From     uint64
	Compress wire.Compress
	// Room is that of a new session in place of the host's; 0 is the host's.
	Room int
	// Running is true if the agent is known to run: then its socket is there, or
	// it has just ended.
	Running bool
	In      io.Reader
	Out     io.Writer
}

// dialFor is how long the socket of a new agent is waited for: its first process
// and the first exec into its pod may race.
const dialFor = 3 * time.Second

// Attach joins its own input and output to a session, until one of them ends
// or ctx does. An error is one to tell the client: nothing was written then.
func Attach(ctx context.Context, a Attachment) error {
	if err := CheckID(a.ID); err != nil {
		return err
	}
	wait := dialFor
	if a.Running || a.From > 0 {
		wait = 0
	}
	c, err := dial(ctx, a.Socket, wait)
	if err != nil {
		return fmt.Errorf("attach session %s: %w", a.ID, err)
	}
	defer func() { _ = c.Close() }()
	if err := writeGreeting(c, greeting{a.ID, a.From, a.Compress, a.Room}); err != nil {
		return fmt.Errorf("attach session %s: %w", a.ID, err)
	}
	ended := make(chan struct{}, 2)
	// A client whose stdin ends is gone. A session that takes nothing more may
	// have said why; then the other half ends.
	go func() {
		_, err := io.Copy(c, a.In)
		if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
			ended <- struct{}{}
		}
	}()
	go func() {
		_, _ = io.Copy(a.Out, c)
		ended <- struct{}{}
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	return nil
}

func dial(ctx context.Context, socket string, wait time.Duration) (*net.UnixConn, error) {
	late := time.Now().Add(wait)
	for {
		c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
		if err == nil {
			return c, nil
		}
		absent := errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EAGAIN)
		if !absent || time.Now().After(late) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
