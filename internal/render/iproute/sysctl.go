package iproute

import (
	"maps"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Sysctls lists the settings as `sysctl -a` does, by their names: those of the
// namespace, and of its interfaces those that decide about packets.
func Sysctls(ns *netstate.Namespace) []byte {
	all := ns.AllSysctls()
	var b []byte
	for _, key := range slices.Sorted(maps.Keys(all)) {
		b = append(b, "net."...)
		b = append(b, key...)
		b = append(b, " = "...)
		b = append(b, all[key]...)
		b = append(b, '\n')
	}
	return b
}
