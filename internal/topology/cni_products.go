package topology

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// hexAfter reports whether a name is a prefix and n hexadecimal digits.
func hexAfter(name, prefix string, n int) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	return ok && len(rest) == n && strings.Trim(rest, "0123456789abcdef") == ""
}

// calico: cali and 11 hex digits of SHA-1 over "namespace.pod"
// (libcalico-go, VethNameForWorkload), by default; flannel may carry its
// packets, which is called canal.
func (c *clue) calico() (name, mode string, ok bool) {
	if !strings.HasPrefix(c.host.Name, "cali") {
		return "", "", false
	}
	c.sawHost()
	if c.pod.Namespace != "" {
		sum := sha1.Sum([]byte(c.pod.Namespace + "." + c.pod.Name))
		if c.host.Name == "cali"+hex.EncodeToString(sum[:])[:11] {
			c.saw("%s is made of the pod's name", c.host.Name)
		}
	}
	if c.host.Address == "ee:ee:ee:ee:ee:ee" {
		c.saw("MAC ee:ee:ee:ee:ee:ee of the host end")
	}
	c.sawOverlays()
	hole := c.blackhole()
	if hole != nil {
		c.saw("%s", c.sp.describe(hole))
	}
	if kind := c.overlayKind("flannel"); kind != "" {
		return "canal", kind, true
	}
	for _, own := range [...][2]string{{"vxlan.calico", "vxlan"}, {"vxlan-v6.calico", "vxlan"}, {"wireguard.cali", "wireguard"}, {"tunl0", "ipip"}} {
		if c.overlayKind(own[0]) != "" {
			return "calico", own[1], true
		}
	}
	if r := c.toOthers(protoBird, 0); r != nil {
		c.saw("route %s proto bird", c.sp.describe(r))
		return "calico", "bgp", true
	}
	if hole != nil && hole.Protocol == protoBird {
		return "calico", "bgp", true
	}
	return "calico", "", true
}

// blackhole is the route that ends packets to addresses of the node's own block
// that no pod has.
func (c *clue) blackhole() *netstate.Route {
	for i := range c.sp.ns.Routes {
		r := &c.sp.ns.Routes[i]
		if r.Type == typeBlackhole && r.Dst.IsValid() && slices.ContainsFunc(c.pod.Addresses, r.Dst.Contains) {
			return r
		}
	}
	return nil
}

// cilium: lxc* veths or netkits with BPF programs, and its own pair on the node.
func (c *clue) cilium() (name, mode string, ok bool) {
	own := c.sp.ns.LinkByName("cilium_host")
	if !strings.HasPrefix(c.host.Name, "lxc") || own == nil {
		return "", "", false
	}
	c.sawHost()
	c.saw("device cilium_host")
	for _, p := range c.sp.ns.Programs {
		if p.Link == c.host.Index && strings.HasPrefix(p.Name, "cil_") {
			c.saw("program %s at %s %s", p.Name, c.host.Name, p.Where)
			break
		}
	}
	c.sawOverlays()
	for _, kind := range []string{"vxlan", "geneve"} {
		if c.overlayKind("cilium_"+kind) != "" {
			return "cilium", kind, true
		}
	}
	return "cilium", "native", true
}

// aws: pods have secondary addresses of the node's network cards, and rules send
// what they send out by the right one (amazon-vpc-cni-k8s).
func (c *clue) aws() (name, mode string, ok bool) {
	named := hexAfter(c.host.Name, "eni", 11) || hexAfter(c.host.Name, "vlan", 11)
	rule := c.ruleFor(true)
	if rule == nil {
		rule = c.ruleFor(false)
	}
	switch {
	case !named:
		return "", "", false
	case rule != nil:
		c.sawHost()
		c.saw("rule %d %s", rule.Priority, describeRule(rule))
	default:
		c.sawHost()
	}
	return "aws-vpc", "", true
}

// ruleFor is a policy rule for the pod's own address alone: from it or to it.
func (c *clue) ruleFor(from bool) *netstate.Rule {
	for i := range c.sp.ns.Rules {
		r := &c.sp.ns.Rules[i]
		p := r.To
		if from {
			p = r.From
		}
		if !p.IsValid() || !p.IsSingleIP() || r.Action != ruleTable {
			continue
		}
		if slices.Contains(c.pod.Addresses, p.Addr()) {
			return r
		}
	}
	return nil
}

