package find

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// missing says that there is nothing of a name, and what may have been meant:
// the same name of another kind or in another namespace, else names like it.
// What may not be listed is left out.
func (f *finder) missing(ctx context.Context, r ref) error {
	ns := f.q.namespace()
	var kindred, elsewhere, close []string
	var noNamespace bool
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		close = near(r.name, f.names(ctx, r.kind, ns))
		return nil
	})
	if !r.kind.clusterWide() {
		group.Go(func() error {
			elsewhere = f.elsewhere(ctx, r)
			return nil
		})
		group.Go(func() error {
			noNamespace = apierrors.IsNotFound(f.exists(ctx, kindNamespace, "", ns))
			return nil
		})
	}
	if r.kind == kindPod {
		group.Go(func() error {
			kindred = f.kindred(ctx, r, ns)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if noNamespace {
		return refuse(NotFound, r.text, meant(nil, elsewhere, near(ns, f.names(ctx, kindNamespace, ""))), "there is no namespace %s", ns)
	}
	tip := meant(kindred, elsewhere, close)
	if tip == "" {
		tip = "kubectl get " + r.kind.words()[1]
		if !r.kind.clusterWide() {
			tip = "kubectl -n " + ns + " get " + r.kind.words()[1]
		}
		tip += " lists what there is"
	}
	return refuse(NotFound, r.text, tip, "there is no %s", r.in(ns))
}

// meant makes a line of what was found in a missing target's stead.
func meant(kindred, elsewhere, close []string) string {
	var out []string
	if len(kindred) > 0 {
		out = append(out, "there is "+several(kindred, "and"))
	}
	if len(close) > 0 {
		out = append(out, "did you mean "+several(close, "or")+"?")
	}
	if len(elsewhere) > 0 {
		for i := range elsewhere {
			elsewhere[i] = "-n " + elsewhere[i]
		}
		out = append(out, "that name is in another namespace: "+several(elsewhere, "or"))
	}
	return strings.Join(out, "; ")
}

// kindred lists what else bears the name in this namespace, as targets.
func (f *finder) kindred(ctx context.Context, r ref, ns string) []string {
	others := []kind{kindDeployment, kindStateful, kindDaemonSet, kindJob, kindCronJob, kindReplicaSet, kindService, kindNode}
	found := make([]bool, len(others))
	group, ctx := errgroup.WithContext(ctx)
	for i, k := range others {
		group.Go(func() error {
			found[i] = f.exists(ctx, k, ns, r.name) == nil
			return nil
		})
	}
	if group.Wait() != nil {
		return nil
	}
	var out []string
	for i, k := range others {
		if found[i] {
			out = append(out, string(k)+"/"+r.name)
		}
	}
	return out
}

// elsewhere lists the other namespaces that have something of this kind and
// name.
func (f *finder) elsewhere(ctx context.Context, r ref) []string {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	var out []string
	err := f.each(ctx, r.kind, metav1.NamespaceAll, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, r.name).String(), Limit: page,
	}, func(o metav1.Object) {
		// The server has chosen already; a fake one may not.
		if o.GetName() == r.name && o.GetNamespace() != f.q.namespace() {
			out = append(out, o.GetNamespace())
		}
	})
	if err != nil {
		return nil
	}
	slices.Sort(out)
	return out
}

// names lists the names of a kind, of the first page; none if they may not be
// listed.
func (f *finder) names(ctx context.Context, k kind, ns string) []string {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	var out []string
	if f.each(ctx, k, ns, metav1.ListOptions{Limit: page}, func(o metav1.Object) { out = append(out, o.GetName()) }) != nil {
		return nil
	}
	return out
}
