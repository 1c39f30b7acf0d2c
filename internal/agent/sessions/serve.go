package sessions

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Socket is where Serve listens unless it is told otherwise. Its folder is to
// be in memory and nobody else's.
const Socket = "/run/pktrail/agent.sock"

// OwnSocket is where Own listens: an abstract socket, which leaves no file.
func OwnSocket(id string) string { return "@pktrail-" + id }

// Serve listens on a socket and hosts sessions. It returns when the last one is
// over, when none has come for Options.Linger, and Options.Grace after ctx has
// ended at the latest; with Options.Stay only then. The socket's file is removed.
func Serve(ctx context.Context, socket string, o Options) (err error) {
	l, err := listen(socket)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreClosed(l.Close())) }()
	h := newHost(o)
	go h.accept(ctx, l, allowUser)
	h.o.Note("serves at " + socket)
	linger := time.NewTimer(h.o.Linger)
	defer linger.Stop()
	if o.Stay {
		linger.Stop()
	}
	select {
	case <-h.began:
	case <-ctx.Done():
	case <-linger.C:
		if h.shut() {
			h.o.Note(fmt.Sprintf("nobody has come for %v", h.o.Linger))
			return nil
		}
	}
	h.wait(ctx)
	return nil
}

// listen opens a unix socket that its user alone can connect to.
func listen(socket string) (*net.UnixListener, error) {
	if !strings.HasPrefix(socket, "@") {
		if err := os.MkdirAll(filepath.Dir(socket), 0o700); err != nil {
			return nil, fmt.Errorf("listen: %w", err)
		}
		// A file that an agent left who was killed; one that is alive would be
		// connected to.
		if c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"}); err == nil {
			return nil, errors.Join(fmt.Errorf("listen: another agent serves at %s", socket), c.Close())
		}
		if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("listen: %w", err)
		}
	}
	restore := privately()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	restore()
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// accept takes connections until the listener is closed.
func (h *host) accept(ctx context.Context, l *net.UnixListener, allow func(*net.UnixConn) error) {
	for {
		c, err := l.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			h.o.Note("accept: " + err.Error())
			time.Sleep(10 * time.Millisecond) // out of descriptors: it passes
			continue
		}
		go func() {
			if err := h.greet(ctx, c, allow); err != nil {
				h.o.Note(err.Error())
			}
		}()
	}
}

func (h *host) greet(ctx context.Context, c *net.UnixConn, allow func(*net.UnixConn) error) error {
	if err := allow(c); err != nil {
		return errors.Join(fmt.Errorf("refuse connection: %w", err), c.Close())
	}
	g, err := readGreeting(c)
	if err != nil {
		return errors.Join(fmt.Errorf("refuse connection: %w", err), c.Close())
	}
	return h.attach(ctx, c, g)
}
