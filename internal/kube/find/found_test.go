package find

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttest "k8s.io/client-go/testing"

	"github.com/pktrail/pktrail/internal/kube"
)

// forbid refuses all but these rights, as "get pods".
func forbid(client *fake.Clientset, but ...string) {
	client.PrependReactor("*", "*", func(a clienttest.Action) (bool, runtime.Object, error) {
		if slices.Contains(but, a.GetVerb()+" "+a.GetResource().Resource) {
			return false, nil, nil
		}
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: a.GetResource().Resource}, "", errors.New("no rule"))
	})
}

// TestSmallRoles checks that a target needs no more than it must: one pod is
// got by its name, and what may not be read beside it is a note.
func TestSmallRoles(t *testing.T) {
	for _, c := range []struct {
		target string
		rights []string
	}{
		{"db-0", []string{"get pods"}},
		{"deploy/web", []string{"get deployments", "list pods"}},
		{"svc/front", []string{"get services", "list pods"}},
		{"svc/legacy", []string{"get services", "list endpointslices", "get pods"}},
		{"cronjob/report", []string{"get cronjobs", "list pods", "get jobs"}},
		{"ns/shop", []string{"list pods"}},
	} {
		client := cluster(shop(t)...)
		forbid(client, c.rights...)
		got, err := Targets(t.Context(), client, Query{Namespace: "shop", Targets: []string{c.target}})
		if err != nil {
			t.Errorf("%s with %q: %v", c.target, c.rights, err)
			continue
		}
		if len(got.Pods) == 0 || !strings.Contains(strings.Join(got.Notes, "\n"), "get nodes") || got.Nodes[0].Known || got.Nodes[0].Name == "" {
			t.Errorf("%s: %+v", c.target, got)
		}
		if err := got.Pods[0].Refuse(&got.Nodes[0], WayNode); err != nil {
			t.Errorf("%s: an unknown node is refused: %v", c.target, err)
		}
		for i := range c.rights {
			client := cluster(shop(t)...)
			forbid(client, slices.Delete(slices.Clone(c.rights), i, i+1)...)
			_, err := Targets(t.Context(), client, Query{Namespace: "shop", Targets: []string{c.target}})
			if e, ok := errors.AsType[*kube.Error](err); c.rights[i] != "get jobs" && (!ok || !strings.Contains(e.Error(), "no rule")) {
				t.Errorf("%s without %q: %v", c.target, c.rights[i], err)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	client := cluster(shop(t)...)
	for _, c := range []struct {
		q  Query
		ok bool
	}{
		{Query{Selector: "app=web", MaxPods: 3}, true},
		{Query{Selector: "app=web", MaxPods: 3, MaxNodes: 2}, true},
		{Query{Targets: []string{"db-0", "node/node-b"}, MaxNodes: 2}, true},
		{Query{Targets: []string{"db-0", "node/node-b"}, MaxNodes: 1}, false},
		{Query{Targets: []string{"db-1", "node/node-b"}, MaxNodes: 1}, true},
	} {
		c.q.Namespace = "shop"
		_, err := Targets(t.Context(), client, c.q)
		if e, refused := errors.AsType[*Error](err); refused == c.ok || refused && (!e.Usage() || !strings.Contains(e.Tip, "--max-targets")) {
			t.Errorf("%+v: %v", c.q, err)
		}
	}
}

func TestLeftOut(t *testing.T) {
	objects := append(shop(t), runs("web-77c9-ccccc", labelled("app=web"), owned("ReplicaSet/web-77c9"), unscheduled),
		runs("web-5d4f-ddddd", labelled("app=web"), owned("ReplicaSet/web-5d4f"), func(p *corev1.Pod) { p.DeletionTimestamp = new(metav1.Now()) }))
	got, err := Targets(t.Context(), cluster(objects...), Query{Namespace: "shop", Targets: []string{"deploy/web"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Pods) != 3 {
		t.Errorf("pods %s", names(got.Pods))
	}
	want := []string{
		"web-5d4f-ddddd is being deleted",
		"left out: web-77c9-ccccc is Pending: not scheduled: 0/2 nodes are available: 2 Insufficient memory",
	}
	if !slices.Equal(got.Notes, want) {
		t.Errorf("notes %q, want %q", got.Notes, want)
	}
}

// TestFollowNothing checks that what may come later is no error while
// following, and one that is refused still is.
func TestFollowNothing(t *testing.T) {
	client := cluster(append(shop(t), deployment("idle", 0), runs("agent", hostNetwork))...)
	for _, target := range []string{"deploy/idle", "not-yet"} {
		got, err := Targets(t.Context(), client, Query{Namespace: "shop", Targets: []string{target}, Follow: true})
		if err != nil || len(got.Pods) > 0 || len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "waiting for") {
			t.Errorf("%s: %+v, %v", target, got, err)
		}
	}
	for _, target := range []string{"deploy/typo", "agent", "node/typo"} {
		if _, err := Targets(t.Context(), client, Query{Namespace: "shop", Targets: []string{target}, Follow: true}); err == nil {
			t.Errorf("%s: no error", target)
		}
	}
}

func TestHostNetworkFilter(t *testing.T) {
	client := cluster(runs("agent", hostNetwork))
	got, err := Targets(t.Context(), client, Query{Namespace: "shop", Targets: []string{"agent"}, HasFilter: true})
	if err != nil || !got.Pods[0].HostNetwork {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestContainer(t *testing.T) {
	two := runs("two", func(p *corev1.Pod) {
		p.Annotations = map[string]string{defaultContainer: "app"}
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "app"})
	})
	client := cluster(two, runs("one"))
	for _, c := range []struct {
		q    Query
		want []string
		note string
	}{
		{Query{Targets: []string{"two"}}, []string{"app"}, ""},
		{Query{Targets: []string{"two"}, Container: "main"}, []string{"main"}, ""},
		{Query{Targets: []string{"two", "one"}, Container: "app"}, []string{"app", "main"}, "one has no container app"},
	} {
		c.q.Namespace = "shop"
		got, err := Targets(t.Context(), client, c.q)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range got.Pods {
			if p.Container != c.want[i] || p.Main() == nil {
				t.Errorf("%+v: container %q of %s, want %q", c.q, p.Container, p.Name, c.want[i])
			}
		}
		if !strings.Contains(strings.Join(got.Notes, "\n"), c.note) {
			t.Errorf("%+v: notes %q, want %q", c.q, got.Notes, c.note)
		}
	}
}

func TestSidecar(t *testing.T) {
	for image, want := range map[string]bool{
		"pktrail.test/pktrail-agent:1": true, "registry:5000/ops/pktrail-agent@sha256:4f1c": true, "pktrail-agent": true,
		"shop/web:1": false, "pktrail-agent/web:1": false,
	} {
		p := podFrom(runs("p", func(p *corev1.Pod) { p.Spec.Containers[0].Image = image }))
		if got := p.Sidecar() != nil; got != want {
			t.Errorf("%s: %v", image, got)
		}
		p.Containers[0].Running = false
		if p.Sidecar() != nil {
			t.Errorf("%s: taken though it does not run", image)
		}
	}
}

func TestRuntimeClass(t *testing.T) {
	class := func(name string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.RuntimeClassName = &name }
	}
	objects := []runtime.Object{
		runs("safe", class("untrusted")), runs("boxed", class("vm")), runs("named", class("kata-fc")), runs("plain", class("fast")), runs("gke", on("node-g")),
		&nodev1.RuntimeClass{ObjectMeta: metav1.ObjectMeta{Name: "untrusted"}, Handler: "runsc"},
		&nodev1.RuntimeClass{ObjectMeta: metav1.ObjectMeta{Name: "vm"}, Handler: "kata-qemu"},
		&nodev1.RuntimeClass{ObjectMeta: metav1.ObjectMeta{Name: "fast"}, Handler: "crun"},
		node("node-g", func(n *corev1.Node) { n.Labels["sandbox.gke.io/runtime"] = "gvisor" }),
	}
	got, err := Targets(t.Context(), cluster(objects...), Query{Namespace: "shop", AllNamespaces: true})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Sandbox{"safe": SandboxGVisor, "boxed": SandboxKata, "named": SandboxKata, "plain": SandboxNone, "gke": SandboxGVisor}
	for _, p := range got.Pods {
		if p.Sandbox != want[p.Name] {
			t.Errorf("%s: %q, want %q", p.Name, p.Sandbox, want[p.Name])
		}
	}
}

// TestServerAway checks that an API server that does not answer is told as
// such, and not as a target that is missing.
func TestServerAway(t *testing.T) {
	client := cluster(runs("web"))
	client.PrependReactor("get", "pods", func(clienttest.Action) (bool, runtime.Object, error) {
		return true, nil, context.DeadlineExceeded
	})
	_, err := Targets(t.Context(), client, Query{Namespace: "shop", Targets: []string{"web"}})
	if _, ok := errors.AsType[*kube.Error](err); !ok || !strings.Contains(err.Error(), "find pod web in namespace shop") {
		t.Errorf("%v (%T)", err, err)
	}
}
