package find

import "strings"

// Sandbox is what a pod runs in beside namespaces and cgroups.
type Sandbox string

// The sandboxes that change what can be seen.
const (
	SandboxNone   Sandbox = ""
	SandboxGVisor Sandbox = "gVisor" // its own kernel in a process, with its own network stack
	SandboxKata   Sandbox = "Kata"   // a virtual machine, joined to the pod's namespace by a tap
)

// SandboxOf knows a sandbox by what a RuntimeClass names to the node's
// runtime, or, if that may not be read, by the class's own name.
func SandboxOf(class, handler string) Sandbox {
	name := strings.ToLower(handler)
	if name == "" {
		name = strings.ToLower(class)
	}
	switch {
	case strings.HasPrefix(name, "runsc"), strings.Contains(name, "gvisor"):
		return SandboxGVisor
	case strings.HasPrefix(name, "kata"), strings.HasSuffix(name, "-kata"):
		return SandboxKata
	}
	return SandboxNone
}
