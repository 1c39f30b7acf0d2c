package place

import (
	"context"
	"fmt"
	"time"

	authz "k8s.io/api/authorization/v1"

	"github.com/pktrail/pktrail/internal/kube"
)

// answerWithin bounds a question whose answer is not needed.
const answerWithin = 5 * time.Second

// RefuseNode says why the user may place no agents on nodes, by what the API
// server says of their rights. Nil where they may, and where it does not say:
// then it is tried.
func RefuseNode(ctx context.Context, c *kube.Cluster, o Options) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	allowed, _, err := kube.May(ctx, c.Client, &authz.ResourceAttributes{
		Namespace: o.namespace(), Verb: "create", Group: "batch", Resource: "jobs",
	})
	if err != nil || allowed {
		return nil //nolint:nilerr // as promised
	}
	return &kube.Error{
		Err: fmt.Errorf("you may not create jobs.batch in namespace %s, so no agent can be placed on nodes", o.namespace()),
		Tip: "deploy/rbac.yaml has the smallest roles; pktrail doctor lists what is missing",
	}
}
