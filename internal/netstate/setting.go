package netstate

import (
	"maps"
	"strconv"
	"strings"
)

// Setting is one of an interface's settings as the kernel applies it: of many,
// the one for all interfaces counts as well.
type Setting struct {
	// Value is what holds. Own is the interface's, All that for all interfaces;
	// valid iff HasAll.
	Value, Own, All int32
	HasAll          bool
	// From is the setting that makes it so, as a key of Namespace.Sysctls:
	// "ipv4.conf.all.rp_filter" or "ipv4.conf.eth0.rp_filter". Where the two
	// agree it is the interface's.
	From string
}

// Setting gives a setting of an interface, by its family ("ipv4", "ipv6") and
// name ("rp_filter"), and how it combines with the one for all: rp_filter is
// the larger of both, forwarding the interface's own, and so on. It is false
// for a name that SettingNames does not have, and where the kernel did not tell
// what is needed.
func (n *Namespace) Setting(link *Link, family, name string) (Setting, bool) {
	for _, c := range confs(family) {
		if c.name == name {
			return n.setting(link, family, c)
		}
	}
	return Setting{}, false
}

// SettingNames are the settings of interfaces that Namespace.Setting knows, of
// a family.
func SettingNames(family string) []string {
	all := confs(family)
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.name
	}
	return names
}

// OwnSetting is an interface's value of a setting that SettingNames has; false
// if the kernel did not tell.
func (l *Link) OwnSetting(family, name string) (int32, bool) {
	for _, c := range confs(family) {
		if c.name == name {
			return c.own(l, family)
		}
	}
	return 0, false
}

// AllSysctls are Sysctls together with the settings of interfaces that
// SettingNames has, each as it is set there.
func (n *Namespace) AllSysctls() map[string]string {
	all := make(map[string]string, len(n.Sysctls)+len(n.Links)*(len(confs4())+len(confs6())))
	maps.Copy(all, n.Sysctls)
	for i := range n.Links {
		l := &n.Links[i]
		for _, family := range []string{"ipv4", "ipv6"} {
			for _, c := range confs(family) {
				if v, ok := c.own(l, family); ok {
					all[SettingKey(family, l.Name, c.name)] = strconv.FormatInt(int64(v), 10)
				}
			}
		}
	}
	return all
}

// SettingKey is an interface's setting as a key of Namespace.Sysctls. A dot in
// the interface's name becomes a slash, as sysctl(8) has it.
func SettingKey(family, device, name string) string {
	return family + ".conf." + strings.ReplaceAll(device, ".", "/") + "." + name
}

func (n *Namespace) setting(link *Link, family string, c conf) (Setting, bool) {
	own, ok := c.own(link, family)
	if !ok {
		v, err := strconv.ParseInt(n.Sysctls[SettingKey(family, link.Name, c.name)], 10, 32)
		if err != nil {
			return Setting{}, false
		}
		own = int32(v)
	}
	s := Setting{Value: own, Own: own, From: SettingKey(family, link.Name, c.name)}
	allKey := SettingKey(family, "all", c.name)
	if v, err := strconv.ParseInt(n.Sysctls[allKey], 10, 32); err == nil {
		s.All, s.HasAll = int32(v), true
	}
	if c.rule == alone {
		return s, true
	}
	if c.rule == routers { // as the interface is a router's or not
		forwards, ok := n.Setting(link, family, "forwarding")
		if !ok {
			return Setting{}, false
		}
		c.rule = either
		if forwards.Own != 0 {
			c.rule = both
		}
	}
	if !s.HasAll {
		return Setting{}, false
	}
	s.Value = c.rule.of(s.Own, s.All)
	byAll := s.Value != s.Own
	if c.rule == either || c.rule == both {
		byAll = (s.Value != 0) != (s.Own != 0)
	}
	if byAll {
		s.From = allKey
	}
	return s, true
}

// combination is how a setting of an interface and that of all are combined:
// IN_DEV_* of linux/inetdevice.h, and for IPv6 where each is used.
type combination uint8

const (
	alone   combination = iota // the interface's alone
	larger                     // IN_DEV_MAXCONF
	smaller                    // IPv6's accept_source_route and seg6_enabled
	either                     // IN_DEV_ORCONF
	both                       // IN_DEV_ANDCONF
	global                     // that of all alone
	routers                    // both of a router, either of a host: IN_DEV_RX_REDIRECTS
)

func (c combination) of(own, all int32) int32 {
	switch c {
	case larger:
		return max(own, all)
	case smaller:
		return min(own, all)
	case either:
		return truth(own != 0 || all != 0)
	case both:
		return truth(own != 0 && all != 0)
	case global:
		return all
	}
	return own
}

func truth(v bool) int32 {
	if v {
		return 1
	}
	return 0
}

// conf is one setting that interfaces have: its place in Link.Conf4 or Conf6.
type conf struct {
	name  string
	index int
	rule  combination
}

func (c conf) own(l *Link, family string) (int32, bool) {
	values := l.Conf4
	if family == "ipv6" {
		values = l.Conf6
	}
	if c.index >= len(values) {
		return 0, false
	}
	return values[c.index], true
}

// confs are the settings of a family, by their names below /proc/sys/net.
// The numbers are IPV4_DEVCONF_* of linux/ip.h and DEVCONF_* of linux/ipv6.h.
func confs(family string) []conf {
	switch family {
	case "ipv4":
		return confs4()
	case "ipv6":
		return confs6()
	}
	return nil
}

func confs4() []conf {
	return []conf{
		{"forwarding", 1, alone},
		{"mc_forwarding", 2, both},
		{"proxy_arp", 3, either},
		{"accept_redirects", 4, routers},
		{"secure_redirects", 5, either},
		{"send_redirects", 6, either},
		{"shared_media", 7, either},
		{"rp_filter", 8, larger},
		{"accept_source_route", 9, both},
		{"log_martians", 11, either},
		{"arp_filter", 13, either},
		{"disable_xfrm", 15, either},
		{"disable_policy", 16, either},
		{"arp_announce", 18, larger},
		{"arp_ignore", 19, larger},
		{"promote_secondaries", 20, either},
		{"arp_accept", 21, larger},
		{"arp_notify", 22, larger},
		{"accept_local", 23, either},
		{"src_valid_mark", 24, either},
		{"proxy_arp_pvlan", 25, alone},
		{"route_localnet", 26, either},
		{"ignore_routes_with_linkdown", 29, alone},
		{"drop_unicast_in_l2_multicast", 30, either},
		{"drop_gratuitous_arp", 31, either},
		{"bc_forwarding", 32, both},
		{"arp_evict_nocarrier", 33, both},
	}
}

func confs6() []conf {
	return []conf{
		// Whether packets are forwarded is one decision for all interfaces; an
		// interface's own makes it a router's to its neighbours (Setting.Own).
		{"forwarding", 0, global},
		{"mtu", 2, alone},
		{"accept_ra", 3, alone},
		{"accept_redirects", 4, alone},
		{"proxy_ndp", 22, either},
		{"accept_source_route", 24, smaller},
		{"disable_ipv6", 26, alone},
		{"ignore_routes_with_linkdown", 39, alone},
		{"drop_unicast_in_l2_multicast", 40, alone},
		{"seg6_enabled", 44, smaller},
		{"addr_gen_mode", 47, alone},
	}
}
