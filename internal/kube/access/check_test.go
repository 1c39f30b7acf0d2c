package access

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	authv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttest "k8s.io/client-go/testing"

	"github.com/pktrail/pktrail/internal/kube"
)

// reviewer answers access reviews.
type reviewer struct {
	*fake.Clientset
	mu    sync.Mutex
	asked []authv1.ResourceAttributes
}

func newReviewer(allow func(authv1.ResourceAttributes) (bool, error)) *reviewer {
	r := &reviewer{Clientset: fake.NewClientset()}
	r.PrependReactor("create", "selfsubjectaccessreviews", func(a clienttest.Action) (bool, runtime.Object, error) {
		review := a.(clienttest.CreateAction).GetObject().(*authv1.SelfSubjectAccessReview).DeepCopy()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asked = append(r.asked, *review.Spec.ResourceAttributes)
		var err error
		review.Status.Allowed, err = allow(*review.Spec.ResourceAttributes)
		return true, review, err
	})
	return r
}

func texts(list []Lack) []string {
	out := make([]string, len(list))
	for i, l := range list {
		out[i] = l.String()
	}
	return out
}

func TestCheck(t *testing.T) {
	r := newReviewer(func(a authv1.ResourceAttributes) (bool, error) {
		switch {
		case a.Resource == "jobs" && a.Verb == "create", a.Subresource == "exec", a.Resource == "nodes", a.Resource == "deployments" && a.Namespace == "prod":
			return false, nil
		}
		return true, nil
	})
	got, err := Check(t.Context(), r, MethodNode, Where{Targets: []string{"shop", "prod"}, Agents: "debug"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"create jobs.batch in namespace debug", "create pods/exec in namespace debug", "get pods/exec in namespace debug"}
	if !slices.Equal(texts(got.Missing), want) {
		t.Errorf("missing %q, want %q", texts(got.Missing), want)
	}
	if want := []string{"get deployments.apps in namespace prod", "get nodes"}; !slices.Equal(texts(got.Optional), want) {
		t.Errorf("optional %q, want %q", texts(got.Optional), want)
	}
	e, ok := errors.AsType[*kube.Error](got.Error())
	if !ok || !strings.Contains(e.Error(), "method node needs rights that are missing: create jobs.batch, create pods/exec, get pods/exec in namespace debug") || !strings.Contains(e.Tip, "pktrail-node") {
		t.Errorf("%v", got.Error())
	}
}

// TestCheckAsksForNames checks that a right to one object is asked for as
// such: a role with resourceNames allows nothing else.
func TestCheckAsksForNames(t *testing.T) {
	r := newReviewer(func(authv1.ResourceAttributes) (bool, error) { return true, nil })
	got, err := Check(t.Context(), r, MethodDoctor, Where{Targets: []string{"shop"}})
	if err != nil || got.Error() != nil || got.Hint() != "" || len(got.Optional) > 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, want := range []authv1.ResourceAttributes{
		{Namespace: "kube-system", Verb: "get", Resource: "configmaps", Name: "cilium-config"},
		{Namespace: "kube-system", Verb: "get", Resource: "configmaps", Name: "kube-proxy"},
		{Namespace: "shop", Verb: "get", Resource: "namespaces", Name: "shop"},
		{Namespace: "pktrail", Verb: "get", Resource: "namespaces", Name: "pktrail"},
		{Namespace: "kube-system", Verb: "list", Group: "apps", Resource: "daemonsets"},
		{Verb: "list", Resource: "nodes"},
	} {
		if !slices.Contains(r.asked, want) {
			t.Errorf("not asked: %+v", want)
		}
	}
}

func TestCheckServerAway(t *testing.T) {
	r := newReviewer(func(authv1.ResourceAttributes) (bool, error) { return false, errors.New("no route to host") })
	if _, err := Check(t.Context(), r, MethodExec, Where{Targets: []string{"shop"}}); err == nil || !strings.Contains(err.Error(), "no route to host") {
		t.Errorf("%v", err)
	}
}

func TestWords(t *testing.T) {
	pods, nodes := Right{Verb: "get", Resource: "pods"}, Right{Verb: "get", Resource: "nodes"}
	exec := Right{Verb: "create", Resource: "pods", Subresource: "exec"}
	got := Words([]Lack{{Right: pods, Namespace: "shop"}, {Right: nodes}, {Right: exec, Namespace: "shop"}, {Right: pods}, {Right: pods, Namespace: "prod"}})
	if want := "get pods, create pods/exec in namespace shop; get nodes; get pods in all namespaces; get pods in namespace prod"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Words(nil); got != "" {
		t.Errorf("%q of nothing", got)
	}
}

func TestRoles(t *testing.T) {
	got := MethodNode.Roles("jane", "debug", []string{"shop", "prod"})
	want := []string{
		"kubectl -n shop create rolebinding pktrail-node-targets --clusterrole pktrail-node-targets --user jane",
		"kubectl -n prod create rolebinding pktrail-node-targets --clusterrole pktrail-node-targets --user jane",
		"kubectl -n debug create rolebinding pktrail-node --role pktrail-node --user jane",
		"kubectl create clusterrolebinding pktrail-node --clusterrole pktrail-node --user jane",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
