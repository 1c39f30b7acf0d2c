//go:build !pktrail_lite

package follow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/probe/skbtrace"
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

// restrict makes the kernel probe leave out what is out of scope, where this
// machine has such namespaces: a flood there could fill the ring. Those that
// come into scope later are looked for from then on.
func (s *session) restrict(ctx context.Context) error {
	reached, all := s.scope.namespaces(), s.census(ctx)
	whole := len(reached) >= len(all) && (s.places.node == "" || !sharesKernel())
	if whole || len(all) >= searched || len(reached) > skbtrace.MaxNetns/2 {
		return nil
	}
	inodes := make([]uint32, 0, len(reached))
	for inode := range reached {
		inodes = append(inodes, uint32(inode))
	}
	if err := s.kernel.Only(inodes); err != nil {
		return err
	}
	young := map[uint64]time.Time{}
	for _, n := range all {
		young[n.Inode] = time.Time{}
	}
	stop := make(chan struct{})
	var once sync.Once
	s.addSource(source{
		run: func() error {
			tick := time.NewTicker(lookAround)
			defer tick.Stop()
			for {
				select {
				case <-stop:
					return nil
				case <-ctx.Done():
					return nil
				case now := <-tick.C:
					s.widen(ctx, young, now)
				}
			}
		},
		stop:   func() { once.Do(func() { close(stop) }) },
		close:  func() error { return nil },
		missed: func() (map[string]uint64, error) { return nil, nil },
	})
	return nil
}

// sharesKernel reports whether our node is one of several on one kernel (kind):
// what it sees beyond its own namespaces is another node's.
func sharesKernel() bool {
	const first = 0xEFFFFFFC // PROC_PID_INIT_INO, linux/proc_ns.h: the machine's own namespace of processes
	var st unix.Stat_t
	return unix.Stat("/proc/self/ns/pid", &st) == nil && st.Ino != first
}

// lookAround is how often new namespaces are looked for, and youngFor how long
// one may take until a link leads to it.
const (
	lookAround = 2 * time.Second
	youngFor   = 30 * time.Second
)

// widen lets the probe see namespaces that were made a moment ago and are
// connected. young says since when each is known.
func (s *session) widen(ctx context.Context, young map[uint64]time.Time, now time.Time) {
	var fresh []*netns.Namespace
	for _, n := range netns.All(ctx, s.places.options, searched) {
		since, known := young[n.Inode]
		if !known {
			young[n.Inode], since = now, now
		}
		if now.Sub(since) > youngFor || s.scope.reaches(n.Inode) {
			_ = n.Close() // read only: nothing is lost
			continue
		}
		fresh = append(fresh, n)
	}
	if len(fresh) == 0 {
		return
	}
	for inode := range s.scope.add(ctx, fresh, s.census(ctx)) {
		if err := s.kernel.Allow(uint32(inode)); err != nil && !errors.Is(err, os.ErrClosed) {
			s.note(fmt.Sprintf("a new namespace is not watched: %v", err))
		}
	}
	for _, n := range fresh {
		_ = n.Close()
	}
}

func (sc *scope) reaches(inode uint64) bool {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	return sc.reached[inode]
}

// add takes up those of the fresh namespaces that a link leads to from one in
// scope, and names them.
func (sc *scope) add(ctx context.Context, fresh, all []*netns.Namespace) map[uint64]bool {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	from := slices.DeleteFunc(slices.Clone(all), func(n *netns.Namespace) bool { return !sc.reached[n.Inode] })
	near := netns.Connected(ctx, from, fresh)
	maps.DeleteFunc(near, func(inode uint64, _ bool) bool { return sc.reached[inode] })
	for inode := range near {
		sc.reached[inode] = true
		delete(sc.strange, inode)
	}
	return near
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
