package action

import (
	"context"

	"github.com/pktrail/pktrail/internal/kube"
	"github.com/pktrail/pktrail/internal/kube/find"
)

// CompleteTargets lists what a cluster has that begins with prefix: pods and
// kinds, or names of a kind behind KIND/ ("ns/", "node/" too). Without a
// cluster, or one that has not answered when ctx ends, it lists nothing.
func CompleteTargets(ctx context.Context, o *ClusterOptions, prefix string) []Choice {
	return offered(ctx, o, func(c *kube.Cluster) []find.Choice {
		return find.Complete(ctx, c.Client, prefix, c.Namespace)
	})
}

// CompleteContainers lists the containers of targets, or of what o selects, in
// the same way.
func CompleteContainers(ctx context.Context, o *ClusterOptions, targets []string) []Choice {
	return offered(ctx, o, func(c *kube.Cluster) []find.Choice {
		return find.Containers(ctx, c.Client, o.query(targets, c.Namespace, false))
	})
}

// offered gives what ask has found by the time that ctx ends. It goes on behind
// us then: a program that fetches credentials knows of no context.
func offered(ctx context.Context, o *ClusterOptions, ask func(*kube.Cluster) []find.Choice) []Choice {
	found := make(chan []find.Choice, 1)
	go func() {
		cluster, err := kube.Open(o.Loader, "pktrail/"+o.Version)
		if err != nil {
			close(found)
			return
		}
		found <- ask(cluster)
	}()
	select {
	case <-ctx.Done():
		return nil
	case list := <-found:
		out := make([]Choice, len(list))
		for i, c := range list {
			out[i] = Choice(c)
		}
		return out
	}
}
