package lab

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Flavour is a way to connect pods.
type Flavour string

// The flavours. doc.go says how far each follows its model.
const (
	Flannel Flavour = "flannel" // a bridge per node, VXLAN between nodes
	PTP     Flavour = "ptp"     // a routed veth per pod, routes between nodes
	Calico  Flavour = "calico"  // cali* veths with proxy ARP, /32 routes
	Macvlan Flavour = "macvlan" // pods as macvlan devices on the node's NIC
	IPvlan  Flavour = "ipvlan"  // pods as ipvlan (L2) devices on the node's NIC
)

// Flavours returns all flavours, the default first.
func Flavours() []Flavour { return []Flavour{Flannel, PTP, Calico, Macvlan, IPvlan} }

// Limits of a lab. A lab of the largest size still fits into the neighbour
// tables, which all namespaces of a machine share (gc_thresh3, 1024 entries).
const (
	MaxNodes     = 16
	MaxPods      = 250 // per node: one network of 24 bits
	MaxTotalPods = 256
)

// Options says what to make. The zero value is a flannel lab named "pkl" with
// two nodes of two pods each.
type Options struct {
	// Flavour is the way in which pods are connected; empty is Flannel.
	Flavour Flavour
	// Nodes is the number of nodes, 1 to MaxNodes; 0 is 2.
	Nodes int
	// Pods is the number of pods on each node, 1 to MaxPods; 0 is 2.
	Pods int
	// Name begins the name of every namespace; empty is "pkl". It is a
	// lower-case letter followed by up to 11 lower-case letters and digits.
	Name string
}

// DefaultName is the name of a lab that was given none.
const DefaultName = "pkl"

// namePattern leaves out the dash, so that "pkl-node1-pod1" belongs to "pkl"
// and can be nothing else, and everything that means something in a path.
var namePattern = regexp.MustCompile(`^[a-z][a-z0-9]{0,11}$`)

// withDefaults fills what is empty and checks the rest.
func (o Options) withDefaults() (Options, error) {
	if o.Flavour == "" {
		o.Flavour = Flannel
	}
	if o.Nodes == 0 {
		o.Nodes = 2
	}
	if o.Pods == 0 {
		o.Pods = 2
	}
	if o.Name == "" {
		o.Name = DefaultName
	}
	switch {
	case !slices.Contains(Flavours(), o.Flavour):
		return o, &OptionError{"flavour", string(o.Flavour), "one of " + join(Flavours())}
	case o.Nodes < 1 || o.Nodes > MaxNodes:
		return o, &OptionError{"nodes", fmt.Sprint(o.Nodes), fmt.Sprintf("1 to %d", MaxNodes)}
	case o.Pods < 1 || o.Pods > MaxPods:
		return o, &OptionError{"pods", fmt.Sprint(o.Pods), fmt.Sprintf("1 to %d on each node", MaxPods)}
	case o.Nodes*o.Pods > MaxTotalPods:
		return o, &OptionError{"pods", fmt.Sprint(o.Nodes * o.Pods), fmt.Sprintf("at most %d on all nodes", MaxTotalPods)}
	}
	return o, checkName(o.Name)
}

// Check returns an *OptionError if the options cannot make a lab. It touches
// nothing and works on every system.
func (o Options) Check() error {
	_, err := o.withDefaults()
	return err
}

func checkName(name string) error {
	if !namePattern.MatchString(name) {
		return &OptionError{"name", name, "a lower-case letter and up to 11 more lower-case letters or digits"}
	}
	return nil
}

func join(all []Flavour) string {
	words := make([]string, len(all))
	for i, f := range all {
		words[i] = string(f)
	}
	return strings.Join(words, ", ")
}
