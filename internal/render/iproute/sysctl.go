package iproute

import (
	"maps"
	"slices"
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Sysctls lists the settings as `sysctl -a` does, by their names: those of the
// namespace, and of its interfaces those that decide about packets.
func Sysctls(ns *netstate.Namespace) []byte {
	all := maps.Clone(ns.Sysctls)
	if all == nil {
		all = map[string]string{}
	}
	for i := range ns.Links {
		l := &ns.Links[i]
		for _, family := range []string{"ipv4", "ipv6"} {
			for _, name := range netstate.SettingNames(family) {
				if v, ok := l.OwnSetting(family, name); ok {
					all[netstate.SettingKey(family, l.Name, name)] = strconv.FormatInt(int64(v), 10)
				}
			}
		}
	}
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
