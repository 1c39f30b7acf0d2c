//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pktrail/pktrail/internal/kube/access"
	"github.com/pktrail/pktrail/internal/kube/place"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/test/e2e/stage"
)

// ways are the methods that place something.
func ways() []access.Method {
	return []access.Method{access.MethodNode, access.MethodExec, access.MethodEphemeral}
}

// rolesFile brings deploy/rbac.yaml into the cluster until the test ends; the
// agents' namespace stays, as it does for everybody.
func rolesFile(t *testing.T, s *stage.Stage) {
	t.Helper()
	b, err := os.ReadFile("../../deploy/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s.Apply(t, string(b))
	t.Cleanup(func() {
		var roles []string
		for doc := range strings.SplitSeq(string(b), "\n---\n") {
			kind, name, namespace := field(doc, "kind"), field(doc, "  name"), field(doc, "  namespace")
			switch kind {
			case "Role":
				roles = append(roles, "-n", namespace, "role/"+name)
			case "ClusterRole":
				roles = append(roles, "clusterrole/"+name)
			default:
				continue
			}
			s.Kubectl(t, append([]string{"delete"}, roles...)...)
			roles = roles[:0]
		}
	})
}

// field is a field's value in a manifest, by its indent and name.
func field(doc, name string) string {
	for line := range strings.Lines(doc) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// bind runs the commands that the manifest names for a method and a user, and
// takes the bindings back at the end.
func bind(t *testing.T, r *trial, m access.Method, u stage.User) {
	t.Helper()
	for _, line := range m.Roles(u.Name, place.DefaultNamespace, []string{r.ns}) {
		words := strings.Fields(line)[1:]
		at := slices.IndexFunc(words, func(w string) bool { return strings.HasSuffix(w, "binding") })
		words[at+1] += "-" + u.Name // two users may have one role
		r.Kubectl(t, words...)
		remove := append(slices.Clone(words[:max(0, at-1)]), "delete", words[at], words[at+1])
		t.Cleanup(func() { r.Kubectl(t, remove...) })
	}
}

// may waits until a user may do something.
func may(t *testing.T, r *trial, u stage.User, args ...string) {
	t.Helper()
	labtest.Wait(t, 10*time.Second, "the roles to work", func() bool {
		_, err := r.KubectlAs(t, u.Kubeconfig, append([]string{"auth", "can-i"}, args...)...)
		return err == nil
	})
}

// Each method works under exactly the roles of deploy/rbac.yaml, bound by the
// commands that stand there. Users with the same roles have agents of their
// own.
func TestRobustRights(t *testing.T) {
	r := newTrial(t)
	rolesFile(t, r.Stage)
	k := r.talk(t)
	type run struct {
		what, file string
		c          *stage.Running
	}
	var runs []run
	for _, m := range append(ways(), access.MethodNode) {
		u := r.User(t)
		bind(t, r, m, u)
		may(t, r, u, "get", "pods", "-n", r.ns)
		file := newFile(t)
		runs = append(runs, run{string(m), file, r.startAs(t, u.Kubeconfig, file, "shell", "--method", string(m), "-f", "udp port 8080")})
	}
	for _, run := range runs {
		run.c.Says("ends after")
	}
	jobs, err := r.Client.BatchV1().Jobs(place.DefaultNamespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(jobs.Items) != 2 {
		t.Errorf("two users have %d agents on a node: %v", len(jobs.Items), err)
	}
	k.say(t, 10)
	if end := runs[0].c.Stop(); end.Code != 0 {
		t.Errorf("code %d\n%s", end.Code, end.Stderr)
	}
	k.whole(t, runs[0].file)
	k.say(t, 10) // the others go on
	for _, run := range runs[1:] {
		if end := run.c.Stop(); end.Code != 0 {
			t.Errorf("%s: code %d\n%s", run.what, end.Code, end.Stderr)
		}
		k.whole(t, run.file)
	}
	cleaner := r.User(t)
	bind(t, r, access.MethodClean, cleaner)
	may(t, r, cleaner, "delete", "jobs", "-n", place.DefaultNamespace)
	if end := r.Start(t, stage.RunOptions{Kubeconfig: cleaner.Kubeconfig}, "clean").Wait(); end.Code != 0 {
		t.Errorf("clean: code %d\n%s", end.Code, end.Stderr)
	}
}

// dispensable are the rights without which a method works all the same, for
// now: servers ask for one verb of exec or the other, by their version and by
// what carries it.
func dispensable(r access.Right) bool {
	return r.Subresource == "exec" || r.Verb == "delete" || r.Verb == "list"
}

// For each right that a method needs: without it, and with all others, pktrail
// names the verb and the resource.
func TestRobustRightsDenied(t *testing.T) {
	r := newTrial(t)
	rolesFile(t, r.Stage) // for the agents' namespace
	type run struct {
		method access.Method
		lacks  access.Right
		c      *stage.Running
	}
	var runs []run
	for _, m := range ways() {
		rights := access.Rights(m)
		try := func(lacks access.Right, rest []access.Right) {
			u := r.User(t)
			allow(t, r, u, rest)
			runs = append(runs, run{m, lacks, r.startAs(t, u.Kubeconfig, newFile(t), "shell", "--method", string(m), "--duration", "1s")})
		}
		for i, lacks := range rights {
			if !lacks.Optional {
				try(lacks, slices.Delete(slices.Clone(rights), i, i+1))
			}
		}
		try(access.Right{Verb: "", Resource: "pods", Subresource: "exec"},
			slices.DeleteFunc(slices.Clone(rights), func(r access.Right) bool { return r.Subresource == "exec" }))
	}
	for _, run := range runs {
		end := run.c.Wait()
		resource := run.lacks.Resource
		if run.lacks.Subresource != "" {
			resource += "/" + run.lacks.Subresource
		}
		named := strings.Contains(end.Stderr, fmt.Sprintf("cannot %s resource %q", run.lacks.Verb, resource))
		if run.lacks.Verb == "" { // both
			named = strings.Contains(end.Stderr, fmt.Sprintf(" resource %q", resource))
		} else if end.Code == 0 && dispensable(run.lacks) {
			continue
		}
		if end.Code != 1 || !named {
			t.Errorf("%s without %v: code %d\n%s", run.method, run.lacks, end.Code, end.Stderr)
		}
	}
}

// allow grants rights, each where it is needed.
func allow(t *testing.T, r *trial, u stage.User, rights []access.Right) {
	t.Helper()
	for scope, namespace := range map[access.Scope]string{access.InTargets: r.ns, access.InAgents: place.DefaultNamespace, access.InCluster: ""} {
		role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "e2e-" + u.Name + "-" + string(scope)}}
		for _, right := range rights {
			if right.Scope != scope {
				continue
			}
			resource := right.Resource
			if right.Subresource != "" {
				resource += "/" + right.Subresource
			}
			role.Rules = append(role.Rules, rbacv1.PolicyRule{Verbs: []string{right.Verb}, APIGroups: []string{right.Group}, Resources: []string{resource}, ResourceNames: right.Names})
		}
		if len(role.Rules) == 0 {
			continue
		}
		if _, err := r.Client.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Kubectl(t, "delete", "clusterrole", role.Name) })
		r.Grant(t, u, namespace, role.Name)
	}
}
