package diagnose

import "strings"

// Explain says a drop reason of the kernel (enum skb_drop_reason of
// net/dropreason-core.h, without its prefix) in plain words. What it does not
// know it gives back as it is; a reason that is a number, or empty, is one
// that the kernel did not name.
func Explain(reason string) string {
	name := strings.TrimPrefix(reason, "SKB_DROP_REASON_")
	for _, table := range [...][][2]string{reasonsIP, reasonsLink, reasonsSocket, reasonsTCP} {
		for _, r := range table {
			if r[0] == name {
				return r[1]
			}
		}
	}
	switch {
	case name == "":
		return "the kernel gave no reason"
	case strings.Trim(name, "0123456789") == "":
		return "reason " + name + ", which this kernel does not name"
	}
	return name
}
