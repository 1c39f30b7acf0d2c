package find

import (
	"context"
	"errors"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/pktrail/pktrail/internal/kube"
)

// finder is what one search knows.
type finder struct {
	client kubernetes.Interface
	q      Query
	// handlers of RuntimeClasses that were asked for, by their names; empty for
	// those that may not be read.
	handlers map[string]string
}

// Targets finds what a query stands for. Errors about targets are *Error,
// those of the API server *kube.Error.
func Targets(ctx context.Context, client kubernetes.Interface, q Query) (*Found, error) {
	f := &finder{client: client, q: q, handlers: map[string]string{}}
	refs, err := q.read()
	if err != nil {
		return nil, err
	}
	out := &Found{}
	for _, r := range refs {
		if err := f.target(ctx, r, out); err != nil {
			return nil, err
		}
	}
	switch {
	case q.AllNodes:
		if err := f.allNodes(ctx, out); err != nil {
			return nil, err
		}
	case len(refs) == 0:
		if err := f.collect(ctx, q.selected(), out); err != nil {
			return nil, err
		}
	}
	for _, check := range []func(*Found) error{q.count, q.hostNetwork, q.containers} {
		if err := check(out); err != nil {
			return nil, err
		}
	}
	if err := f.details(ctx, out); err != nil {
		return nil, err
	}
	return out, nil
}

// read understands the query as it was typed; nothing is asked yet.
func (q *Query) read() ([]ref, error) {
	switch {
	case len(q.Targets) > 0 && q.Selector != "":
		return nil, refuse(BadTarget, "", "name pods, or pick them by labels", "-l %s beside %s", q.Selector, q.Targets[0])
	case len(q.Targets) > 0 && q.AllNamespaces:
		return nil, refuse(BadTarget, q.Targets[0], "-A goes with -l; a name needs its namespace: -n", "-A beside %s", q.Targets[0])
	case len(q.Targets) == 0 && q.Selector == "" && !q.AllNamespaces && !q.AllNodes:
		return nil, refuse(BadTarget, "", Forms+", or -l SELECTOR", "no target")
	}
	if _, err := Selects(q.Selector); err != nil {
		return nil, err
	}
	var out []ref
	for _, text := range q.Targets {
		r, err := parse(text)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(o ref) bool { return o.kind == r.kind && o.name == r.name }) {
			out = append(out, r)
		}
	}
	return out, nil
}

// allNodes adds every node of the cluster.
func (f *finder) allNodes(ctx context.Context, out *Found) error {
	err := f.each(ctx, kindNode, "", metav1.ListOptions{}, func(o metav1.Object) {
		if n, ok := o.(*corev1.Node); ok {
			node := NodeFrom(n)
			node.Target = true
			out.Nodes = append(out.Nodes, node)
		}
	})
	slices.SortFunc(out.Nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	return kube.Explain(err, "list nodes")
}

// selected is the source of -l and -A.
func (q *Query) selected() *source {
	s := &source{namespace: q.namespace(), labels: withoutAgents(q.Selector), what: "namespace " + q.namespace()}
	if q.AllNamespaces {
		s.namespace, s.what = metav1.NamespaceAll, "all namespaces"
	}
	if q.Selector != "" {
		s.what = "selector " + q.Selector + " in " + s.what
		s.tip = "kubectl get pods --show-labels"
	}
	return s
}

// target finds one target.
func (f *finder) target(ctx context.Context, r ref, out *Found) error {
	sources, err := f.sources(ctx, r, out)
	for _, s := range sources {
		if err != nil {
			break
		}
		err = f.collect(ctx, s, out)
	}
	if _, told := errors.AsType[*Error](err); told {
		return err
	}
	if apierrors.IsNotFound(err) {
		return f.missing(ctx, r)
	}
	return kube.Explain(err, "find "+r.in(f.q.namespace()))
}

// sources gives the sources of a target; none for a node, which is found here
// and now. The error may be the API server's own.
func (f *finder) sources(ctx context.Context, r ref, out *Found) ([]*source, error) {
	ns := f.q.namespace()
	switch r.kind {
	case kindNode:
		n, err := f.node(ctx, r.name)
		if err == nil {
			n.Target = true
			out.Nodes = append(out.Nodes, n)
		}
		return nil, err
	case kindPod:
		return []*source{{target: r.text, what: r.in(ns), namespace: ns, pod: r.name}}, nil
	case kindNamespace:
		// A list of pods of no namespace is empty, and no error.
		if err := f.exists(ctx, kindNamespace, "", r.name); apierrors.IsNotFound(err) {
			return nil, err
		}
		return []*source{{target: r.text, what: r.in(ns), namespace: r.name, labels: withoutAgents("")}}, nil
	case kindService:
		return f.service(ctx, r, out)
	}
	s, err := f.workload(ctx, r)
	if err != nil {
		return nil, err
	}
	return []*source{s}, nil
}

// collect adds the pods of a source that have a network namespace now, each
// once, and notes what is odd about the others.
func (f *finder) collect(ctx context.Context, s *source, out *Found) error {
	out.sources = append(out.sources, s)
	var idle []string
	before, found := len(out.Pods), 0
	err := f.pods(ctx, s, func(p *corev1.Pod) {
		usable, words := state(p)
		found++
		switch {
		case !usable:
			idle = append(idle, p.Name+" "+words)
			return
		case words != "":
			out.note("%s %s", p.Name, words)
		}
		if out.Pod(p.UID) == nil {
			pod := podFrom(p)
			pod.Target = s.target
			out.Pods = append(out.Pods, pod)
		}
	})
	if err != nil {
		if s.pod != "" && f.q.Follow && apierrors.IsNotFound(err) {
			out.note("waiting for %s", s.what)
			return nil
		}
		return err
	}
	slices.SortStableFunc(out.Pods[before:], byName)
	if found > len(idle) {
		if len(idle) > 0 {
			out.note("left out: %s", several(idle, "and"))
		}
		return nil
	}
	return f.nothing(ctx, s, idle, out)
}
