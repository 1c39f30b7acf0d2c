package access

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	authv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/pktrail/pktrail/internal/kube"
)

// Where says in which namespaces rights are needed.
type Where struct {
	// Targets are the namespaces of targets.
	Targets []string
	// Agents is the namespace of agents on nodes; empty is "pktrail".
	Agents string
}

func (w Where) agents() string {
	if w.Agents == "" {
		return "pktrail"
	}
	return w.Agents
}

// namespaces are those that a scope stands for; empty is the whole cluster.
func (w Where) namespaces(s Scope) []string {
	switch s {
	case InTargets:
		return w.Targets
	case InAgents:
		return []string{w.agents()}
	case InSystem:
		return []string{SystemNamespace}
	}
	return []string{metav1.NamespaceAll}
}

// Result is what a method may do.
type Result struct {
	Method Method
	// Missing are the rights without which it does not work, Optional those
	// without which it works less well.
	Missing, Optional []Lack
}

// Error says in a line what is missing; nil if nothing is.
func (r *Result) Error() error {
	if len(r.Missing) == 0 {
		return nil
	}
	return &kube.Error{Err: fmt.Errorf("method %s needs rights that are missing: %s", r.Method, Words(r.Missing)), Tip: r.Hint()}
}

// Hint says who can give what is missing; empty if nothing is.
func (r *Result) Hint() string {
	if len(r.Missing) == 0 {
		return ""
	}
	return "deploy/rbac.yaml has the smallest roles: an administrator binds pktrail-" + string(r.Method)
}

// How many questions are asked at once, and how long one may take.
const (
	atOnce = 16
	answer = 15 * time.Second
)

// Check asks the server which of a method's rights we have, all at once
// (SelfSubjectAccessReview). It errs only if it could not ask.
func Check(ctx context.Context, client kubernetes.Interface, m Method, w Where) (*Result, error) {
	type question struct {
		lack    Lack
		allowed bool
	}
	var all []*question
	for _, r := range Rights(m) {
		for _, ns := range w.namespaces(r.Scope) {
			all = append(all, &question{lack: Lack{Right: r, Namespace: ns}})
		}
	}
	group, ask := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, q := range all {
		group.Go(func() (err error) {
			q.allowed, q.lack.Reason, err = allowed(ask, client, q.lack.Right, q.lack.Namespace)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, kube.Explain(err, "ask for the rights of method "+string(m))
	}
	out := &Result{Method: m}
	for _, q := range all {
		switch {
		case q.allowed:
		case q.lack.Right.Optional:
			out.Optional = append(out.Optional, q.lack)
		default:
			out.Missing = append(out.Missing, q.lack)
		}
	}
	return out, nil
}

// allowed asks for a right, for each of its names.
func allowed(ctx context.Context, client kubernetes.Interface, r Right, ns string) (bool, string, error) {
	names := r.Names
	if len(names) == 0 {
		names = []string{""}
	}
	if r.Resource == "namespaces" && ns != "" {
		names = []string{ns} // a namespace is an object in itself
	}
	for _, name := range names {
		ok, why, err := review(ctx, client, &authv1.ResourceAttributes{
			Namespace: ns, Verb: r.Verb, Group: r.Group, Resource: r.Resource, Subresource: r.Subresource, Name: name,
		})
		if err != nil || !ok {
			return false, why, err
		}
	}
	return true, "", nil
}

func review(ctx context.Context, client kubernetes.Interface, a *authv1.ResourceAttributes) (bool, string, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	return kube.May(ctx, client, a)
}
