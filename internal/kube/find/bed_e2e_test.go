//go:build e2e

package find

import (
	"context"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authv1 "k8s.io/api/authorization/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/pktrail/pktrail/internal/kube"
	"github.com/pktrail/pktrail/internal/kube/kubetest"
)

// bed is a namespace of its own on the cluster that KUBECONFIG names.
type bed struct {
	config *rest.Config
	client kubernetes.Interface
	ns     string
}

func newBed(t *testing.T) *bed {
	t.Helper()
	config, client := kubetest.Open(t)
	return &bed{config, client, kubetest.Namespace(t, client, "find-")}
}

// as is the same cluster as a user who may do what the rules say, in the bed's
// namespace.
func (b *bed) as(t *testing.T, user string, rules ...rbacv1.PolicyRule) kubernetes.Interface {
	t.Helper()
	meta := metav1.ObjectMeta{Name: user}
	if _, err := b.client.RbacV1().Roles(b.ns).Create(t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.RbacV1().RoleBindings(b.ns).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	_, client := kubetest.As(t, b.config, user)
	// The server hears of a role a moment after it is made.
	until(t, "the role of "+user, func() bool {
		for _, r := range rules {
			for _, verb := range r.Verbs {
				allowed, _, err := kube.May(t.Context(), client, &authv1.ResourceAttributes{
					Namespace: b.ns, Verb: verb, Group: r.APIGroups[0], Resource: r.Resources[0],
				})
				if err != nil || !allowed {
					return false
				}
			}
		}
		return true
	})
	return client
}

func may(group, resource string, verbs ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs}
}

// template is a pod of the web image.
func template(app string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: new(int64(1)),
			Containers:                    []corev1.Container{{Name: "main", Image: "pktrail.test/web:1", ImagePullPolicy: corev1.PullIfNotPresent}},
		},
	}
}

func create[T any](t *testing.T, do func(context.Context, *T, metav1.CreateOptions) (*T, error), o *T) {
	t.Helper()
	if _, err := do(t.Context(), o, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// until asks again until it is so.
func until(t *testing.T, what string, ask func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !ask(); {
		if time.Now().After(end) {
			t.Fatal("not within a minute: " + what)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// stock fills the bed: a deployment of two, a set, a cron job with a job made
// by hand, services, and pods that do not run.
func (b *bed) stock(t *testing.T) {
	t.Helper()
	labels := func(app string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
	}
	name := func(s string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: s} }
	apps, core := b.client.AppsV1(), b.client.CoreV1()
	create(t, apps.Deployments(b.ns).Create, &appsv1.Deployment{ObjectMeta: name("web"), Spec: appsv1.DeploymentSpec{Replicas: new(int32(2)), Selector: labels("web"), Template: template("web")}})
	create(t, apps.StatefulSets(b.ns).Create, &appsv1.StatefulSet{ObjectMeta: name("db"), Spec: appsv1.StatefulSetSpec{Selector: labels("db"), Template: template("db")}})
	create(t, apps.DaemonSets(b.ns).Create, &appsv1.DaemonSet{ObjectMeta: name("logs"), Spec: appsv1.DaemonSetSpec{Selector: labels("logs"), Template: template("logs")}})
	job := template("report")
	job.Labels, job.Spec.RestartPolicy = nil, corev1.RestartPolicyNever
	cron := &batchv1.CronJob{ObjectMeta: name("report"), Spec: batchv1.CronJobSpec{Schedule: "0 3 1 1 *", JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: job}}}}
	made, err := b.client.BatchV1().CronJobs(b.ns).Create(t.Context(), cron, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	create(t, b.client.BatchV1().Jobs(b.ns).Create, &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "by-hand", OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(made, batchv1.SchemeGroupVersion.WithKind("CronJob"))}},
		Spec:       cron.Spec.JobTemplate.Spec,
	})
	create(t, core.Services(b.ns).Create, &corev1.Service{ObjectMeta: name("front"), Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []corev1.ServicePort{{Port: 80}}}})
	create(t, core.Services(b.ns).Create, &corev1.Service{ObjectMeta: name("nowhere"), Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}})
	pod := func(n string, change func(*corev1.PodSpec)) {
		p := &corev1.Pod{ObjectMeta: name(n), Spec: template("").Spec}
		change(&p.Spec)
		create(t, core.Pods(b.ns).Create, p)
	}
	pod("nowhere-to-go", func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{"no": "node"} })
	pod("no-image", func(s *corev1.PodSpec) { s.Containers[0].Image = "pktrail.test/absent:1" })
	pod("host", func(s *corev1.PodSpec) {
		s.HostNetwork, s.Containers[0].Args = true, []string{"-listen", "127.0.0.1:0"}
	})
	pod("starting", func(s *corev1.PodSpec) {
		c := s.Containers[0]
		c.Name = "first"
		s.InitContainers = []corev1.Container{c} // never ends
	})
}
