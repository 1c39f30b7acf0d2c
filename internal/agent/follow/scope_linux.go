//go:build !pktrail_lite

package follow

import (
	"context"
	"maps"
	"sync"

	"github.com/pktrail/pktrail/internal/probe/netns"
)

// scope are the namespaces that packets can go to from the two ends. The
// kernel probe sees all of the kernel, where other labs and other containers
// may use the same addresses.
type scope struct {
	ready chan struct{}

	mu      sync.Mutex
	reached map[uint64]bool
	strange map[uint64]bool
}

// newScope looks around while the rest is armed: on a node with many pods that
// takes longer than anything else.
func (s *session) newScope(ctx context.Context) *scope {
	sc := &scope{ready: make(chan struct{}), strange: map[uint64]bool{}}
	all := s.census(ctx)
	var from []*netns.Namespace
	for i := range s.ends {
		if s.ends[i].ns != nil {
			from = append(from, s.ends[i].ns)
		}
	}
	if len(from) == 0 && len(all) > 0 {
		from = all[:1] // our own: packets of addresses that nobody here has pass by there
	}
	go func() {
		defer close(sc.ready)
		sc.reached = netns.Connected(ctx, from, all)
	}()
	return sc
}

// namespaces are those that were in scope at the start, by inode.
func (sc *scope) namespaces() map[uint64]bool {
	<-sc.ready
	sc.mu.Lock()
	defer sc.mu.Unlock()
	return maps.Clone(sc.reached)
}

// has reports whether a namespace is in scope. One that came after the start
// is, if a link leads to it from one that is.
func (sc *scope) has(ctx context.Context, at *placeOf, known func() []*netns.Namespace) bool {
	<-sc.ready
	sc.mu.Lock()
	defer sc.mu.Unlock()
	switch {
	case sc.reached[at.inode]:
		return true
	case sc.strange[at.inode]:
		return false
	case at.ns == nil:
		sc.strange[at.inode] = true
		return false
	}
	var from []*netns.Namespace
	for _, n := range known() {
		if sc.reached[n.Inode] {
			from = append(from, n)
		}
	}
	if netns.Connected(ctx, from, []*netns.Namespace{at.ns})[at.inode] {
		sc.reached[at.inode] = true
		return true
	}
	sc.strange[at.inode] = true
	return false
}
