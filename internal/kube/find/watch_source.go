package find

import (
	"errors"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/pktrail/pktrail/internal/kube"
)

// change is what a source tells.
type change struct {
	source int
	// seen are pods as they are now.
	seen []*corev1.Pod
	// all is true if these are all that there are that run; has are the UIDs of
	// all that the source has, those that do not run too.
	all bool
	has map[types.UID]bool
	// lost is a pod that the source has no more.
	lost *corev1.Pod
	// err says that the server does not answer.
	err error
}

// How long a source waits before it asks again, at first and at most; a
// server that is started anew is away for some seconds.
const (
	firstPause = 200 * time.Millisecond
	longPause  = 5 * time.Second
)

// errEnded says that a watch has ended as watches do, after some minutes.
var errEnded = errors.New("watch ended")

// place is where the watch of a source stands.
type place struct {
	// version to watch from; empty if the pods must be listed.
	version string
	// answered is true once a watch has begun: what is refused later is a server
	// that has just started, and no missing right.
	answered bool
	// began is when the watch that runs was taken up.
	began time.Time
	// heard is true if the watch that runs has told anything.
	heard bool
}

// follow lists and watches one source until the watcher ends. A watch that
// ends goes on where it stopped; where the server has forgotten that, the pods
// are listed again.
func (w *Watcher) follow(i int, s *source) {
	var at place
	pause := firstPause
	for w.ctx.Err() == nil {
		err := w.once(i, s, &at)
		switch {
		case w.ctx.Err() != nil:
			return
		case errors.Is(err, errEnded):
			if at.heard || time.Since(at.began) > firstPause {
				pause = firstPause
				continue
			}
			// client-go takes a connection that is closed at once for a watch
			// without events. A list tells the difference.
			at.version = ""
		case apierrors.IsResourceExpired(err) || apierrors.IsGone(err):
			at.version = ""
		case !at.answered && !kube.IsAway(err):
			w.fail(kube.Explain(err, "watch the pods of "+s.what))
			return
		default:
			w.send(change{source: i, err: kube.Explain(err, "watch the pods of "+s.what)})
		}
		select {
		case <-w.ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longPause)
	}
}

// once lists, unless it knows where it stopped, and watches until the watch
// ends.
func (w *Watcher) once(i int, s *source, at *place) error {
	if at.version == "" {
		if err := w.list(i, s, at); err != nil {
			return err
		}
	}
	o := s.options()
	o.ResourceVersion, o.AllowWatchBookmarks = at.version, true
	o.TimeoutSeconds = new(int64(300 + rand.IntN(300))) // the server's own habit
	in, err := w.f.client.CoreV1().Pods(s.namespace).Watch(w.ctx, o)
	if err != nil {
		return err
	}
	defer in.Stop()
	at.answered, at.heard, at.began = true, false, time.Now()
	w.send(change{source: i})
	for {
		select {
		case <-w.ctx.Done():
			return w.ctx.Err()
		case e, ok := <-in.ResultChan():
			if !ok {
				return errEnded
			}
			if e.Type == watch.Error {
				return apierrors.FromObject(e.Object)
			}
			p, isPod := e.Object.(*corev1.Pod)
			if !isPod {
				continue
			}
			at.version, at.heard = p.ResourceVersion, true
			w.pass(i, s, e.Type, p)
		}
	}
}

// pass tells one event of a watch.
func (w *Watcher) pass(i int, s *source, kind watch.EventType, p *corev1.Pod) {
	switch {
	case kind == watch.Bookmark:
	case s.pod != "" && p.Name != s.pod: // a server that knows no field selectors
	case kind == watch.Deleted:
		w.send(change{source: i, lost: p})
	case s.owns == nil || s.owns(w.ctx, p):
		w.send(change{source: i, seen: []*corev1.Pod{p}})
	}
}

// list tells all pods that a source has, and gives the version to watch from.
func (w *Watcher) list(i int, s *source, at *place) error {
	c := change{source: i, all: true, has: map[types.UID]bool{}}
	o := s.options()
	o.Limit = page
	for {
		list, err := w.f.podPage(w.ctx, s, o)
		if err != nil {
			return err
		}
		for j := range list.Items {
			p := &list.Items[j]
			if s.pod != "" && p.Name != s.pod || s.owns != nil && !s.owns(w.ctx, p) {
				continue
			}
			c.has[p.UID] = true
			// Those that cannot be used need not be kept, but may have ended.
			if usable, _ := state(p); usable || p.Status.Phase != corev1.PodPending {
				c.seen = append(c.seen, p)
			}
		}
		if o.Continue = list.Continue; o.Continue == "" {
			at.version = list.ResourceVersion
			w.send(c)
			return nil
		}
	}
}

func (w *Watcher) send(c change) {
	select {
	case w.changes <- c:
	case <-w.ctx.Done():
	}
}

func (w *Watcher) fail(err error) {
	select {
	case w.failed <- err:
	default:
	}
}
