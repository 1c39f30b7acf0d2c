package inventory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	networking "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/pager"

	"github.com/pktrail/pktrail/internal/kube"
	"github.com/pktrail/pktrail/internal/netstate"
)

// answer bounds all questions together.
const answer = 30 * time.Second

// Read reads the cluster. namespace is where the user's own pods are: it is
// read alone where the whole cluster may not be. An error means that nothing
// could be read at all.
func Read(ctx context.Context, c *kube.Cluster, namespace string) (*netstate.Cluster, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	r := &reader{c: c, namespace: namespace, out: &netstate.Cluster{Context: c.Context, Server: c.Config.Host}}
	v1, disco, net := c.Client.CoreV1(), c.Client.DiscoveryV1(), c.Client.NetworkingV1()
	var wait sync.WaitGroup
	wait.Go(r.version)
	wait.Go(func() {
		r.list(ctx, "nodes", false, func(ctx context.Context, _ string, o metav1.ListOptions) (runtime.Object, error) {
			return v1.Nodes().List(ctx, o)
		})
	})
	wait.Go(func() {
		r.list(ctx, "pods", true, func(ctx context.Context, ns string, o metav1.ListOptions) (runtime.Object, error) {
			return v1.Pods(ns).List(ctx, o)
		})
	})
	wait.Go(func() {
		r.list(ctx, "services", true, func(ctx context.Context, ns string, o metav1.ListOptions) (runtime.Object, error) {
			return v1.Services(ns).List(ctx, o)
		})
	})
	wait.Go(func() {
		r.list(ctx, "endpointslices", true, func(ctx context.Context, ns string, o metav1.ListOptions) (runtime.Object, error) {
			return disco.EndpointSlices(ns).List(ctx, o)
		})
	})
	wait.Go(func() {
		r.list(ctx, "networkpolicies", true, func(ctx context.Context, ns string, o metav1.ListOptions) (runtime.Object, error) {
			return net.NetworkPolicies(ns).List(ctx, o)
		})
	})
	wait.Wait()
	if r.got == 0 && r.first != nil {
		return nil, kube.Explain(r.first, "read the cluster's objects")
	}
	r.settle()
	return r.out, nil
}

// reader gathers several lists at once.
type reader struct {
	c         *kube.Cluster
	namespace string

	mu     sync.Mutex
	out    *netstate.Cluster
	slices []*discovery.EndpointSlice
	got    int   // lists that were read
	first  error // of those that were not
}

func (r *reader) version() {
	v, err := r.c.Client.Discovery().ServerVersion()
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.out.Version = v.GitVersion
	}
}

type lister = func(ctx context.Context, namespace string, o metav1.ListOptions) (runtime.Object, error)

// list reads one kind: of the whole cluster, else of the one namespace.
func (r *reader) list(ctx context.Context, kind string, namespaced bool, list lister) {
	err := r.each(ctx, metav1.NamespaceAll, list)
	why := ""
	if apierrors.IsForbidden(err) && namespaced && r.namespace != "" {
		why = "you may not list them in the whole cluster: those of namespace " + r.namespace + " are here"
		err = r.each(ctx, r.namespace, list)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		if r.first == nil {
			r.first = err
		}
		why = err.Error()
	} else {
		r.got++
	}
	if why != "" {
		r.out.Unreadable = append(r.out.Unreadable, netstate.Unreadable{Part: netstate.PartCluster, What: kind, Why: why})
	}
}

func (r *reader) each(ctx context.Context, namespace string, list lister) error {
	p := pager.New(func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		return list(ctx, namespace, o)
	})
	return p.EachListItem(ctx, metav1.ListOptions{}, func(o runtime.Object) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.take(o)
	})
}

func (r *reader) take(o runtime.Object) error {
	c := r.out
	switch o := o.(type) {
	case *corev1.Node:
		c.Nodes = append(c.Nodes, nodeFrom(o))
	case *corev1.Pod:
		c.Pods = append(c.Pods, podFrom(o))
	case *corev1.Service:
		c.Services = append(c.Services, serviceFrom(o))
	case *discovery.EndpointSlice:
		r.slices = append(r.slices, o)
	case *networking.NetworkPolicy:
		p, err := policyFrom(o)
		if err != nil {
			return err
		}
		c.Policies = append(c.Policies, p)
	default:
		return fmt.Errorf("the API server sent a %T", o)
	}
	return nil
}

// settle joins slices to their services and sorts: two readings of an
// unchanged cluster are the same.
func (r *reader) settle() {
	c := r.out
	at := map[string]int{}
	for i := range c.Services {
		at[c.Services[i].Namespace+"/"+c.Services[i].Name] = i
	}
	for _, s := range r.slices {
		if i, ok := at[s.Namespace+"/"+s.Labels[discovery.LabelServiceName]]; ok {
			c.Services[i].Endpoints = append(c.Services[i].Endpoints, endpointsFrom(s)...)
		}
	}
	for i := range c.Services {
		sortEndpoints(c.Services[i].Endpoints)
	}
	slices.SortFunc(c.Nodes, func(a, b netstate.ClusterNode) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Pods, func(a, b netstate.Pod) int { return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name) })
	slices.SortFunc(c.Services, func(a, b netstate.Service) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	slices.SortFunc(c.Policies, func(a, b netstate.Policy) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	slices.SortFunc(c.Unreadable, func(a, b netstate.Unreadable) int { return strings.Compare(a.What, b.What) })
}
