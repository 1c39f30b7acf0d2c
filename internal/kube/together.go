package kube

import (
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
)

// together lets questions that are asked at once share one connection: each of
// them would make one of its own as long as there is none, and most of what a
// question costs then is that. Where the server has one at a time on a
// connection, the others still make theirs.
type together struct {
	next http.RoundTripper
	// first is true as soon as a question is on its way, stands is closed when
	// that one has a connection, or has failed.
	first  atomic.Bool
	once   sync.Once
	stands chan struct{}
}

func newTogether(next http.RoundTripper) http.RoundTripper {
	return &together{next: next, stands: make(chan struct{})}
}

// RoundTrip implements http.RoundTripper.
func (t *together) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.first.CompareAndSwap(false, true) {
		defer t.open()
		trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { t.open() }}
		return t.next.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	}
	select {
	case <-t.stands:
	case <-r.Context().Done():
		// The transport below says what that is called, and closes the body.
	}
	return t.next.RoundTrip(r)
}

func (t *together) open() { t.once.Do(func() { close(t.stands) }) }
