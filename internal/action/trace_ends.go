package action

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/kube/find"
	"github.com/pktrail/pktrail/internal/trail"
)

// clusterEnd is one end of a trace, as the cluster knows it.
type clusterEnd struct {
	trail.End
	any bool
	// pods are those that the end is, or that stand behind it. None for a node,
	// or an address that no pod has.
	pods []*find.Pod
	// node is set for node/NAME.
	node *find.Node
	// service is set for svc/NAME, and for a node's port that is a service's.
	service *find.Service
	// protocol of the packets, as Kubernetes writes it ("TCP"); empty is any.
	protocol string
}

// resolve finds an end.
func (c *crew) resolve(ctx context.Context, text string, port int) (clusterEnd, error) {
	e, name, err := splitEnd(text, port)
	if err != nil || name == "" {
		if err == nil && !e.any {
			err = c.whose(ctx, &e)
		}
		return e, err
	}
	found, err := find.Targets(ctx, c.cluster.Client, find.Query{
		Targets: []string{name}, Namespace: c.cluster.Namespace, HasFilter: true,
		MaxPods: mostBackends, MaxNodes: mostBackends,
		Follow: strings.HasPrefix(name, "svc/") || strings.HasPrefix(name, "service"), // one without pods can be traced all the same
	})
	if err != nil {
		return e, err
	}
	for _, n := range found.Notes {
		if len(found.Services) == 0 {
			c.note(n)
		}
	}
	c.found.Nodes = append(c.found.Nodes, found.Nodes...)
	for i := range found.Nodes {
		if n := &found.Nodes[i]; n.Target {
			e.node, e.Label, e.Addrs, e.Node = n, n.Name, n.Addresses, n.Name
			return e, nil
		}
	}
	for i := range found.Pods {
		e.pods = append(e.pods, &found.Pods[i])
	}
	if len(found.Services) > 0 {
		return e, e.behind(&found.Services[0])
	}
	p := e.pods[0]
	if len(e.pods) > 1 {
		c.note(fmt.Sprintf("%s has %d pods; %s is taken", name, len(e.pods), p.Name))
		e.pods = e.pods[:1]
	}
	e.Label, e.Addrs, e.Node = c.called(p), p.IPs, p.Node
	return e, nil
}

// called is what a pod is called on the screen: by its namespace too where that
// is another one than the user's.
func (c *crew) called(p *find.Pod) string {
	if p.Namespace == c.cluster.Namespace {
		return p.Name
	}
	return p.Namespace + "/" + p.Name
}

// mostBackends bounds how many pods stand behind an end.
const mostBackends = 1000

// splitEnd reads "any", an address, or a target with a port or without; name
// is empty for the first two.
func splitEnd(text string, port int) (e clusterEnd, name string, err error) {
	e.Name = text
	if port < 0 || port > 65535 {
		return e, "", Usage("a port is 1 to 65535", fmt.Errorf("port %d", port))
	}
	e.Port = uint16(port)
	take := func(p uint16) error {
		if port != 0 && int(p) != port {
			return Usage("write it once", fmt.Errorf("two ports, %d and %d", p, port))
		}
		e.Port = p
		return nil
	}
	if a, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		e.Addrs, e.Label = []netip.Addr{a.Unmap()}, a.Unmap().String()
		return e, "", nil
	}
	if ap, err := netip.ParseAddrPort(text); err == nil {
		e.Addrs, e.Label = []netip.Addr{ap.Addr().Unmap()}, ap.Addr().Unmap().String()
		return e, "", take(ap.Port())
	}
	name = text
	if i := strings.LastIndexByte(text, ':'); i > 0 {
		p, err := strconv.ParseUint(text[i+1:], 10, 16)
		if err != nil || p == 0 {
			return e, "", Usage("a port is 1 to 65535", fmt.Errorf("port %q of %s", text[i+1:], text[:i]))
		}
		if err := take(uint16(p)); err != nil {
			return e, "", err
		}
		name = text[:i]
	}
	e.Label = name
	if name == "any" {
		e.any = true
		return e, "", nil
	}
	if IsLocal(name) {
		hint := "two ends of one kind"
		if !strings.Contains(name, ":") {
			hint += "; a pod of that name is pod/" + name
		}
		return e, "", Usage(hint, fmt.Errorf("%s is of this machine, and the other end is of a cluster", name))
	}
	return e, name, nil
}

// whose looks for the pod that has an address. That it may not be looked for,
// or is nobody's, is no error: it is an address then.
func (c *crew) whose(ctx context.Context, e *clusterEnd) error {
	p, n, err := find.ByAddress(ctx, c.cluster.Client, e.Addrs[0])
	if err != nil {
		c.note(fmt.Sprintf("whose address %s is cannot be looked up: %v", e.Addrs[0], err))
	}
	if p == nil || p.HostNetwork {
		return nil //nolint:nilerr // it was told
	}
	e.pods, e.Label, e.Node = []*find.Pod{p}, c.called(p), p.Node
	if n != nil && c.found.Node(n.Name) == nil {
		c.found.Nodes = append(c.found.Nodes, *n)
	}
	return nil
}

// text is the end as an agent on a node is asked for it: as a target where it
// is that node's own, else as an address.
func (e *clusterEnd) text(node string, port uint16) (string, error) {
	suffix := ""
	if port != 0 {
		suffix = ":" + strconv.Itoa(int(port))
	}
	switch {
	case e.any:
		return "any" + suffix, nil
	case e.node != nil && e.node.Name == node:
		return "host" + suffix, nil
	case e.service == nil && len(e.pods) > 0 && e.pods[0].Node == node:
		return kubeTarget(e.pods[0]) + suffix, nil
	case len(e.Addrs) == 0:
		return "", &Error{Err: fmt.Errorf("%s has no address", e.Name), Hint: "kubectl get pods -o wide shows addresses"}
	case port == 0:
		return e.Addrs[0].String(), nil
	}
	return netip.AddrPortFrom(e.Addrs[0], port).String(), nil
}

func kubeTarget(p *find.Pod) string {
	return fmt.Sprintf("kube:%s/%s@%s", p.Namespace, p.Name, p.UID)
}

// known is what was found of both ends.
func (k *clusterTrace) known() *find.Found {
	out := &find.Found{Nodes: slices.Clone(k.crew.found.Nodes)}
	for _, e := range []*clusterEnd{&k.src, &k.dst} {
		for _, p := range e.pods {
			out.Pods = append(out.Pods, *p)
		}
		if e.service != nil {
			out.Services = append(out.Services, *e.service)
		}
	}
	return out
}

var errNoEnd = errors.New("neither end is on a node of this cluster")
