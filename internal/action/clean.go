package action

import (
	"context"
	"errors"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/kube"
	"github.com/pktrail/pktrail/internal/kube/place"
)

// Leftover is something that a pktrail that was killed has not put back on
// this machine.
type Leftover = agent.Leftover

// CleanOptions say where to clean, and how thoroughly.
type CleanOptions struct {
	// Cluster is the cluster beside this machine; AllNamespaces and Namespace
	// (of agents) count. nil is this machine only.
	Cluster *ClusterOptions
	// Asked is true if the user has named a cluster: then it is an error if
	// there is none.
	Asked bool
	// All removes agents of others that are not past their end, too.
	All bool
	// DryRun lists only.
	DryRun bool
}

// CleanResult is what was found, and what became of it.
type CleanResult struct {
	// Machine has what was found on this machine.
	Machine []Leftover
	// Cluster is nil if no cluster is configured.
	Cluster *CleanCluster
}

// CleanCluster is what was found on a cluster.
type CleanCluster struct {
	// Name is the kubeconfig's context, or the server where there is none.
	Name string
	// Namespace is where agents were looked for; empty is everywhere.
	Namespace string
	// Anonymous is true if the cluster does not tell who we are, so that no
	// agent is known to be our own.
	Anonymous bool
	Agents    []CleanAgent
}

// CleanAgent is an agent that was found.
type CleanAgent struct {
	place.Left

	// Taken is true if it is one to remove: past its end, one's own, or all.
	Taken bool `json:"taken"`
	// Removed is true if that was done.
	Removed bool `json:"removed"`
}

// Clean lists what killed runs have left on this machine and, unless it is a
// dry run, puts it back; then the same for agents on a cluster, where one is
// configured. It returns what it found; what could not be put back or removed
// is in the error.
func Clean(ctx context.Context, o CleanOptions) (CleanResult, error) {
	var r CleanResult
	list, err := agent.Leftovers(ctx)
	errs := []error{err}
	r.Machine = list
	if !o.DryRun {
		for i := range list {
			errs = append(errs, list[i].Restore(ctx))
		}
	}
	if o.Cluster != nil {
		cluster, err := kube.Open(o.Cluster.Loader, "pktrail/"+o.Cluster.Version)
		switch {
		case errors.Is(err, kube.ErrNone) && !o.Asked:
		case err != nil:
			errs = append(errs, err)
		default:
			r.Cluster, err = cleanCluster(ctx, cluster, &o)
			errs = append(errs, err)
		}
	}
	return r, explain(errors.Join(errs...))
}

// cleanCluster removes agents.
func cleanCluster(ctx context.Context, c *kube.Cluster, o *CleanOptions) (*CleanCluster, error) {
	out := &CleanCluster{Name: c.Context, Namespace: o.Cluster.Namespace}
	if out.Name == "" && c.Config != nil {
		out.Name = c.Config.Host
	}
	namespace := o.Cluster.Namespace
	switch {
	case o.Cluster.AllNamespaces:
		out.Namespace, namespace = "", place.AllNamespaces
	case namespace == "":
		out.Namespace = place.DefaultNamespace
	}
	user := c.User(ctx)
	out.Anonymous = user == ""
	list, err := place.Agents(ctx, c, namespace, user)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, l := range list {
		a := CleanAgent{Left: l, Taken: o.All || l.Own || l.Expired}
		if a.Taken && !o.DryRun {
			err := a.Remove(ctx, c)
			a.Removed = err == nil
			errs = append(errs, err)
		}
		out.Agents = append(out.Agents, a)
	}
	return out, errors.Join(errs...)
}
