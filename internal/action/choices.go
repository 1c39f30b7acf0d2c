package action

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pktrail/pktrail/internal/kube"
	"github.com/pktrail/pktrail/internal/kube/find"
)

// Choice is something that can be captured, in a list to choose from.
type Choice struct {
	// Namespace it is in; empty for nodes and for what is on this machine.
	Namespace string
	// Target as it is typed.
	Target string
	// About tells more, for people; may be empty.
	About string
}

// LocalChoices lists what can be named on this machine. Nobody is asked.
func LocalChoices() (list []Choice) {
	for _, t := range Targets() {
		list = append(list, Choice{Target: t, About: "on this machine"})
	}
	return list
}

// Choices lists what can be named on this machine, and the pods and nodes of a
// cluster: those of one namespace, or (empty) of all, without pktrail's own. Who
// may not list all gets those of the kubeconfig's namespace. What is on this
// machine comes with an error too.
func Choices(ctx context.Context, o *ClusterOptions, namespace string) ([]Choice, error) {
	list := LocalChoices()
	cluster, err := kube.Open(o.Loader, "pktrail/"+o.Version)
	if err != nil {
		return list, explain(err)
	}
	found, err := find.List(ctx, cluster.Client, namespace)
	if err != nil && namespace == "" {
		found, err = find.List(ctx, cluster.Client, cluster.Namespace)
	}
	if err != nil {
		return list, explain(kube.Explain(err, "list pods"))
	}
	for _, c := range found {
		list = append(list, Choice(c))
	}
	return list, nil
}

// Contexts are the names of a kubeconfig's contexts, in order. No server is
// asked.
func Contexts(o *ClusterOptions) ([]string, error) {
	file, err := o.Loader.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return nil, &Error{Err: fmt.Errorf("read kubeconfig: %w", err), Hint: "kubectl config view shows what kubectl would use"}
	}
	return slices.Sorted(maps.Keys(file.Contexts)), nil
}
