package kernel

import (
	"slices"
	"strings"
)

// confined judges a label as /proc/self/attr/current has it. What a profile
// refuses is not known from its name: then the answer is Unknown.
func confined(label string) State {
	switch {
	case label == "unconfined", // AppArmor
		strings.HasSuffix(label, " (unconfined)"),
		strings.HasSuffix(label, " (complain)"),
		strings.HasSuffix(label, " (permissive)"), // ours, for SELinux
		label == "kernel":                         // SELinux before a policy is loaded
		return OK
	}
	// SELinux: user:role:type:level
	f := strings.Split(label, ":")
	free := []string{"unconfined_t", "spc_t", "unconfined_service_t", "init_t", "kernel_t"}
	if len(f) >= 3 && slices.Contains(free, f[2]) {
		return OK
	}
	return Unknown
}
