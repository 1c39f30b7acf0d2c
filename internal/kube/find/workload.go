package find

import (
	"context"
	"fmt"
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// workload is the source of what keeps pods: it is asked for by its name, and
// its own selector finds the pods. Those of another owner that bear the same
// labels are none of its.
func (f *finder) workload(ctx context.Context, r ref) (*source, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	ns, apps, batch := f.q.namespace(), f.client.AppsV1(), f.client.BatchV1()
	s := &source{target: r.text, what: r.in(ns), namespace: ns}
	var selector *metav1.LabelSelector
	var by metav1.GetOptions
	switch r.kind {
	case kindDeployment:
		o, err := apps.Deployments(ns).Get(ctx, r.name, by)
		if err != nil {
			return nil, err
		}
		selector, s.owns = o.Spec.Selector, ownedBy("ReplicaSet", "") // of several: the old and the new
		s.scaled(o.Spec.Replicas)
	case kindReplicaSet:
		o, err := apps.ReplicaSets(ns).Get(ctx, r.name, by)
		if err != nil {
			return nil, err
		}
		selector, s.owns = o.Spec.Selector, ownedBy("ReplicaSet", r.name)
		s.scaled(o.Spec.Replicas)
	case kindStateful:
		o, err := apps.StatefulSets(ns).Get(ctx, r.name, by)
		if err != nil {
			return nil, err
		}
		selector, s.owns = o.Spec.Selector, ownedBy("StatefulSet", r.name)
		s.scaled(o.Spec.Replicas)
	case kindDaemonSet:
		o, err := apps.DaemonSets(ns).Get(ctx, r.name, by)
		if err != nil {
			return nil, err
		}
		selector, s.owns = o.Spec.Selector, ownedBy("DaemonSet", r.name)
		if o.Status.DesiredNumberScheduled == 0 {
			s.empty, s.tip = "no node matches its selector and tolerations", "kubectl -n "+ns+" describe daemonset "+r.name
		}
	case kindJob:
		o, err := batch.Jobs(ns).Get(ctx, r.name, by)
		if err != nil {
			return nil, err
		}
		selector, s.owns = o.Spec.Selector, ownedBy("Job", r.name)
		s.finished(o)
	case kindCronJob:
		o, err := batch.CronJobs(ns).Get(ctx, r.name, by)
		if err != nil {
			return nil, err
		}
		// Pods of Jobs bear their Job's name, not the CronJob's.
		s.labels, s.owns = "job-name", f.ownedByCronJob(r.name)
		s.idle(o)
		return s, nil
	}
	s.labels = metav1.FormatLabelSelector(selector)
	return s, nil
}

// scaled says that a workload wants no pods.
func (s *source) scaled(replicas *int32) {
	if replicas != nil && *replicas == 0 {
		s.empty, s.tip = "it is scaled to 0", "kubectl -n "+s.namespace+" scale "+s.target+" --replicas 1"
	}
}

func (s *source) finished(j *batchv1.Job) {
	switch {
	case j.Spec.Suspend != nil && *j.Spec.Suspend:
		s.empty = "it is suspended"
	case j.Status.CompletionTime != nil:
		s.empty = "it was done at " + stamp(j.Status.CompletionTime.Time)
	}
}

func (s *source) idle(c *batchv1.CronJob) {
	s.tip = "--follow waits for its next job; kubectl -n " + s.namespace + " create job --from " + s.target + " NAME starts one now"
	s.empty = fmt.Sprintf("it has no job that runs; its schedule is %q", c.Spec.Schedule)
	if c.Spec.Suspend != nil && *c.Spec.Suspend {
		s.empty = "it is suspended"
	}
	if c.Status.LastScheduleTime != nil {
		s.empty += ", it last ran at " + stamp(c.Status.LastScheduleTime.Time)
	}
}

func stamp(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// ownedBy takes the pods of an owner, by its kind and name: one that is made
// anew under the same name is meant too. An empty name is any of the kind.
func ownedBy(kind, name string) func(context.Context, *corev1.Pod) bool {
	return func(_ context.Context, p *corev1.Pod) bool {
		o := metav1.GetControllerOf(p)
		return o != nil && o.Kind == kind && (name == "" || o.Name == name)
	}
}

// ownedByCronJob takes the pods of all Jobs of a CronJob, those made by hand
// too (kubectl create job --from). Each Job is asked for once.
func (f *finder) ownedByCronJob(name string) func(context.Context, *corev1.Pod) bool {
	var mu sync.Mutex
	known := map[string]bool{}
	return func(ctx context.Context, p *corev1.Pod) bool {
		o := metav1.GetControllerOf(p)
		if o == nil || o.Kind != "Job" {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		mine, asked := known[string(o.UID)]
		if asked {
			return mine
		}
		ask, cancel := context.WithTimeout(ctx, answer)
		defer cancel()
		job, err := f.client.BatchV1().Jobs(p.Namespace).Get(ask, o.Name, metav1.GetOptions{})
		if err != nil {
			return false // asked again when its pod changes
		}
		by := metav1.GetControllerOf(job)
		mine = by != nil && by.Kind == "CronJob" && by.Name == name
		known[string(o.UID)] = mine
		return mine
	}
}
