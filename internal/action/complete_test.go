package action

import (
	"context"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
)

// stuck is a configuration that is never read to its end, as with a program for
// credentials that waits for somebody.
type stuck struct {
	*genericclioptions.ConfigFlags
	until <-chan struct{}
}

func (s stuck) ToRESTConfig() (*rest.Config, error) {
	<-s.until
	return nil, context.Canceled
}

// A shell does not wait for a cluster that says nothing.
func TestCompleteStuck(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	o := &ClusterOptions{Loader: stuck{genericclioptions.NewConfigFlags(false), t.Context().Done()}}
	if got := CompleteTargets(ctx, o, ""); got != nil {
		t.Errorf("targets %v", got)
	}
	if got := CompleteContainers(ctx, o, []string{"web"}); got != nil {
		t.Errorf("containers %v", got)
	}
	if t.Context().Err() != nil {
		t.Error("it waited for the test to end")
	}
}
