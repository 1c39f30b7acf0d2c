package find

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pktrail/pktrail/internal/kube"
)

// details reads the nodes that pods are on and the RuntimeClasses that they
// name. Roles without a right to these get by: what is not known is a note.
func (f *finder) details(ctx context.Context, out *Found) error {
	var missing []string
	for _, name := range out.nodesOf() {
		if out.Node(name) == nil {
			missing = append(missing, name)
		}
	}
	nodes := make([]Node, len(missing))
	group, inner := errgroup.WithContext(ctx)
	for i, name := range missing {
		group.Go(func() error {
			n, err := f.node(inner, name)
			nodes[i] = n
			if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
				nodes[i] = Node{Name: name}
				return nil
			}
			return kube.Explain(err, "get node "+name)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	out.Nodes = append(out.Nodes, nodes...)
	if slices.ContainsFunc(nodes, func(n Node) bool { return !n.Known }) {
		out.note("nodes may not be read (get nodes): their architecture and runtime are not checked before")
	}
	for i := range out.Pods {
		f.sandbox(ctx, &out.Pods[i], out.Node(out.Pods[i].Node))
	}
	return nil
}

// node asks for a node by its name. The error is the API server's own.
func (f *finder) node(ctx context.Context, name string) (Node, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	n, err := f.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return Node{}, err
	}
	return NodeFrom(n), nil
}

// sandbox finds out what a pod runs in.
func (f *finder) sandbox(ctx context.Context, p *Pod, n *Node) {
	if p.RuntimeClass != "" {
		p.Handler = f.handler(ctx, p.RuntimeClass)
		p.Sandbox = SandboxOf(p.RuntimeClass, p.Handler)
	}
	if p.Sandbox == SandboxNone && n != nil && !p.HostNetwork {
		p.Sandbox = n.Sandbox
	}
}

// handler asks what a RuntimeClass names to the runtime, once for each; empty
// if that may not be read.
func (f *finder) handler(ctx context.Context, class string) string {
	if h, asked := f.handlers[class]; asked {
		return h
	}
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	c, err := f.client.NodeV1().RuntimeClasses().Get(ctx, class, metav1.GetOptions{})
	if err != nil {
		f.handlers[class] = ""
		return ""
	}
	f.handlers[class] = c.Handler
	return c.Handler
}
