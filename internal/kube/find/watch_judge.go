package find

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// see looks at a pod that a source has, as it is now.
func (w *Watcher) see(source int, p *corev1.Pod) {
	usable, words := state(p)
	h := w.live[p.UID]
	switch {
	case w.dead[p.UID]:
	case !usable:
		if h != nil && p.Status.Phase != corev1.PodPending {
			w.drop(p.UID, words)
		}
		w.forget(p.UID)
	case h == nil && p.DeletionTimestamp == nil:
		w.admit(source, p)
	case h != nil:
		h.by[source] = true
		now := podFrom(p)
		if !slices.Equal(h.pod.IPs, now.IPs) && len(h.pod.IPs) > 0 && len(now.IPs) > 0 && !now.HostNetwork {
			// The same pod in a new sandbox: its node was started again.
			w.drop(p.UID, "has a new network namespace")
			w.admit(source, p)
			return
		}
		h.pod.IPs, h.pod.Containers = now.IPs, now.Containers
	}
}

// admit takes a pod, unless something is in the way.
func (w *Watcher) admit(source int, p *corev1.Pod) {
	pod := podFrom(p)
	pod.Target = w.sources[source].target
	if why := w.inTheWay(&pod); why != "" {
		if !w.told[p.UID] {
			w.told[p.UID] = true
			w.tell(Event{Kind: Skipped, Pod: pod, Text: why})
		}
		return
	}
	if !w.room(pod.Node) {
		if !w.told[p.UID] {
			w.told[p.UID] = true
			w.tell(Event{Kind: Skipped, Pod: pod, Text: w.limits()})
		}
		w.forget(p.UID)
		w.waiting = append(w.waiting, waiter{source, p})
		return
	}
	if name := w.f.q.Container; name != "" {
		before := pod.Container
		if pod.Container = name; pod.Main() == nil {
			pod.Container = before
		}
	}
	node := w.node(pod.Node)
	w.f.sandbox(w.ctx, &pod, &node)
	w.forget(p.UID)
	w.live[p.UID] = &held{pod: pod, by: map[int]bool{source: true}}
	w.tell(Event{Kind: Added, Pod: pod, Node: node})
}

func (w *Watcher) inTheWay(p *Pod) string {
	if p.HostNetwork && !w.f.q.HasFilter {
		return "it uses the network of its node; without a filter, all packets of the node would be captured"
	}
	return ""
}

// room says whether one more pod, on this node, keeps the limits.
func (w *Watcher) room(node string) bool {
	if len(w.live) >= w.f.q.maxPods() {
		return false
	}
	nodes := map[string]bool{node: true}
	for _, h := range w.live {
		nodes[h.pod.Node] = true
	}
	for name, n := range w.nodes {
		if n.Target {
			nodes[name] = true
		}
	}
	return len(nodes) <= w.f.q.maxNodes()
}

func (w *Watcher) limits() string {
	return fmt.Sprintf("more than %s or %s; it waits for a place (--max-targets)", count(w.f.q.maxPods(), "pod"), count(w.f.q.maxNodes(), "node"))
}

// places gives places that have become free to those that wait.
func (w *Watcher) places() {
	for _, q := range slices.Clone(w.waiting) {
		if w.room(q.pod.Spec.NodeName) {
			w.admit(q.source, q.pod)
		}
	}
}

// sweep drops what a source has not listed any more, and, when all sources
// have been listed, what none of them has.
func (w *Watcher) sweep(c change) {
	w.listed[c.source] = true
	for uid, h := range w.live {
		if h.by[c.source] && !c.has[uid] {
			w.lose(c.source, uid, "")
		} else if len(h.by) == 0 && len(w.listed) == len(w.sources) {
			w.drop(uid, "")
		}
	}
	w.waiting = slices.DeleteFunc(w.waiting, func(q waiter) bool { return q.source == c.source && !c.has[q.pod.UID] })
}

// bury takes a pod away that a source has lost: for good if it was deleted,
// else only from what that source has.
func (w *Watcher) bury(source int, p *corev1.Pod) {
	_, words := state(p)
	ended := p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
	if p.DeletionTimestamp == nil && !ended {
		w.lose(source, p.UID, "does not match any more")
		return
	}
	if !ended {
		words = "was deleted"
	}
	w.dead[p.UID] = true
	w.forget(p.UID)
	w.drop(p.UID, words)
}

// lose says that a source has a pod no more.
func (w *Watcher) lose(source int, uid types.UID, why string) {
	w.forget(uid)
	h := w.live[uid]
	if h == nil {
		return
	}
	delete(h.by, source)
	if len(h.by) == 0 {
		w.drop(uid, why)
	}
}

func (w *Watcher) drop(uid types.UID, why string) {
	if h := w.live[uid]; h != nil {
		delete(w.live, uid)
		w.tell(Event{Kind: Gone, Pod: h.pod, Text: why})
	}
}

func (w *Watcher) forget(uid types.UID) {
	w.waiting = slices.DeleteFunc(w.waiting, func(q waiter) bool { return q.pod.UID == uid })
}

// node asks for a node once; what may not be read is not Known.
func (w *Watcher) node(name string) Node {
	if n, ok := w.nodes[name]; ok {
		return n
	}
	ctx, cancel := context.WithTimeout(w.ctx, answer)
	defer cancel()
	n, err := w.f.node(ctx, name)
	if err != nil {
		return Node{Name: name}
	}
	w.nodes[name] = n
	return n
}
