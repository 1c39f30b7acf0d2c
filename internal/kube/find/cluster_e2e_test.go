//go:build e2e

package find

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

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
	_, err := Targets(t.Context(), b.client, Query{Namespace: "default", Targets: []string{"db-0"}})
	if e, ok := errors.AsType[*Error](err); !ok || !strings.Contains(e.Tip, "-n "+b.ns) {
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
