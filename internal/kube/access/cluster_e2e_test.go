//go:build e2e

package access

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/pktrail/pktrail/internal/kube"
	"github.com/pktrail/pktrail/internal/kube/kubetest"
)

// bed has two namespaces of its own, for targets and for agents, and a name
// that nobody else uses.
type bed struct {
	config          *rest.Config
	client          kubernetes.Interface
	targets, agents string
}

func newBed(t *testing.T) *bed {
	t.Helper()
	config, client := kubetest.Open(t)
	return &bed{config, client, kubetest.Namespace(t, client, "access-"), kubetest.Namespace(t, client, "access-")}
}

func (b *bed) as(t *testing.T, user string) *kube.Cluster {
	t.Helper()
	config, client := kubetest.As(t, b.config, user)
	return &kube.Cluster{Client: client, Config: config, Namespace: b.targets}
}

// grant gives a user what deploy/rbac.yaml has for a method, under a name of
// the bed's own.
func (b *bed) grant(t *testing.T, m Method, user string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for doc := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var role rbacv1.ClusterRole
		if err := yaml.Unmarshal(doc, &role); err != nil {
			t.Fatal(err)
		}
		base := "pktrail-" + string(m)
		if role.Name != base && role.Name != base+"-targets" {
			continue
		}
		namespace := map[string]string{"pktrail": b.agents, SystemNamespace: SystemNamespace}[role.Namespace]
		if strings.HasSuffix(role.Name, "-targets") {
			namespace = b.targets
		}
		b.bind(t, b.agents+"-"+role.Name, namespace, role.Rules, user)
	}
}

// bind makes a role, of the cluster if there is no namespace, and binds it.
func (b *bed) bind(t *testing.T, name, namespace string, rules []rbacv1.PolicyRule, user string) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: name, Namespace: namespace}
	subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}}
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name}
	api, done := b.client.RbacV1(), context.WithoutCancel(t.Context())
	var err1, err2 error
	if namespace != "" {
		_, err1 = api.Roles(namespace).Create(t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{})
		_, err2 = api.RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: ref, Subjects: subjects}, metav1.CreateOptions{})
		t.Cleanup(func() {
			_ = api.Roles(namespace).Delete(done, name, metav1.DeleteOptions{})
			_ = api.RoleBindings(namespace).Delete(done, name, metav1.DeleteOptions{})
		})
	} else {
		ref.Kind = "ClusterRole"
		_, err1 = api.ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{})
		_, err2 = api.ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: ref, Subjects: subjects}, metav1.CreateOptions{})
		t.Cleanup(func() {
			_ = api.ClusterRoles().Delete(done, name, metav1.DeleteOptions{})
			_ = api.ClusterRoleBindings().Delete(done, name, metav1.DeleteOptions{})
		})
	}
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
}

// await waits until all rights of a method are there: the server hears of a
// role a moment after it is made.
func (b *bed) await(t *testing.T, c *kube.Cluster, m Method) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		r, err := Check(t.Context(), c.Client, m, Where{Targets: []string{b.targets}, Agents: b.agents})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Missing)+len(r.Optional) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s lacks %s; %s", m, Words(r.Missing), Words(r.Optional))
		}
	}
}

// TestClusterRoles checks on a real API server that each method's roles give
// all that it needs, in its namespaces and no other.
func TestClusterRoles(t *testing.T) {
	b := newBed(t)
	for _, m := range Methods() {
		user := b.agents + "-" + string(m)
		where := Where{Targets: []string{b.targets}, Agents: b.agents}
		c := b.as(t, user)
		before, err := Check(t.Context(), c.Client, m, where)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(before.Missing) + len(before.Optional); n != len(Rights(m)) {
			t.Errorf("%s: a stranger has rights: %d of %d are missing", m, n, len(Rights(m)))
		}
		b.grant(t, m, user)
		b.await(t, c, m)
		elsewhere, err := Check(t.Context(), c.Client, m, Where{Targets: []string{"default"}, Agents: "default"})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range rightsIn(m, InTargets) {
			if !strings.Contains(Words(elsewhere.Missing)+Words(elsewhere.Optional), l.String()) {
				t.Errorf("%s may %s in a namespace that it has no role in", m, l)
			}
		}
	}
}

// TestClusterLook surveys a real cluster, as one who may, and as one who may
// not.
func TestClusterLook(t *testing.T) {
	b := newBed(t)
	where := Where{Targets: []string{b.targets}, Agents: b.agents}
	user := b.agents + "-doctor"
	b.grant(t, MethodDoctor, user)
	b.await(t, b.as(t, user), MethodDoctor)
	s, err := Look(t.Context(), b.as(t, user), Options{Where: where, Image: "pktrail.test/web:1"})
	if err != nil {
		t.Fatal(err)
	}
	if s.User != user || !strings.HasPrefix(s.Version, "v1.") || len(s.Unasked) > 0 || len(s.Nodes) != 2 || len(s.Ways()) > 0 {
		t.Errorf("%+v", s)
	}
	for _, n := range s.Nodes {
		if n.Agent != Yes || n.Kernel == "" || n.Arch == "" || !n.Ready {
			t.Errorf("%+v", n)
		}
	}
	for _, n := range s.Namespaces {
		if n.Exists != Yes || n.Enforce != "" {
			t.Errorf("%+v", n)
		}
	}
	stranger, err := Look(t.Context(), b.as(t, "nobody"), Options{Where: where})
	if err != nil || len(stranger.Unasked) == 0 || len(stranger.Nodes) > 0 {
		t.Errorf("%+v, %v", stranger, err)
	}
}
