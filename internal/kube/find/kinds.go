package find

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// exists asks for something by its name; the error is the API server's own.
func (f *finder) exists(ctx context.Context, k kind, ns, name string) error {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	var o metav1.GetOptions
	var err error
	core, apps, batch := f.client.CoreV1(), f.client.AppsV1(), f.client.BatchV1()
	switch k {
	case kindPod:
		_, err = core.Pods(ns).Get(ctx, name, o)
	case kindDeployment:
		_, err = apps.Deployments(ns).Get(ctx, name, o)
	case kindReplicaSet:
		_, err = apps.ReplicaSets(ns).Get(ctx, name, o)
	case kindStateful:
		_, err = apps.StatefulSets(ns).Get(ctx, name, o)
	case kindDaemonSet:
		_, err = apps.DaemonSets(ns).Get(ctx, name, o)
	case kindJob:
		_, err = batch.Jobs(ns).Get(ctx, name, o)
	case kindCronJob:
		_, err = batch.CronJobs(ns).Get(ctx, name, o)
	case kindService:
		_, err = core.Services(ns).Get(ctx, name, o)
	case kindNode:
		_, err = core.Nodes().Get(ctx, name, o)
	case kindNamespace:
		_, err = core.Namespaces().Get(ctx, name, o)
	}
	return err
}

// each calls do with one page of the objects of a kind.
func (f *finder) each(ctx context.Context, k kind, ns string, o metav1.ListOptions, do func(metav1.Object)) error {
	list, err := f.list(ctx, k, ns, o)
	if err != nil {
		return err
	}
	return meta.EachListItem(list, func(item runtime.Object) error {
		object, err := meta.Accessor(item)
		if err == nil {
			do(object)
		}
		return err
	})
}

func (f *finder) list(ctx context.Context, k kind, ns string, o metav1.ListOptions) (runtime.Object, error) {
	core, apps, batch := f.client.CoreV1(), f.client.AppsV1(), f.client.BatchV1()
	switch k {
	case kindPod:
		return core.Pods(ns).List(ctx, o)
	case kindDeployment:
		return apps.Deployments(ns).List(ctx, o)
	case kindReplicaSet:
		return apps.ReplicaSets(ns).List(ctx, o)
	case kindStateful:
		return apps.StatefulSets(ns).List(ctx, o)
	case kindDaemonSet:
		return apps.DaemonSets(ns).List(ctx, o)
	case kindJob:
		return batch.Jobs(ns).List(ctx, o)
	case kindCronJob:
		return batch.CronJobs(ns).List(ctx, o)
	case kindService:
		return core.Services(ns).List(ctx, o)
	case kindNode:
		return core.Nodes().List(ctx, o)
	case kindNamespace:
		return core.Namespaces().List(ctx, o)
	}
	return nil, fmt.Errorf("list %q: no such kind", k)
}
