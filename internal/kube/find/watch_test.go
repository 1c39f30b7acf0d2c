package find

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	clienttest "k8s.io/client-go/testing"
)

// server answers lists and watches of pods as a test says.
type server struct {
	*fake.Clientset
	mu      sync.Mutex
	pods    []*corev1.Pod
	version int
	down    error // of lists and watches
	refuse  error // of watches alone
	asked   []metav1.ListOptions
	turned  chan error // what was refused, the last
	watches chan *watch.FakeWatcher
}

func newServer(pods ...*corev1.Pod) *server {
	s := &server{Clientset: cluster(), pods: pods, version: 7, watches: make(chan *watch.FakeWatcher, 8), turned: make(chan error, 100)}
	s.PrependReactor("list", "pods", func(clienttest.Action) (bool, runtime.Object, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		out := &corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: fmt.Sprint(s.version)}}
		for _, p := range s.pods {
			out.Items = append(out.Items, *p)
		}
		if s.down != nil {
			s.turned <- s.down
		}
		return true, out, s.down
	})
	s.PrependWatchReactor("pods", func(a clienttest.Action) (bool, watch.Interface, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.down != nil {
			s.turned <- s.down
			return true, nil, s.down
		}
		if s.refuse != nil {
			return true, nil, s.refuse
		}
		s.asked = append(s.asked, a.(clienttest.WatchActionImpl).ListOptions)
		w := watch.NewFake()
		s.watches <- w
		return true, w, nil
	})
	return s
}

// set changes what the server has, without telling watches.
func (s *server) set(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

func away() error {
	return &url.Error{Op: "Get", URL: "https://10.0.0.1:6443/api", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}
}

// watching is a watcher of some pods, with what they are found as before.
func watching(t *testing.T, s *server, q Query, found Found) *Watcher {
	t.Helper()
	if len(found.sources) == 0 {
		found.sources = []*source{{target: "deploy/web", what: "deployment web", namespace: "shop", labels: "app=web"}}
	}
	w := found.Watch(t.Context(), s, q)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// next reads an event, as "added web-1".
func next(t *testing.T, w *Watcher) string {
	t.Helper()
	type answer struct {
		e   Event
		err error
	}
	c := make(chan answer, 1)
	go func() {
		e, err := w.Read()
		c <- answer{e, err}
	}()
	select {
	case a := <-c:
		if a.err != nil {
			return "error " + a.err.Error()
		}
		return strings.TrimSpace(string(a.e.Kind) + " " + a.e.Pod.Name + " " + a.e.Text)
	case <-time.After(20 * time.Second):
		t.Fatal("no event")
		return ""
	}
}

func expect(t *testing.T, w *Watcher, want ...string) {
	t.Helper()
	for _, text := range want {
		if got := next(t, w); !strings.HasPrefix(got, text) {
			t.Fatalf("event %q, want %q", got, text)
		}
	}
}

func deleted(p *corev1.Pod) { p.DeletionTimestamp = new(metav1.Now()) }

func web(n int, change ...func(*corev1.Pod)) *corev1.Pod {
	return runs(fmt.Sprintf("web-%d", n), append([]func(*corev1.Pod){labelled("app=web")}, change...)...)
}

func TestWatch(t *testing.T) {
	s := newServer(web(1))
	w := watching(t, s, Query{Namespace: "shop", Follow: true}, Found{Pods: []Pod{podFrom(web(1))}})
	in := <-s.watches
	in.Add(web(2, unscheduled))
	in.Modify(web(2))
	expect(t, w, "added web-2")
	in.Modify(web(2)) // nothing new
	in.Modify(web(1, phase(corev1.PodFailed, "Evicted: no memory")))
	expect(t, w, "gone web-1 has failed: Evicted: no memory")
	in.Delete(web(1))
	in.Delete(web(2, deleted))
	expect(t, w, "gone web-2 was deleted")
	in.Add(web(3, deleted)) // on its way out: not taken
	in.Add(web(4))
	expect(t, w, "added web-4")
	in.Delete(web(4))
	expect(t, w, "gone web-4 does not match any more")
	in.Add(web(5))
	expect(t, w, "added web-5")
	in.Modify(web(5, func(p *corev1.Pod) { p.Status.PodIPs = []corev1.PodIP{{IP: "10.244.9.9"}} }))
	expect(t, w, "gone web-5 has a new network namespace", "added web-5")
	in.Add(web(6, hostNetwork))
	expect(t, w, "skipped web-6 it uses the network of its node")
}

// TestWatchAddedNode checks that a pod comes with its node and its sandbox.
func TestWatchAddedNode(t *testing.T) {
	s := newServer()
	w := watching(t, s, Query{Container: "main"}, Found{})
	(<-s.watches).Add(web(1, on("node-b"), func(p *corev1.Pod) { p.Spec.RuntimeClassName = new("gvisor") }))
	e, err := w.Read()
	if err != nil || e.Node.Name != "node-b" || !e.Node.Known || e.Pod.Sandbox != SandboxGVisor || e.Pod.Target != "deploy/web" || e.Pod.Container != "main" {
		t.Errorf("%+v, %v", e, err)
	}
}

// TestWatchResumes checks what becomes of a watch that ends: it goes on from
// where it stopped, or lists again if the server has forgotten that.
func TestWatchResumes(t *testing.T) {
	s := newServer(web(1), web(2))
	w := watching(t, s, Query{}, Found{Pods: []Pod{podFrom(web(1)), podFrom(web(2)), podFrom(web(9))}})
	in := <-s.watches
	expect(t, w, "gone web-9")
	three := web(3)
	three.ResourceVersion = "11"
	in.Add(three)
	expect(t, w, "added web-3")
	in.Stop()
	in = <-s.watches
	s.set(func() { s.pods, s.version = []*corev1.Pod{web(2), web(4)}, 40 })
	in.Error(&metav1.Status{Status: metav1.StatusFailure, Code: 410, Reason: metav1.StatusReasonExpired, Message: "too old resource version"})
	in = <-s.watches
	got := map[string]bool{next(t, w): true, next(t, w): true, next(t, w): true}
	for _, want := range []string{"added web-4", "gone web-1", "gone web-3"} {
		if !got[want] {
			t.Errorf("events %v lack %q", got, want)
		}
	}
	in.Stop() // without a word: is there a server at all?
	<-s.watches
	for i, want := range []string{"7", "11", "40"} {
		if got := s.asked[i]; got.ResourceVersion != want || got.LabelSelector != "app=web" || !got.AllowWatchBookmarks {
			t.Errorf("watch %d from %q, want %q: %+v", i, got.ResourceVersion, want, got)
		}
	}
}

// TestWatchServerRestarts checks that an outage is told once, with its end,
// and that what happened meanwhile is told after it.
func TestWatchServerRestarts(t *testing.T) {
	s := newServer(web(1))
	w := watching(t, s, Query{}, Found{Pods: []Pod{podFrom(web(1))}})
	in := <-s.watches
	s.set(func() { s.down = away() })
	in.Stop()
	expect(t, w, "cut  watch the pods of deployment web: API server 10.0.0.1:6443 refuses the connection")
	// A server that has just started may refuse what it will allow.
	late := apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("roles are not loaded"))
	s.set(func() { s.down = late })
	for err := range s.turned {
		if errors.Is(err, late) {
			break
		}
	}
	s.set(func() { s.down = nil })
	(<-s.watches).Add(web(2))
	expect(t, w, "resumed", "added web-2")
}

func TestWatchForbidden(t *testing.T) {
	no := apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New(`User "u" cannot watch resource "pods"`))
	for name, prepare := range map[string]func(*server){
		"list":  func(s *server) { s.down = no },
		"watch": func(s *server) { s.refuse = no },
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer()
			prepare(s)
			w := watching(t, s, Query{}, Found{})
			expect(t, w, `error watch the pods of deployment web: User "u" cannot watch`)
			expect(t, w, `error watch the pods of deployment web`) // and stays so
		})
	}
}

