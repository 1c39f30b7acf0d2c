package lab

import (
	"fmt"
	"strings"
)

// OptionError is an option that cannot make a lab.
type OptionError struct {
	Option string // "flavour", "nodes", "pods" or "name"
	Value  string // what was given
	Want   string // what would do, in words
}

func (e *OptionError) Error() string {
	return fmt.Sprintf("lab %s %q: must be %s", e.Option, e.Value, e.Want)
}

// ExistsError is a lab that cannot be made because its names are taken.
type ExistsError struct {
	Name      string // the lab's name
	Namespace string // the first namespace in the way
	// Foreign says that the namespace is not a lab's: taking the lab down
	// would not remove it.
	Foreign bool
}

func (e *ExistsError) Error() string {
	if e.Foreign {
		return fmt.Sprintf("namespace %s is in the way and belongs to no lab", e.Namespace)
	}
	return fmt.Sprintf("a lab named %s exists already (namespace %s)", e.Name, e.Namespace)
}

// NotFoundError is a lab, or something in a lab, that does not exist.
type NotFoundError struct {
	What string   // "lab", "pod or node" or "namespace"
	Name string   // what was asked for
	Have []string // the names that do exist, sorted
}

func (e *NotFoundError) Error() string {
	if len(e.Have) == 0 {
		return fmt.Sprintf("no %s named %q", e.What, e.Name)
	}
	return fmt.Sprintf("no %s named %q; there are %s", e.What, e.Name, strings.Join(e.Have, ", "))
}

// KernelError is a device kind that this kernel does not have.
type KernelError struct {
	Kind   string // IFLA_INFO_KIND, e.g. "ipvlan"
	Config string // the kernel configuration that brings it, e.g. "CONFIG_IPVLAN"
	Err    error  // what the kernel answered
}

func (e *KernelError) Error() string {
	return fmt.Sprintf("this kernel has no %s devices (%s is not set, or its module is not there): %v", e.Kind, e.Config, e.Err)
}

func (e *KernelError) Unwrap() error { return e.Err }
