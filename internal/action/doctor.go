package action

import (
	"context"
	"errors"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/kube"
	"github.com/pktrail/pktrail/internal/kube/access"
)

// DoctorOptions say what is asked.
type DoctorOptions struct {
	// Cluster is the cluster beside this machine; its namespace, Namespace (of
	// agents) and Image count. nil is this machine only.
	Cluster *ClusterOptions
	// Asked is true if the user has named a cluster: then this machine does not
	// matter, and it is an error if the cluster cannot be asked.
	Asked bool
}

// Diagnosis is what will work on this machine, and on a cluster.
type Diagnosis struct {
	// Checks are of this machine; none if only the cluster was asked.
	Checks []Check `json:"checks,omitempty"`
	// Capture is "ok", "no" or "unknown", on this machine.
	Capture string `json:"capture,omitempty"`
	// Trace is "ok", "no" or "unknown"; "no" says that trace has packet sockets
	// and netfilter tracing alone, with fewer facts.
	Trace string `json:"trace,omitempty"`
	// Cluster is nil if none is configured, or it could not be asked; then
	// ClusterError says why.
	Cluster      *Survey `json:"cluster,omitempty"`
	ClusterError string  `json:"clusterError,omitempty"`
}

// Check is one question about this machine, and its answer.
type Check = agent.Check

// Use is something that people do with pktrail.
type Use = agent.Use

// Survey is what will work on a cluster.
type Survey = access.Survey

// Doctor asks this machine and a cluster what will work there. It changes
// nothing.
func Doctor(ctx context.Context, o DoctorOptions) (Diagnosis, error) {
	var d Diagnosis
	if !o.Asked {
		d.Checks = agent.Examine(ctx)
		d.Capture, d.Trace = agent.Works(d.Checks, "capture"), agent.Works(d.Checks, "trace")
	}
	if o.Cluster == nil {
		return d, nil
	}
	var err error
	d.Cluster, err = survey(ctx, o.Cluster)
	switch {
	case err == nil, errors.Is(err, kube.ErrNone) && !o.Asked:
		return d, nil
	case o.Asked || ctx.Err() != nil:
		return d, explain(err)
	}
	d.ClusterError = err.Error()
	return d, nil
}

// survey looks at the cluster, for targets in the namespace that -n or the
// context says.
func survey(ctx context.Context, o *ClusterOptions) (*Survey, error) {
	c, err := kube.Open(o.Loader, "pktrail/"+o.Version)
	if err != nil {
		return nil, err
	}
	return access.Look(ctx, c, access.Options{Where: access.Where{Targets: []string{c.Namespace}, Agents: o.Namespace}, Image: o.image()})
}

// Works reports whether a capture will work, on this machine or by any way
// into the cluster.
func (d *Diagnosis) Works() bool {
	if d.Capture == "ok" || d.Capture == "unknown" {
		return true
	}
	return d.Cluster != nil && len(d.Cluster.Ways()) > 0
}
