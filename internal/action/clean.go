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

// Clean lists what killed runs have left on this machine and, unless dry, puts
// it back. It returns what it found; those that could not be put back are in
// the error.
func Clean(ctx context.Context, dry bool) ([]Leftover, error) {
	list, err := agent.Leftovers(ctx)
	if err != nil || dry {
		return list, explain(err)
	}
	var errs []error
	for i := range list {
		errs = append(errs, list[i].Restore(ctx))
	}
	return list, explain(errors.Join(errs...))
}

// CleanOptions say where to clean on a cluster, and how thoroughly.
type CleanOptions struct {
	// Cluster says which one; AllNamespaces and Namespace (of agents) count.
	Cluster *ClusterOptions
	// Asked is true if the user has named a cluster: then it is an error if
	// there is none.
	Asked bool
	// All removes agents of others that are not past their end, too.
	All bool
	// DryRun lists only.
	DryRun bool
}

// CleanResult is what was found on a cluster.
type CleanResult struct {
	// Cluster is the kubeconfig's context, or the server where there is none.
	Cluster string
	// Namespace is where agents were looked for; empty is everywhere.
	Namespace string
	// Anonymous is true if the cluster does not tell who we are, so that no
	// agent is known to be our own.
	Anonymous bool
	Agents    []CleanAgent
}

// CleanAgent is an agent that was found, and what became of it.
type CleanAgent struct {
	place.Left

	// Taken is true if it is one to remove: past its end, one's own, or all.
	Taken bool `json:"taken"`
	// Removed is true if that was done.
	Removed bool `json:"removed"`
}

// CleanCluster lists agents on a cluster and, unless it is a dry run, removes
// those that are to be. It returns what it found, nil if no cluster is
// configured and none was asked for; those that could not be removed are in
// the error.
func CleanCluster(ctx context.Context, o CleanOptions) (*CleanResult, error) {
	cluster, err := kube.Open(o.Cluster.Loader, "pktrail/"+o.Cluster.Version)
	if errors.Is(err, kube.ErrNone) && !o.Asked {
		return nil, nil //nolint:nilnil // nothing to clean, and nothing wrong
	}
	if err != nil {
		return nil, explain(err)
	}
	r, err := cleanCluster(ctx, cluster, &o)
	return r, explain(err)
}

// cleanCluster removes agents.
func cleanCluster(ctx context.Context, c *kube.Cluster, o *CleanOptions) (*CleanResult, error) {
	out := &CleanResult{Cluster: c.Context, Namespace: o.Cluster.Namespace}
	if out.Cluster == "" && c.Config != nil {
		out.Cluster = c.Config.Host
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
