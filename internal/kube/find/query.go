package find

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// How many pods and nodes a command takes unless told otherwise.
const (
	DefaultMaxPods  = 20
	DefaultMaxNodes = 10
)

// Query is what a person asks for.
type Query struct {
	// Targets as typed: NAME or KIND/NAME.
	Targets []string
	// Selector picks pods by label, as kubectl's -l; not beside Targets.
	Selector string
	// Namespace of the targets; empty is "default".
	Namespace string
	// AllNamespaces takes the pods of all namespaces that Selector picks.
	AllNamespaces bool
	// AllNodes takes every node; not beside Targets and Selector.
	AllNodes bool
	// Container is the container that is meant; empty is the pod's default.
	Container string
	// MaxPods and MaxNodes bound what is taken; 0 is the default.
	MaxPods, MaxNodes int
	// HasFilter is true if packets will be filtered: pods on their node's
	// network are refused without.
	HasFilter bool
	// Follow is true if pods that come later are taken too, so that none now is
	// no error.
	Follow bool
}

func (q *Query) namespace() string {
	if q.Namespace == "" {
		return "default"
	}
	return q.Namespace
}

func (q *Query) maxPods() int {
	if q.MaxPods <= 0 {
		return DefaultMaxPods
	}
	return q.MaxPods
}

func (q *Query) maxNodes() int {
	if q.MaxNodes <= 0 {
		return DefaultMaxNodes
	}
	return q.MaxNodes
}

// Found is what a query stands for.
type Found struct {
	// Pods that have a network namespace now, each once, in the order of the
	// targets.
	Pods []Pod
	// Nodes are those named as targets, and those that Pods are on.
	Nodes []Node
	// Services are the targets svc/NAME.
	Services []Service
	// Notes say what a person should know: pods left out, what could not be
	// read.
	Notes []string

	sources []*source
}

// Node gives a node by its name; nil if it is not among Nodes.
func (f *Found) Node(name string) *Node {
	for i := range f.Nodes {
		if f.Nodes[i].Name == name {
			return &f.Nodes[i]
		}
	}
	return nil
}

// Pod gives a pod by its UID; nil if it is not among Pods.
func (f *Found) Pod(uid types.UID) *Pod {
	for i := range f.Pods {
		if f.Pods[i].UID == uid {
			return &f.Pods[i]
		}
	}
	return nil
}

// note adds a note, once.
func (f *Found) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(f.Notes, n) {
		f.Notes = append(f.Notes, n)
	}
}

// Selects reads a selector as kubectl's -l takes it, and gives what matches.
func Selects(selector string) (func(map[string]string) bool, error) {
	s, err := labels.Parse(selector)
	if err != nil {
		return nil, refuse(BadTarget, "", "as in kubectl: -l app=web,tier!=cache", "selector %q: %v", selector, err)
	}
	return func(have map[string]string) bool { return s.Matches(labels.Set(have)) }, nil
}
