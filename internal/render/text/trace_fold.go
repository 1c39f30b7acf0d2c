package text

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// quiet says whether nothing on a node is worth a row: the packet ended badly,
// and not there.
func quiet(g []row, f *Fold) bool {
	if f.Verdict.Outcome == trail.Delivered || len(g) < 3 || g[0].node == "" {
		return false
	}
	for _, r := range g {
		if r.marker != "" || r.node == f.Verdict.Node {
			return false
		}
		for _, s := range r.says {
			if s.tone == bad || s.tone == warn {
				return false
			}
		}
	}
	return f.Verdict.Node != "" || f.Verdict.Outcome != trail.Unknown
}

// foldedNode says in one line what a packet met on a node. ends are the nodes
// that tunnels lead to.
func (p *page) foldedNode(g []row, ends map[netip.Addr]string, l layout) {
	var told []string
	for _, r := range g {
		for _, s := range r.says {
			kind, rest, _ := strings.Cut(s.text, " ")
			_, to, ok := strings.Cut(rest, " -> ")
			switch {
			case strings.HasSuffix(s.text, oneShown):
				told = append(told, strings.TrimSuffix(s.text, oneShown))
			case kind == "DNAT", kind == "SNAT", kind == "masquerade", kind == "redirect":
				told = append(told, kind+" -> "+to)
			case ok && strings.Contains(s.text, ", "): // "VXLAN 1, a -> b"
				told = append(told, kind+" to "+tunnelEnd(to, ends))
			}
		}
	}
	head := spans{{text: g[0].node, tone: strong}, {text: fmt.Sprintf("  %d points, nothing unusual (-v)", len(g)), tone: dim}}
	head = append(head, span{text: strings.Repeat(" ", max(2, l.says()-head.width())) + strings.Join(told, ", ")})
	p.put(head, 4)
}

// tunnelEnds gives, for the outer address that a tunnel leads to, the node that
// took the tunnel off.
func tunnelEnds(t *trail.Trail) map[netip.Addr]string {
	out := map[netip.Addr]string{}
	type wrapped struct {
		in   []trail.Tunnel
		node string // where it was put in
	}
	last := map[int]wrapped{} // by copy
	for i := range t.Observations {
		o := &t.Observations[i]
		if !o.Seen.Flow.Src.IsValid() {
			continue
		}
		was := last[o.Copy]
		now := wrapped{in: o.Seen.Tunnels, node: was.node}
		switch {
		case len(now.in) > len(was.in):
			now.node = o.Point.Node
		case len(now.in) < len(was.in) && o.Point.Node != was.node:
			out[was.in[0].Flow.Dst] = o.Point.Node
		}
		last[o.Copy] = now
	}
	return out
}

// tunnelEnd is the node that a tunnel leads to, or its outer address where no
// node was seen to take it off. to is that address, with its port or without.
func tunnelEnd(to string, ends map[netip.Addr]string) string {
	addr, err := netip.ParseAddr(to)
	if err != nil {
		at, err := netip.ParseAddrPort(to)
		if err != nil {
			return to
		}
		addr = at.Addr()
	}
	if node := ends[addr]; node != "" {
		return node
	}
	return addr.String()
}
