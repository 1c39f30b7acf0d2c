package kube

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// asked is a server that counts its connections, and a client of it.
func asked(t *testing.T, http2 bool) (ask func(context.Context) error, connections *atomic.Int64) {
	t.Helper()
	connections = &atomic.Int64{}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond) // all questions are there at the same time
		w.WriteHeader(http.StatusNoContent)
	}))
	s.EnableHTTP2 = http2
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	client := s.Client()
	client.Transport = newTogether(client.Transport)
	return func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, http.NoBody)
		if err != nil {
			return err
		}
		a, err := client.Do(r)
		if err != nil {
			return err
		}
		return a.Body.Close()
	}, connections
}

// Questions at the same time make one connection, where it carries several; else
// none waits for another's answer.
func TestTogether(t *testing.T) {
	for _, c := range []struct {
		name        string
		http2       bool
		connections int64
	}{{"HTTP/2", true, 1}, {"HTTP/1.1", false, 5}} {
		t.Run(c.name, func(t *testing.T) {
			ask, connections := asked(t, c.http2)
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() {
					if err := ask(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if n := connections.Load(); n != c.connections {
				t.Errorf("%d connections, want %d", n, c.connections)
			}
		})
	}
}

// A first question that fails keeps nobody waiting, and who gives up does not
// wait for it.
func TestTogetherFailed(t *testing.T) {
	refuse := make(chan struct{})
	rt := newTogether(roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/first" {
			<-refuse
		}
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		return nil, errRefused
	}))
	try := func(ctx context.Context, path string) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1"+path, http.NoBody)
		if err != nil {
			return err
		}
		a, err := rt.RoundTrip(r)
		if err == nil {
			err = a.Body.Close()
		}
		return err
	}
	first := make(chan error, 1)
	go func() { first <- try(t.Context(), "/first") }()
	for !rt.(*together).first.Load() {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := try(ctx, "/gone"); !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up: %v", err)
	}
	second := make(chan error, 1)
	go func() { second <- try(t.Context(), "/second") }()
	close(refuse)
	for _, c := range []chan error{first, second} {
		if err := <-c; !errors.Is(err, errRefused) {
			t.Errorf("%v", err)
		}
	}
}

var errRefused = errors.New("refused")

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