// TestWatchLimits checks that pods beyond the limits wait until others go.
func TestWatchLimits(t *testing.T) {
	s := newServer(web(1))
	w := watching(t, s, Query{MaxPods: 2, MaxNodes: 2}, Found{Pods: []Pod{podFrom(web(1))}, Nodes: []Node{{Name: "node-x", Target: true}}})
	in := <-s.watches
	in.Add(web(2, on("node-b")))
	expect(t, w, "skipped web-2 more than 2 pods or 2 nodes; it waits for a place (--max-targets)")
	in.Add(web(3))
	expect(t, w, "added web-3")
	in.Add(web(4))
	expect(t, w, "skipped web-4")
	in.Modify(web(4)) // told once
	in.Delete(web(4))
	in.Add(web(5))
	expect(t, w, "skipped web-5")
	in.Delete(web(1))
	expect(t, w, "gone web-1", "added web-5")
	in.Delete(web(3))
	expect(t, w, "gone web-3")
	in.Delete(web(5))
	expect(t, w, "gone web-5", "added web-2")
}

// TestWatchTwoSources checks that a pod that two targets mean is one pod, and
// gone when neither has it.
func TestWatchTwoSources(t *testing.T) {
	s := newServer()
	w := watching(t, s, Query{}, Found{sources: []*source{
		{target: "deploy/web", what: "deployment web", namespace: "shop", labels: "app=web"},
		{target: "web-1", what: "pod web-1", namespace: "shop", pod: "web-1"},
	}})
	a, b := <-s.watches, <-s.watches
	a.Add(web(1))
	expect(t, w, "added web-1")
	b.Add(web(1))
	a.Delete(web(1, deleted))
	expect(t, w, "gone web-1 was deleted")
	b.Modify(web(1)) // late news
	b.Delete(web(1, deleted))
	a.Add(web(2))
	b.Add(web(2)) // not the pod that one of the two means
	expect(t, w, "added web-2")
}

func TestWatchClose(t *testing.T) {
	s := newServer()
	w := watching(t, s, Query{}, Found{})
	<-s.watches
	done := make(chan error)
	go func() {
		_, err := w.Read()
		done <- err
	}()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, os.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
}
