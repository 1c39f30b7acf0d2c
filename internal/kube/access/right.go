package access

import (
	"fmt"
	"strings"
)

// Method is something that needs rights of its own.
type Method string

// The methods: the ways in, and what else asks the API server.
const (
	MethodNode      Method = "node"      // an agent on the target's node
	MethodExec      Method = "exec"      // an upload into the running container
	MethodEphemeral Method = "ephemeral" // an ephemeral container in the target's pod
	MethodClean     Method = "clean"     // pktrail clean
	MethodDoctor    Method = "doctor"    // pktrail doctor
	MethodNames     Method = "names"     // names of everybody's pods and services, in traces and files
)

// Methods are all of them.
func Methods() []Method {
	return []Method{MethodNode, MethodExec, MethodEphemeral, MethodClean, MethodDoctor, MethodNames}
}

// Scope is where a right must be held.
type Scope string

// The scopes.
const (
	InTargets Scope = "targets" // in the namespaces of targets
	InAgents  Scope = "agents"  // in the namespace of agents
	InSystem  Scope = "system"  // in kube-system
	InCluster Scope = "cluster" // in the whole cluster
)

// Right is one thing that a role allows.
type Right struct {
	Verb string
	// Group is the API group, empty for the core.
	Group, Resource, Subresource string
	// Names are the only objects that are asked for; empty is any.
	Names []string
	Scope Scope
	// Optional rights make answers better; Why says what is missing without.
	Optional bool
	Why      string
}

// String writes a right as "create jobs.batch", "get pods/exec",
// "get configmaps cilium-config".
func (r Right) String() string {
	text := r.Verb + " " + r.Resource
	if r.Group != "" {
		text += "." + r.Group
	}
	if r.Subresource != "" {
		text += "/" + r.Subresource
	}
	if len(r.Names) > 0 {
		text += " " + strings.Join(r.Names, ", ")
	}
	return text
}

// Lack is a right that is missing, in one place.
type Lack struct {
	Right Right
	// Namespace is empty for the whole cluster.
	Namespace string
	// Reason is what the server says of it, mostly empty.
	Reason string
}

// String writes "create jobs.batch in namespace pktrail".
func (l Lack) String() string { return strings.TrimSpace(l.Right.String() + " " + l.where()) }

// where is empty for what lives in no namespace.
func (l Lack) where() string {
	switch {
	case l.Namespace != "":
		return "in namespace " + l.Namespace
	case l.Right.Resource == "nodes", l.Right.Resource == "namespaces", l.Right.Resource == "runtimeclasses":
		return ""
	}
	return "in all namespaces"
}

// Words writes what is missing in one line, by namespaces: "get pods, create
// pods/exec in namespace shop; get nodes".
func Words(list []Lack) string {
	var places []string
	rights := map[string][]string{}
	for _, l := range list {
		if _, seen := rights[l.where()]; !seen {
			places = append(places, l.where())
		}
		rights[l.where()] = append(rights[l.where()], l.Right.String())
	}
	for i, where := range places {
		places[i] = strings.TrimSpace(strings.Join(rights[where], ", ") + " " + where)
	}
	return strings.Join(places, "; ")
}

// SystemNamespace is where clusters keep what they run on.
const SystemNamespace = "kube-system"

// Roles gives the names of the roles of a method in deploy/rbac.yaml, with the
// commands that bind them to a user.
func (m Method) Roles(user, agents string, targets []string) []string {
	var out []string
	name := "pktrail-" + string(m)
	for _, s := range []Scope{InTargets, InAgents, InSystem, InCluster} {
		if len(rightsIn(m, s)) == 0 {
			continue
		}
		switch s {
		case InTargets:
			for _, ns := range targets {
				out = append(out, fmt.Sprintf("kubectl -n %s create rolebinding %s-targets --clusterrole %s-targets --user %s", ns, name, name, user))
			}
		case InAgents:
			out = append(out, fmt.Sprintf("kubectl -n %s create rolebinding %s --role %s --user %s", agents, name, name, user))
		case InSystem:
			out = append(out, fmt.Sprintf("kubectl -n %s create rolebinding %s --role %s --user %s", SystemNamespace, name, name, user))
		case InCluster:
			out = append(out, fmt.Sprintf("kubectl create clusterrolebinding %s --clusterrole %s --user %s", name, name, user))
		}
	}
	return out
}

func rightsIn(m Method, s Scope) []Right {
	var out []Right
	for _, r := range Rights(m) {
		if r.Scope == s {
			out = append(out, r)
		}
	}
	return out
}
