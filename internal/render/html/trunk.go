package html

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pktrail/pktrail/internal/topology"
)

// trunk is a vertical line at the right of the picture that joins chips of
// several nodes.
type trunk struct {
	// kind is "tunnel" or "network".
	kind  string
	label string
	// dashed is true where only one side knows the other, or a side is missing.
	dashed bool
	x      int
	legs   []leg
}

// leg joins one chip to a trunk, or a node that has no device for it.
type leg struct {
	node *nodeBox
	chip *chip // nil for none
	y    int
}

// connect adds the trunks: overlays whose tunnels join each with each have one
// together, other tunnels one each; uplinks of one network have one.
func (p *picture) connect(m *topology.Map) {
	for _, set := range tunnelSets(m.Tunnels) {
		p.tunnels(set)
	}
	p.networks(m.Networks)
	x := p.w - margin
	for _, t := range p.trunks {
		x += laneWidth
		t.x = x
	}
	if len(p.trunks) > 0 {
		p.w = x + margin
	}
}

// tunnelSets groups tunnels of one kind and number.
func tunnelSets(list []topology.Tunnel) [][]topology.Tunnel {
	var out [][]topology.Tunnel
	for _, t := range list {
		i := slices.IndexFunc(out, func(s []topology.Tunnel) bool {
			return s[0].Kind == t.Kind && s[0].VNI == t.VNI && s[0].Port == t.Port
		})
		if i < 0 {
			out = append(out, nil)
			i = len(out) - 1
		}
		out[i] = append(out[i], t)
	}
	return out
}

// tunnels draws a set as one trunk if every node in it reaches every other, else
// as one for each tunnel.
func (p *picture) tunnels(set []topology.Tunnel) {
	nodes := map[string]string{}
	whole := true
	for _, t := range set {
		nodes[t.A.Node], nodes[t.B.Node] = t.A.Device, t.B.Device
		whole = whole && t.A.Sends && t.B.Sends && t.A.Device != "" && t.B.Device != ""
	}
	label := tunnelLabel(&set[0])
	if whole && len(set) == len(nodes)*(len(nodes)-1)/2 {
		if len(nodes) > 2 {
			label += fmt.Sprintf(": %d nodes, each to each", len(nodes))
		}
		p.trunk(&trunk{kind: "tunnel", label: label}, nodes)
		return
	}
	for _, t := range set {
		l := tunnelLabel(&t) + ": " + t.A.Node + " and " + t.B.Node
		if !t.A.Sends {
			l += "; " + t.A.Node + " does not know it"
		}
		if !t.B.Sends {
			l += "; " + t.B.Node + " does not know it"
		}
		p.trunk(&trunk{kind: "tunnel", label: l, dashed: !t.A.Sends || !t.B.Sends},
			map[string]string{t.A.Node: t.A.Device, t.B.Node: t.B.Device})
	}
}

func tunnelLabel(t *topology.Tunnel) string {
	return overlay(&topology.Overlay{Kind: t.Kind, VNI: t.VNI, Port: t.Port})
}

// networks joins uplinks that have addresses of one network: one line for two
// networks, of IPv4 and IPv6, that the same devices have.
func (p *picture) networks(list []topology.Network) {
	var labels []string
	var sets []map[string]string
	for _, net := range list {
		devices := map[string]string{}
		for _, m := range net.Members {
			devices[m.Node] = m.Device
		}
		if i := slices.IndexFunc(sets, func(s map[string]string) bool { return maps.Equal(s, devices) }); i >= 0 {
			labels[i] += ", " + net.Prefix.String()
			continue
		}
		labels, sets = append(labels, net.Prefix.String()), append(sets, devices)
	}
	for i := range sets {
		p.trunk(&trunk{kind: "network", label: labels[i]}, sets[i])
	}
}

// trunk adds one with a leg to each node's device.
func (p *picture) trunk(t *trunk, devices map[string]string) {
	for _, b := range p.nodes {
		name, ok := devices[b.node.Name]
		if !ok {
			continue
		}
		c := b.chip(name)
		if c == nil {
			t.legs = append(t.legs, leg{node: b, y: b.y + nodeHead/2})
			continue
		}
		t.legs = append(t.legs, leg{b, c, c.bottom() + 7 + 5*(c.exits%5)})
		c.exits++
	}
	if len(t.legs) > 1 {
		p.trunks = append(p.trunks, t)
	}
}
