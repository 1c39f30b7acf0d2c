package find

import (
	"context"
	"fmt"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// How many objects are read for their names at most: a capture of two pods
// needs no directory of a large cluster. Pods are large, the others small.
const (
	maxNamedPods = 4 * page
	maxNamed     = 20 * page
)

// Gather reads the names of a cluster: of nodes, pods, services and what
// stands behind them. What may not be read in the whole cluster is read in the
// namespaces named, and left out if that is refused too; notes say so. It may
// take seconds on a large cluster: run it beside a capture, not before.
func Gather(ctx context.Context, client kubernetes.Interface, found *Found, namespaces []string) (Book, []string) {
	g := &gatherer{client: client, namespaces: namespaces, book: Book{}, nodes: Book{}}
	var wait sync.WaitGroup
	wait.Go(func() { g.readNodes(ctx) })
	wait.Go(func() { g.read(ctx, "pods", maxNamedPods, g.pods) })
	wait.Go(func() { g.read(ctx, "services", maxNamed, g.services) })
	wait.Go(func() { g.read(ctx, "endpointslices", maxNamed, g.endpoints) })
	wait.Wait()
	return g.joined(found), g.notes
}

// gatherer collects names from several lists at once.
type gatherer struct {
	client      kubernetes.Interface
	namespaces  []string
	mu          sync.Mutex
	nodes, book Book
	notes       []string
}

// readNodes reads the names of nodes; without the right to list them, those of
// the find stay.
func (g *gatherer) readNodes(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	f := &finder{client: g.client}
	_ = f.each(ctx, kindNode, "", metav1.ListOptions{Limit: page}, func(o metav1.Object) {
		if n, ok := o.(*corev1.Node); ok {
			g.nodes.found(&Found{Nodes: []Node{NodeFrom(n)}})
		}
	})
}

func (g *gatherer) pods(ctx context.Context, ns string, o metav1.ListOptions) (int, string, error) {
	list, err := g.client.CoreV1().Pods(ns).List(ctx, o)
	if err != nil {
		return 0, "", err
	}
	return keep(g, list.Items, func(p *corev1.Pod) {
		if p.Status.Phase == corev1.PodRunning {
			pod := podFrom(p)
			g.book.pod(&pod)
		}
	}), list.Continue, nil
}

func (g *gatherer) services(ctx context.Context, ns string, o metav1.ListOptions) (int, string, error) {
	list, err := g.client.CoreV1().Services(ns).List(ctx, o)
	if err != nil {
		return 0, "", err
	}
	return keep(g, list.Items, g.book.service), list.Continue, nil
}

func (g *gatherer) endpoints(ctx context.Context, ns string, o metav1.ListOptions) (int, string, error) {
	list, err := g.client.DiscoveryV1().EndpointSlices(ns).List(ctx, o)
	if err != nil {
		return 0, "", err
	}
	return keep(g, list.Items, g.book.endpoints), list.Continue, nil
}

// keep takes the names of a page.
func keep[T any](g *gatherer, items []T, name func(*T)) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range items {
		name(&items[i])
	}
	return len(items)
}

func (g *gatherer) note(format string, args ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.notes = append(g.notes, fmt.Sprintf(format, args...))
}

// lister reads one page of a list, and says how many objects it had and where
// the next page begins.
type lister func(ctx context.Context, ns string, o metav1.ListOptions) (n int, next string, err error)

// read reads a list of the whole cluster, else of the namespaces.
func (g *gatherer) read(ctx context.Context, what string, most int, list lister) {
	err := g.pages(ctx, what, metav1.NamespaceAll, most, list)
	if !apierrors.IsForbidden(err) {
		if err != nil && ctx.Err() == nil {
			g.note("names of %s are missing: %v", what, err)
		}
		return
	}
	var refused []string
	for _, ns := range g.namespaces {
		if err := g.pages(ctx, what, ns, most, list); err != nil && ctx.Err() == nil {
			refused = append(refused, ns)
		}
	}
	if len(refused) > 0 {
		g.note("names of %s are missing: they may not be listed in %s", what, strings.Join(refused, ", "))
	}
}

func (g *gatherer) pages(ctx context.Context, what, ns string, most int, list lister) error {
	o := metav1.ListOptions{Limit: page}
	for sum := 0; ; {
		ask, cancel := context.WithTimeout(ctx, answer)
		n, next, err := list(ask, ns, o)
		cancel()
		if err != nil || next == "" {
			return err
		}
		if sum += n; sum >= most {
			g.note("the cluster has more than %d %s: the names of the others are missing", most, what)
			return nil
		}
		o.Continue = next
	}
}

// joined puts what a find knows before all others.
func (g *gatherer) joined(found *Found) Book {
	out := Book{}
	if found != nil {
		out.found(found)
	}
	for _, b := range []Book{g.nodes, g.book} {
		for a, names := range b {
			for _, n := range names {
				out.add(a, n)
			}
		}
	}
	return out
}
