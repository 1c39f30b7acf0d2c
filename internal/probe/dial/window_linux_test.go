//go:build !pktrail_lite

package dial

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/trail"
)

// TestSmallWindow: a server with room for little that does not read, and one
// that resets then.
func TestSmallWindow(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for _, c := range []struct {
		at     string
		resets bool
		result trail.Result
		text   string
	}{
		{"10.1.0.2:95", false, trail.ResultNothing, "connected, but "},
		{"10.1.0.2:96", true, trail.ResultRefused, "connection reset by peer"},
	} {
		ln := labtest.Listen(t, b.server, "tcp4", c.at)
		raw, err := ln.(*net.TCPListener).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var setErr error
		err = raw.Control(func(fd uintptr) { // what is accepted inherits it
			setErr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 1024)
		})
		if err != nil || setErr != nil {
			t.Fatal(err, setErr)
		}
		ctx, cancel := context.WithCancel(context.Background())
		t.Cleanup(cancel)
		go func() {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			_, _ = conn.Read(make([]byte, 1))
			if c.resets {
				_ = conn.(*net.TCPConn).SetLinger(0)
				_ = conn.Close()
			}
		}()
		got := b.talk(tcp, c.at, func(o *Options) { o.Size, o.Timeout = 60000, time.Second })
		if got.Result != c.result || !strings.HasPrefix(got.Error, c.text) {
			t.Errorf("%s: %+v", c.at, got)
		}
	}
}