// switched: a port of Open vSwitch.
func (c *clue) switched() (name, mode string, ok bool) {
	m := c.sp.master(c.host)
	if m == nil || m.Kind != "openvswitch" {
		return "", "", false
	}
	c.saw("host end %s is a port of %s (Open vSwitch)", c.host.Name, m.Name)
	for _, own := range [...][2]string{{"ovn-k8s-mp0", "ovn-kubernetes"}, {"antrea-gw0", "antrea"}, {"ovn0", "kube-ovn"}} {
		if c.sp.ns.LinkByName(own[0]) != nil {
			c.saw("device %s", own[0])
			return own[1], "", true
		}
	}
	return "openvswitch", "", true
}

// byName: products that name the host end or the bridge as nobody else does.
func (c *clue) byName() (name, mode string, ok bool) {
	switch {
	case strings.HasPrefix(c.host.Name, "azv"):
		c.sawHost()
		if c.bridge != nil {
			c.saw("bridge %s", c.bridge.Name)
			return "azure", "bridge", true
		}
		return "azure", "transparent", true
	case hexAfter(c.host.Name, "gke", 11):
		c.sawHost()
		return "gke", "", true
	case strings.HasPrefix(c.host.Name, "knet"):
		c.sawHost()
		return "kindnet", "", true
	case c.bridge == nil:
		return "", "", false
	}
	b := c.bridge.Name
	for _, own := range [...][2]string{{"weave", "weave"}, {"kube-bridge", "kube-router"}, {"cbr0", "kubenet"}, {"docker0", "docker"}, {"lxdbr0", "lxd"}, {"virbr0", "libvirt"}} {
		if b == own[0] {
			c.saw("bridge %s", b)
			return own[1], "", true
		}
	}
	switch {
	case hexAfter(b, "br-", 12):
		c.saw("bridge %s", b)
		return "docker", "", true
	case strings.HasPrefix(b, "podman"), strings.HasPrefix(b, "cni-podman"):
		c.saw("bridge %s", b)
		return "podman", "", true
	}
	return "", "", false
}

// flannel: its delegate, the bridge plugin, and its device; or without one,
// routes to the other nodes' networks by their addresses (host-gw).
func (c *clue) flannel() (name, mode string, ok bool) {
	if c.bridge == nil {
		return "", "", false
	}
	c.saw("bridge %s", c.bridge.Name)
	c.sawOverlays()
	if kind := c.overlayKind("flannel"); kind != "" {
		for _, s := range c.overlays {
			c.saw("%s", s.Why)
		}
		return "flannel", kind, true
	}
	if len(c.overlays) > 0 || c.bridge.Name != "cni0" {
		return "", "", false
	}
	for _, p := range c.bridge.Addresses {
		if r := c.toOthers(0, p.Bits()); r != nil {
			c.saw("route %s", c.sp.describe(r))
			if c.products["flannel"] != "" {
				c.saw("pod %s", c.products["flannel"])
			}
			return "flannel", "host-gw", true
		}
	}
	return "", "", false
}

// kindnet: the ptp plugin, and its own pods or chain.
func (c *clue) kindnet() (name, mode string, ok bool) {
	if c.host.Master != 0 {
		return "", "", false
	}
	if pod := c.products["kindnet"]; pod != "" {
		c.sawHost()
		c.saw("pod %s", pod)
		return "kindnet", "", true
	}
	if c.sp.mentions("KIND-MASQ-AGENT") {
		c.sawHost()
		c.saw("chain KIND-MASQ-AGENT")
		return "kindnet", "", true
	}
	return "", "", false
}

// mentions reports whether a namespace's rulesets have a chain of that name.
func (sp *space) mentions(chain string) bool {
	for _, b := range sp.ns.Ruleset.Chains {
		if bytes.Contains(b, []byte(chain+"\x00")) {
			return true
		}
	}
	for _, t := range sp.ns.Ruleset.Legacy {
		if bytes.Contains(t.Entries, []byte(chain+"\x00")) {
			return true
		}
	}
	return false
}

// products are pods that give a product away, by its name.
func (f *finder) products() map[string]string {
	out := map[string]string{}
	for _, p := range f.pods {
		for _, name := range [...][2]string{{"kindnet-", "kindnet"}, {"kube-flannel-", "flannel"}} {
			if strings.HasPrefix(p.Name, name[0]) && out[name[1]] == "" {
				out[name[1]] = p.ID()
			}
		}
	}
	return out
}
