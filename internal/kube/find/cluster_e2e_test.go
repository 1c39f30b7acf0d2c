//go:build e2e

package find

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// bed is a namespace of its own on the cluster that KUBECONFIG names.
type bed struct {
	config *rest.Config
	client kubernetes.Interface
	ns     string
}

func newBed(t *testing.T) *bed {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	config.QPS, config.Burst = 50, 300
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	ns, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "find-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.CoreV1().Namespaces().Delete(context.WithoutCancel(t.Context()), ns.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return &bed{config, client, ns.Name}
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
	config := rest.CopyConfig(b.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
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

func TestClusterTargets(t *testing.T) {
	b := newBed(t)
	b.stock(t)
	for _, c := range []struct {
		target string
		pods   int
		prefix string
	}{
		{"deploy/web", 2, "web-"},
		{"svc/front", 2, "web-"},
		{"sts/db", 1, "db-0"},
		{"db-0", 1, "db-0"},
		{"ds/logs", 2, "logs-"},
		{"job/by-hand", 1, "by-hand-"},
		{"cronjob/report", 1, "by-hand-"},
		{"starting", 1, "starting"},
		{"node/node1", 0, ""},
	} {
		var got *Found
		var err error
		until(t, c.target, func() bool {
			got, err = Targets(t.Context(), b.client, Query{Namespace: b.ns, Targets: []string{c.target}})
			return err == nil && len(got.Pods) == c.pods
		})
		for _, p := range got.Pods {
			n := got.Node(p.Node)
			if !strings.HasPrefix(p.Name, c.prefix) || len(p.IPs) == 0 || n == nil || !n.Known || n.Runtime == "" || p.UID == "" || p.Target != c.target {
				t.Errorf("%s: %+v on %+v", c.target, p, n)
			}
			if err := p.Refuse(n, WayNode); err != nil {
				t.Errorf("%s: %v", c.target, err)
			}
		}
	}
	until(t, "a note about the image", func() bool {
		got, err := Targets(t.Context(), b.client, Query{Namespace: b.ns, Targets: []string{"no-image"}})
		return err == nil && strings.Contains(strings.Join(got.Notes, "\n"), "no-image is Pending: container main: ")
	})
	b.refused(t)
	b.smallRole(t)
}

func (b *bed) refused(t *testing.T) {
	t.Helper()
	for target, want := range map[string]string{
		"web":           "there is deploy/web",
		"deploy/wbe":    "did you mean web?",
		"node/node3":    "node1 or node2",
		"nowhere-to-go": "is Pending: not scheduled: 0/2 nodes are available",
		"svc/nowhere":   "it leads nowhere",
		"host":          "node/node",
	} {
		until(t, target+": "+want, func() bool {
			_, err := Targets(t.Context(), b.client, Query{Namespace: b.ns, Targets: []string{target}})
			e, ok := errors.AsType[*Error](err)
			return ok && strings.Contains(e.Text+"; "+e.Tip, want)
		})
	}
	if _, err := Targets(t.Context(), b.client, Query{Namespace: "default", Targets: []string{"db-0"}}); err == nil || !strings.Contains(err.(*Error).Tip, "-n "+b.ns) {
		t.Errorf("a pod of another namespace: %v", err)
	}
	if _, err := Targets(t.Context(), b.client, Query{Namespace: b.ns, Selector: "app in (web,logs)", MaxPods: 3}); err == nil || !strings.Contains(err.Error(), "4 pods, more than 3") {
		t.Errorf("too many pods: %v", err)
	}
}

// smallRole finds with the least that RBAC can give.
func (b *bed) smallRole(t *testing.T) {
	t.Helper()
	one := b.as(t, "find-one", may("", "pods", "get"))
	if _, err := Targets(t.Context(), one, Query{Namespace: b.ns, Targets: []string{"db-0"}}); err != nil {
		t.Errorf("a pod, with the right to get it: %v", err)
	}
	_, err := Targets(t.Context(), one, Query{Namespace: b.ns, Targets: []string{"deploy/web"}})
	if err == nil || !strings.Contains(err.Error(), `cannot get resource "deployments" in API group "apps"`) {
		t.Errorf("a deployment, without the right: %v", err)
	}
	watcher := b.as(t, "find-list", may("", "pods", "get", "list"))
	found, err := Targets(t.Context(), watcher, Query{Namespace: b.ns, Selector: "app=web"})
	if err != nil {
		t.Fatal(err)
	}
	w := found.Watch(t.Context(), watcher, Query{Namespace: b.ns, Selector: "app=web"})
	defer w.Close()
	if _, err := w.Read(); err == nil || !strings.Contains(err.Error(), `cannot watch resource "pods"`) {
		t.Errorf("watch without the right: %v", err)
	}
}

// TestClusterFollow follows a deployment while it is scaled, restarted, and
// while the way to the API server is cut.
func TestClusterFollow(t *testing.T) {
	b := newBed(t)
	b.stock(t)
	q := Query{Namespace: b.ns, Targets: []string{"deploy/web"}, Follow: true}
	var found *Found
	until(t, "two pods", func() (ok bool) {
		var err error
		found, err = Targets(t.Context(), b.client, q)
		return err == nil && len(found.Pods) == 2
	})
	road := newRoad(t, b.config)
	config := rest.CopyConfig(b.config)
	config.Host = road.host
	config.ServerName = road.name
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	w := found.Watch(t.Context(), client, q)
	defer w.Close()

	b.scale(t, 3)
	third := expectKind(t, w, Added)
	if err := b.client.CoreV1().Pods(b.ns).Delete(t.Context(), found.Pods[0].Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	events := []Event{expectKind(t, w, Added, Gone), expectKind(t, w, Added, Gone)}
	if !slices.ContainsFunc(events, func(e Event) bool { return e.Kind == Gone && e.Pod.UID == found.Pods[0].UID }) {
		t.Errorf("the pod that was deleted is not gone: %+v", events)
	}
	road.cut()
	expectKind(t, w, Cut)
	b.scale(t, 1)
	until(t, "one pod", func() bool {
		list, err := b.client.CoreV1().Pods(b.ns).List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
		return err == nil && len(list.Items) == 1
	})
	road.mend()
	expectKind(t, w, Resumed)
	for range 2 {
		expectKind(t, w, Gone)
	}
	if third.Pod.Owner != "deploy/web" || !third.Node.Known || third.Pod.Target != "deploy/web" {
		t.Errorf("added %+v on %+v", third.Pod, third.Node)
	}
}

func (b *bed) scale(t *testing.T, n int32) {
	t.Helper()
	patch := []byte(`{"spec":{"replicas":` + string('0'+rune(n)) + `}}`)
	if _, err := b.client.AppsV1().Deployments(b.ns).Patch(t.Context(), "web", "application/merge-patch+json", patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

func expectKind(t *testing.T, w *Watcher, kinds ...EventKind) Event {
	t.Helper()
	watchdog := time.AfterFunc(60*time.Second, func() { w.stop(errors.New("no event within a minute")) })
	defer watchdog.Stop()
	e, err := w.Read()
	if err != nil || !slices.Contains(kinds, e.Kind) {
		t.Fatalf("event %+v, %v; want %q", e, err, kinds)
	}
	return e
}

// road is a way to the API server that can be cut.
type road struct {
	host, name, to string
	mu             sync.Mutex
	closed         bool
	open           map[net.Conn]bool
}

func newRoad(t *testing.T, c *rest.Config) *road {
	t.Helper()
	u, err := url.Parse(c.Host)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r := &road{host: "https://" + l.Addr().String(), name: u.Hostname(), to: u.Host, open: map[net.Conn]bool{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.carry(c)
		}
	}()
	return r
}

func (r *road) carry(c net.Conn) {
	defer c.Close()
	far, err := net.Dial("tcp", r.to)
	if err != nil {
		return
	}
	defer far.Close()
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.open[c] = true
	r.mu.Unlock()
	go func() {
		_, _ = io.Copy(far, c)
		far.Close()
	}()
	_, _ = io.Copy(c, far)
}

func (r *road) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for c := range r.open {
		c.Close()
	}
}

func (r *road) mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = false
}
