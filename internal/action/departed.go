package action

import (
	"context"
	"time"

	"github.com/pktrail/pktrail/internal/kube/find"
	"github.com/pktrail/pktrail/internal/kube/place"
)

// askAfter bounds the question that follows the loss of an agent.
const askAfter = 5 * time.Second

// departed says in words why a lost agent is no failure: it was inside of a pod
// that is no more. It is empty where that is not so, or cannot be said.
func (c *crew) departed(ctx context.Context, p *post, err error) string {
	if err == nil || ctx.Err() != nil || p.way == place.MethodNode {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, askAfter)
	defer cancel()
	words, err := find.Departed(ctx, c.cluster.Client, p.pods[0])
	if err != nil {
		return "" // the loss itself is told then
	}
	return words
}
