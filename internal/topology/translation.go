package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/chains"
)

// translation is a rule of a node that sends packets for one address and port to
// another.
type translation struct {
	kind  PortKind
	proto string     // empty for any
	dst   netip.Addr // not valid for any address that the rule takes
	// port and end are the ports before; 0 for any.
	port, end uint16
	to        netip.AddrPort // its port is 0 where it stays as it was
	name      string         // of the service; empty if nobody says
	rule      string
}

// translations reads a node's rules, those of netfilter and of IPVS.
func (n *node) translations() []translation {
	if n.space == nil {
		return nil
	}
	for _, u := range n.space.ns.Unreadable {
		if u.Part == netstate.PartChains && !strings.HasPrefix(u.What, "arptables") {
			n.warn(WarnUnreadable, "which ports are published is not known: "+unreadText(u), "")
		}
	}
	var out []translation
	if ns := n.space.ns; !ns.Ruleset.Empty() {
		if !n.snap.Readable() {
			n.warn(WarnUnreadable, "which ports are published is not known: the rules are in another byte order ("+n.snap.ByteOrder+")", "")
		} else {
			x, err := chains.Open(&ns.Ruleset, chains.NamesOf(ns))
			if err != nil {
				n.warn(WarnUnreadable, "not all published ports are known: "+err.Error(), "")
			}
			if x != nil {
				for _, d := range x.DNATs() {
					out = append(out, translationOf(&d))
				}
			}
		}
	}
	for i := range n.space.ns.IPVS {
		out = append(out, n.scheduled(&n.space.ns.IPVS[i])...)
	}
	return out
}

// translationOf takes a rule of netfilter. Who made it says what it is for.
func translationOf(d *chains.DNAT) translation {
	t := translation{kind: PortPublished, proto: protoName(d.Proto), port: d.Port, end: d.PortEnd, to: d.To}
	if d.Dst.IsValid() && d.Dst.IsSingleIP() {
		t.dst = d.Dst.Addr().Unmap()
	}
	t.rule = fmt.Sprintf("%s %s %d", d.Table, d.Chain, d.Number)
	service, made := strings.CutPrefix(d.Owner, "kube-proxy: endpoint of ")
	switch {
	case made && d.Local:
		t.kind, t.name = PortNode, service
	case made && strings.HasPrefix(d.Entry, "kube-proxy: external traffic"):
		t.kind, t.name = PortOutside, service
	case made:
		t.kind, t.name = PortService, service
	case strings.HasPrefix(d.Owner, "CNI portmap"):
		t.kind = PortHost
	}
	return t
}

// scheduled takes a service of IPVS. Only masqueraded packets change their
// destination.
func (n *node) scheduled(s *netstate.IPVS) []translation {
	var out []translation
	for _, r := range s.Reals {
		if r.Method != 0 || !s.Addr.IsValid() || !r.Addr.IsValid() {
			continue
		}
		t := translation{
			kind: PortService, proto: protoName(s.Proto), dst: s.Addr.Addr().Unmap(), port: s.Addr.Port(), end: s.Addr.Port(),
			to: r.Addr, rule: "ipvs " + s.Addr.String() + " " + s.Scheduler,
		}
		if slices.Contains(n.Addresses, t.dst) {
			t.kind, t.dst = PortNode, netip.Addr{}
		}
		out = append(out, t)
	}
	return out
}

func protoName(n uint8) string {
	switch n {
	case 6:
		return "TCP"
	case 17:
		return "UDP"
	case 132:
		return "SCTP"
	}
	return ""
}

// translate adds what a node's rules send to a pod. A rule of the pod's own node
// is named where its port is known already; a rule of another node counts where
// nothing else tells of the port.
func (p *pod) translate(n *node, t *translation) {
	podPort := cmp.Or(t.to.Port(), t.port)
	rule := t.rule
	if n != p.node {
		rule = n.Name + ": " + rule
	}
	for i := range p.Ports {
		o := &p.Ports[i]
		if o.Port != t.port || o.PodPort != podPort || t.proto != "" && o.Proto != t.proto || !o.could(t) {
			continue
		}
		if n == p.node && !slices.Contains(o.Rules, rule) {
			o.Rules = append(o.Rules, rule)
		}
		return
	}
	port := Port{Kind: t.kind, Proto: t.proto, Port: t.port, PodPort: podPort, Name: t.name, Ready: true, Rules: []string{rule}}
	if t.end != t.port {
		port.PortEnd = t.end
	}
	if t.dst.IsValid() {
		port.Addrs = []netip.Addr{t.dst}
	}
	p.Ports = append(p.Ports, port)
}

// could reports whether a rule may be what makes a port.
func (o *Port) could(t *translation) bool {
	switch {
	case t.dst.IsValid():
		return slices.Contains(o.Addrs, t.dst) || len(o.Addrs) == 0 && o.Kind == t.kind
	case o.Kind == PortHost:
		return t.kind == PortHost || t.kind == PortPublished
	}
	return o.Kind == t.kind
}
