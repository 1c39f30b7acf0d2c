package action

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/kube"
	"github.com/pktrail/pktrail/internal/kube/find"
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/topology"
)

// MapOptions say which pods to look for, and where.
type MapOptions struct {
	// Targets are pods, workloads, services, nodes, addresses, or targets of one
	// machine; none is every pod.
	Targets []string
	// State is a snapshot's file; empty looks at the machine or the cluster.
	State string
	// Namespace narrows names of pods down; empty is every one.
	Namespace string
	// Selector picks pods by label, as in kubectl.
	Selector string
	// Cluster is where the targets are; nil is this machine, or the file.
	Cluster *ClusterOptions
	// CRISocket is the path of the runtime's socket; empty looks at known ones.
	CRISocket string
	// Version is ours.
	Version string
}

// MapResult is where pods hang.
type MapResult struct {
	Map *topology.Map
	// Picked is true if targets were named: then the map has these alone.
	Picked bool
}

// mapParts are what a map is made of.
func mapParts() []netstate.Part {
	return []netstate.Part{
		netstate.PartNamespaces, netstate.PartWorkloads, netstate.PartLinks, netstate.PartAddresses, netstate.PartRoutes, netstate.PartRules,
		netstate.PartNexthops, netstate.PartNeighbours, netstate.PartFDB, netstate.PartPrograms, netstate.PartChains, netstate.PartIPVS,
	}
}

// Map finds out where pods hang. Our own agents are left out unless they are
// named. It sends nothing: what no table knows stays
// unknown.
func Map(ctx context.Context, o MapOptions, ev SnapshotEvents) (MapResult, error) {
	choice := topology.Choice{Targets: o.Targets, Namespace: o.Namespace}
	if o.Selector != "" {
		matches, err := find.Selects(o.Selector)
		if err != nil {
			return MapResult{}, explain(err)
		}
		choice.Labels = matches
	}
	state, err := o.state(ctx, ev)
	if err != nil {
		return MapResult{}, err
	}
	m, err := topology.Find(state).Pick(state, choice)
	if missing, ok := errors.AsType[*topology.PickError](err); ok {
		return MapResult{}, Usage(missing.Hint(), err)
	}
	if err == nil && len(o.Targets) == 0 {
		m.Pods = slices.DeleteFunc(m.Pods, func(p topology.Pod) bool { return p.Labels[kube.LabelName] == kube.AgentName })
	}
	if err == nil && len(m.Pods) == 0 && o.Selector != "" {
		return MapResult{}, &Error{Err: fmt.Errorf("no pod has the labels %s", o.Selector), Hint: "kubectl get pods --show-labels"}
	}
	return MapResult{Map: m, Picked: len(o.Targets) > 0 || o.Selector != ""}, err
}

// state reads or takes what the map is made of.
func (o *MapOptions) state(ctx context.Context, ev SnapshotEvents) (*netstate.State, error) {
	if o.State != "" {
		return ReadState(o.State)
	}
	s := SnapshotOptions{
		Request: agent.Snapshot{Parts: mapParts(), CRISocket: o.CRISocket}, Targets: o.Targets, Cluster: o.Cluster, Version: o.Version,
	}
	if s.Cluster != nil && slices.ContainsFunc(s.Targets, isAddress) {
		s.Targets = nil // whose it is nobody knows before all are asked
	}
	if s.Cluster == nil {
		if err := o.checkLocal(); err != nil {
			return nil, err
		}
	}
	return TakeState(ctx, s, ev)
}

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// checkLocal refuses what only a cluster or a file knows.
func (o *MapOptions) checkLocal() error {
	for _, t := range o.Targets {
		if isAddress(t) {
			return Usage("name netns:NAME, container:ID or pid:N; or --state FILE", fmt.Errorf("%s: addresses are looked up in a cluster or a file", t))
		}
		if kind, _, _ := strings.Cut(t, ":"); kind == "host" || kind == "if" {
			return Usage("without TARGET the machine's pods are listed", fmt.Errorf("%s is no pod", t))
		}
	}
	return nil
}
