package access

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NamespaceState is what a namespace admits.
type NamespaceState struct {
	Name string `json:"name"`
	// Agents is true for the namespace of agents.
	Agents bool `json:"agents,omitempty"`
	// Exists is Unknown if it may not be read.
	Exists State `json:"exists"`
	// Enforce is the level of PodSecurity that pods are refused by: privileged,
	// baseline, restricted; empty if the label is not set: then the cluster's
	// default counts, which no API tells.
	Enforce string `json:"enforce,omitempty"`
	// MayCreate says whether we may create it; asked only of that of agents, if
	// it does not exist.
	MayCreate State `json:"mayCreate,omitempty"`
	// Text says what follows of it.
	Text string `json:"text"`
}

// enforceLabel is PodSecurity's (k8s.io/pod-security-admission/api).
const enforceLabel = "pod-security.kubernetes.io/enforce"

// namespaces reads the labels of the namespaces of targets and of agents.
func (l looker) namespaces(ctx context.Context, w Where) {
	names := slices.Clone(w.Targets)
	if !slices.Contains(names, w.agents()) {
		names = append(names, w.agents())
	}
	for _, name := range names {
		ask, cancel := context.WithTimeout(ctx, answer)
		ns, err := l.client.CoreV1().Namespaces().Get(ask, name, metav1.GetOptions{})
		cancel()
		state := namespaceState(name, name == w.agents(), ns, err)
		if state.Agents && state.Exists == No {
			state.mayCreate(l.createNamespaces(ctx))
		}
		if state.Exists == Unknown {
			l.unasked(err, "get namespace "+name)
		}
		l.with(func(s *Survey) { s.Namespaces = append(s.Namespaces, state) })
	}
}

func namespaceState(name string, agents bool, ns *corev1.Namespace, err error) NamespaceState {
	out := NamespaceState{Name: name, Agents: agents, Exists: Yes}
	switch {
	case apierrors.IsNotFound(err):
		out.Exists, out.Text = No, "there is no such namespace"
		return out
	case err != nil:
		out.Exists, out.Text = Unknown, "its PodSecurity is not known"
		return out
	}
	out.Enforce = ns.Labels[enforceLabel]
	switch {
	case agents && out.strict():
		out.Text = fmt.Sprintf("PodSecurity %s refuses agents, which need hostPID and hostNetwork", out.Enforce)
	case out.strict():
		out.Text = fmt.Sprintf("PodSecurity %s refuses ephemeral containers with NET_RAW; agents on nodes are placed elsewhere", out.Enforce)
	case out.Enforce == "":
		out.Text = "no PodSecurity label: the cluster's default counts"
	default:
		out.Text = "PodSecurity " + out.Enforce + " admits all"
	}
	return out
}

func (l looker) createNamespaces(ctx context.Context) (bool, error) {
	ok, _, err := allowed(ctx, l.client, Right{Verb: "create", Resource: "namespaces"}, metav1.NamespaceAll)
	return ok, err
}

// mayCreate takes the answer to whether agents' namespace can be made.
func (n *NamespaceState) mayCreate(ok bool, err error) {
	switch {
	case err != nil:
		n.MayCreate, n.Text = Unknown, "it does not exist; it is made on first use, if you may"
	case ok:
		n.MayCreate, n.Text = Yes, "it does not exist; it is made on first use"
	default:
		n.MayCreate, n.Text = No, "it does not exist, and you may not create namespaces"
	}
}

// strict levels refuse added capabilities and the host's namespaces.
func (n *NamespaceState) strict() bool { return n.Enforce == "baseline" || n.Enforce == "restricted" }

// refuses says why a method does not work because of a namespace; empty if it
// does.
func (n *NamespaceState) refuses(m Method) (why, hint string) {
	switch {
	case n.MayCreate == No && m == MethodNode:
		return fmt.Sprintf("namespace %s does not exist, and you may not create it", n.Name), "an administrator applies deploy/rbac.yaml, which makes it"
	case !n.strict():
	case n.Agents && m == MethodNode:
		return fmt.Sprintf("PodSecurity %s of namespace %s refuses agents", n.Enforce, n.Name),
			fmt.Sprintf("kubectl label namespace %s --overwrite %s=privileged, or --agent-namespace NAME", n.Name, enforceLabel)
	case !n.Agents && m == MethodEphemeral:
		return fmt.Sprintf("PodSecurity %s of namespace %s refuses NET_RAW", n.Enforce, n.Name), "--method node places nothing there"
	}
	return "", ""
}

// number writes a small count.
func number(n int) string { return strings.TrimSpace(fmt.Sprint(n)) }
