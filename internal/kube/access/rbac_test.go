package access

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write deploy/rbac.yaml")

const file = "../../../deploy/rbac.yaml"

const rbacHead = `# The smallest roles that pktrail works with, one for each method. Made of
# internal/kube/access/rights.go: go test ./internal/kube/access -update
#
# Whoever may exec into an agent reads every packet of every pod on its node. And
# whoever may create Jobs in namespace pktrail, which admits hostPID, can run what
# they like on any node: give role pktrail-node to those who may do that anyway.
# Methods exec and ephemeral stay inside of the pods that they are bound for.
#
# Rights marked (optional) may be taken out: what is lost without is said there.
# Apply this file, then bind what is wanted. For user jane and pods in namespace shop:
`

const rbacNamespace = `---
# Agents on nodes are placed here. PodSecurity must admit hostPID and hostNetwork.
apiVersion: v1
kind: Namespace
metadata:
  name: pktrail
  labels:
    app.kubernetes.io/managed-by: pktrail
    pod-security.kubernetes.io/enforce: privileged
    pod-security.kubernetes.io/audit: privileged
    pod-security.kubernetes.io/warn: privileged
`

// titles say what a method's roles are for.
var titles = map[Method]string{
	MethodNode:      "capture and trace by an agent on the node (--method node)",
	MethodExec:      "capture by an upload into the running container (--method exec)",
	MethodEphemeral: "capture by an ephemeral container (--method ephemeral)",
	MethodClean:     "pktrail clean (--all-namespaces needs the same in the whole cluster)",
	MethodDoctor:    "pktrail doctor",
	MethodNames:     "names of pods and services that are no targets, in traces and files",
}

// manifest writes deploy/rbac.yaml.
func manifest() string {
	var b strings.Builder
	b.WriteString(rbacHead)
	for _, m := range Methods() {
		b.WriteString("#\n# " + titles[m] + "\n")
		for _, line := range m.Roles("jane", "pktrail", []string{"shop"}) {
			b.WriteString("#   " + line + "\n")
		}
	}
	b.WriteString(rbacNamespace)
	for _, m := range Methods() {
		for _, s := range []Scope{InTargets, InAgents, InSystem, InCluster} {
			if list := rightsIn(m, s); len(list) > 0 {
				writeRole(&b, m, s, list)
			}
		}
	}
	return b.String()
}

func writeRole(b *strings.Builder, m Method, s Scope, list []Right) {
	kind, name, namespace, where := "Role", "pktrail-"+string(m), "", ""
	switch s {
	case InTargets:
		kind, name, where = "ClusterRole", name+"-targets", "bound in the namespaces of targets"
	case InAgents:
		namespace, where = "pktrail", "in the agents' namespace"
	case InSystem:
		namespace, where = SystemNamespace, "in "+SystemNamespace
	case InCluster:
		kind, where = "ClusterRole", "bound in the whole cluster"
	}
	fmt.Fprintf(b, "---\n# %s: %s.\napiVersion: rbac.authorization.k8s.io/v1\nkind: %s\nmetadata:\n  name: %s\n", titles[m], where, kind, name)
	if namespace != "" {
		fmt.Fprintf(b, "  namespace: %s\n", namespace)
	}
	b.WriteString("rules:\n")
	for len(list) > 0 {
		first := list[0]
		resource := first.Resource
		if first.Subresource != "" {
			resource += "/" + first.Subresource
		}
		var verbs, comments []string
		list = slices.DeleteFunc(list, func(r Right) bool {
			if r.Group != first.Group || r.Resource != first.Resource || r.Subresource != first.Subresource || !slices.Equal(r.Names, first.Names) {
				return false
			}
			verbs = append(verbs, r.Verb)
			why := r.Why
			if r.Optional {
				why += " (optional)"
			}
			if !slices.Contains(comments, why) {
				comments = append(comments, why)
			}
			return true
		})
		for _, c := range comments {
			b.WriteString("  # " + c + "\n")
		}
		fmt.Fprintf(b, "  - apiGroups: [%q]\n    resources: [%q]\n", first.Group, resource)
		if len(first.Names) > 0 {
			fmt.Fprintf(b, "    resourceNames: [%s]\n", strings.Join(first.Names, ", "))
		}
		fmt.Fprintf(b, "    verbs: [%s]\n", strings.Join(verbs, ", "))
	}
}

// TestManifest checks that deploy/rbac.yaml is what Rights says, read as the
// API server reads it.
func TestManifest(t *testing.T) {
	want := manifest()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != want {
		t.Error("deploy/rbac.yaml is not what rights.go says: go test ./internal/kube/access -update")
	}
	have := map[string][]string{} // rights by role
	for doc := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var role rbacv1.ClusterRole // a Role has the same fields
		if err := yaml.Unmarshal(doc, &role); err != nil {
			t.Fatal(err)
		}
		if role.Kind == "Namespace" || role.Kind == "" {
			continue
		}
		name := role.Kind + " " + role.Namespace + " " + role.Name
		if _, twice := have[name]; twice {
			t.Errorf("role %s stands there twice", name)
		}
		for _, rule := range role.Rules {
			for _, verb := range rule.Verbs {
				r := Right{Verb: verb, Group: rule.APIGroups[0], Resource: rule.Resources[0], Names: rule.ResourceNames}
				r.Resource, r.Subresource, _ = strings.Cut(r.Resource, "/")
				if len(rule.APIGroups) != 1 || len(rule.Resources) != 1 || strings.Contains(r.String(), "*") {
					t.Errorf("role %s: rule %+v", name, rule)
				}
				have[name] = append(have[name], r.String())
			}
		}
	}
	for _, m := range Methods() {
		for _, r := range Rights(m) {
			name := map[Scope]string{
				InTargets: "ClusterRole  pktrail-" + string(m) + "-targets", InCluster: "ClusterRole  pktrail-" + string(m),
				InAgents: "Role pktrail pktrail-" + string(m), InSystem: "Role kube-system pktrail-" + string(m),
			}[r.Scope]
			i := slices.Index(have[name], r.String())
			if i < 0 {
				t.Errorf("%s lacks %s", name, r)
				continue
			}
			have[name] = slices.Delete(have[name], i, i+1)
		}
	}
	for name, list := range have {
		if len(list) > 0 {
			t.Errorf("%s allows more than is needed: %q", name, list)
		}
	}
}

// TestRightsAreWhole checks that no right is listed twice and each says why.
func TestRightsAreWhole(t *testing.T) {
	for _, m := range Methods() {
		seen := map[string]bool{}
		for _, r := range Rights(m) {
			key := string(r.Scope) + " " + r.String()
			if r.Verb == "" || r.Resource == "" || r.Scope == "" || r.Why == "" || seen[key] {
				t.Errorf("%s: %+v", m, r)
			}
			seen[key] = true
		}
		if len(seen) == 0 {
			t.Errorf("%s needs nothing", m)
		}
	}
}
