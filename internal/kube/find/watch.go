package find

import (
	"context"
	"os"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// Watcher tells pods that come and go.
type Watcher struct {
	f       *finder
	sources []*source
	nodes   map[string]Node // that are targets themselves, or were asked for
	changes chan change
	events  chan Event
	failed  chan error
	ctx     context.Context
	stop    context.CancelCauseFunc
	running sync.WaitGroup

	live    map[types.UID]*held
	waiting []waiter           // match, and have no place
	told    map[types.UID]bool // skipped
	dead    map[types.UID]bool // deleted: another source may still tell them as they were
	listed  map[int]bool       // sources that have been listed
	cut     map[int]bool       // sources that get no answer
}

// held is a pod that is taken, and the sources it matches.
type held struct {
	pod Pod
	by  map[int]bool
}

// waiter is a pod that matches a source and waits for a place.
type waiter struct {
	source int
	pod    *corev1.Pod
}

// Watch follows what a query stands for, from what was found on. It survives
// restarts of the API server and tells them. Pods beyond the query's limits
// wait for a place. Close it when done.
func (f *Found) Watch(ctx context.Context, client kubernetes.Interface, q Query) *Watcher {
	ctx, stop := context.WithCancelCause(ctx)
	w := &Watcher{
		f: &finder{client: client, q: q, handlers: map[string]string{}}, sources: f.sources, nodes: map[string]Node{},
		changes: make(chan change), events: make(chan Event, 16), failed: make(chan error, 1), ctx: ctx, stop: stop,
		live: map[types.UID]*held{}, told: map[types.UID]bool{}, dead: map[types.UID]bool{}, listed: map[int]bool{}, cut: map[int]bool{},
	}
	for _, n := range f.Nodes {
		w.nodes[n.Name] = n
	}
	for _, p := range f.Pods {
		w.live[p.UID] = &held{pod: p, by: map[int]bool{}}
	}
	for i, s := range w.sources {
		w.running.Go(func() { w.follow(i, s) })
	}
	w.running.Go(w.judge)
	return w
}

// Read waits for the next event. After Close it gives os.ErrClosed, after the
// end of the context its cause, and where the pods may not be watched, why.
func (w *Watcher) Read() (Event, error) {
	select {
	case e := <-w.events:
		return e, nil
	case err := <-w.failed:
		w.stop(err)
		return Event{}, err
	case <-w.ctx.Done():
		return Event{}, context.Cause(w.ctx)
	}
}

// Close ends the watch and Read.
func (w *Watcher) Close() error {
	w.stop(os.ErrClosed)
	w.running.Wait()
	return nil
}

// judge is the one that knows what is taken; sources tell it what they see.
func (w *Watcher) judge() {
	for {
		select {
		case <-w.ctx.Done():
			return
		case c := <-w.changes:
			w.take(c)
		}
	}
}

func (w *Watcher) take(c change) {
	if c.err != nil {
		if len(w.cut) == 0 {
			w.tell(Event{Kind: Cut, Text: c.err.Error()})
		}
		w.cut[c.source] = true
		return
	}
	if w.cut[c.source] {
		delete(w.cut, c.source)
		if len(w.cut) == 0 {
			w.tell(Event{Kind: Resumed})
		}
	}
	for _, p := range c.seen {
		w.see(c.source, p)
	}
	switch {
	case c.all:
		w.sweep(c)
	case c.lost != nil:
		w.bury(c.source, c.lost)
	}
	w.places()
}

func (w *Watcher) tell(e Event) {
	select {
	case w.events <- e:
	case <-w.ctx.Done():
	}
}
