//go:build e2e

package find

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
)

// road is a way to the API server that can be cut.
type road struct {
	host, name, to string
	mu             sync.Mutex
	closed         bool
	open           map[net.Conn]bool
}

func newRoad(t *testing.T, c *rest.Config) *road {
	t.Helper()
	u, err := url.Parse(c.Host)
	if err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r := &road{host: "https://" + l.Addr().String(), name: u.Hostname(), to: u.Host, open: map[net.Conn]bool{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.carry(t.Context(), c)
		}
	}()
	return r
}

func (r *road) carry(ctx context.Context, c net.Conn) {
	defer c.Close()
	far, err := new(net.Dialer).DialContext(ctx, "tcp", r.to)
	if err != nil {
		return
	}
	defer far.Close()
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.open[c] = true
	r.mu.Unlock()
	go func() {
		_, _ = io.Copy(far, c)
		far.Close()
	}()
	_, _ = io.Copy(c, far)
}

func (r *road) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for c := range r.open {
		c.Close()
	}
}

func (r *road) mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = false
}
