package html

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/topology"
	"github.com/pktrail/pktrail/internal/trail"
)

// links draws the lines from what pods hang at to overlays and uplinks, and from
// overlays to the uplinks below them.
func (c *canvas) links(b *nodeBox) {
	var bars []*groupBox
	for _, g := range b.groups {
		if g.bar.h > 0 {
			bars = append(bars, g)
		}
	}
	lane := 0
	for i, g := range bars {
		for n, name := range g.onward {
			to := b.chip(name)
			if to == nil {
				continue
			}
			x := to.centre() - 18*(i+n)
			if i == len(bars)-1 {
				c.link(g.label, name, fmt.Sprintf("M%d %dV%d", x, g.bar.bottom(), to.y))
				continue
			}
			lane++ // past the groups between, at the left edge
			left := b.x + nodePad - 4 - 4*(lane%3)
			c.link(g.label, name, fmt.Sprintf("M%d %dH%dV%dH%dV%d", g.bar.x, g.bar.middle(), left, b.chipsTop()-8, x, to.y))
		}
	}
	for _, ch := range b.chips {
		if ch.below == nil {
			continue
		}
		c.link(ch.device.Name, ch.below.device.Name, fmt.Sprintf("M%d %dV%dH%dV%d",
			ch.centre(), ch.bottom(), ch.below.y-8, ch.below.centre(), ch.below.y))
	}
}

// chipsTop is where the first row of chips begins.
func (b *nodeBox) chipsTop() int {
	top := b.bottom()
	for _, ch := range b.chips {
		top = min(top, ch.y)
	}
	return top
}

func (c *canvas) link(from, to, d string) {
	c.f(`<path class="link" data-from="%s" data-to="%s" d="%s"/>`, escape(from), escape(to), d)
}

func (c *canvas) chip(b *nodeBox, ch *chip) {
	d := ch.device
	down := ""
	if !d.Up {
		down = " down"
	}
	c.f(`<g class="device chip %s%s" data-node="%s" data-device="%s">`, d.Role, down, escape(b.node.Name), escape(d.Name))
	c.title(deviceTitle(d))
	c.rect("box", ch.rect, 6)
	head := d.Name + "   " + mtu(d)
	if d.Role == trail.RoleUplink {
		head += "   uplink"
	}
	c.text("label", ch.x+12, ch.y+20, 34, head)
	c.text("fact", ch.x+12, ch.y+38, 38, chipFacts(d))
	c.f("</g>")
}

// chipFacts is what an overlay wraps in, or an uplink's addresses.
func chipFacts(d *topology.Device) string {
	if d.Overlay != nil {
		s := overlay(d.Overlay)
		if d.Overlay.Local.IsValid() {
			s += "   local " + d.Overlay.Local.String()
		}
		return s
	}
	var parts []string
	for _, a := range d.Addresses {
		parts = append(parts, a.String())
	}
	if len(parts) == 0 {
		parts = append(parts, d.MAC)
	}
	return strings.Join(parts, "  ")
}

func deviceTitle(d *topology.Device) string {
	lines := []string{fmt.Sprintf("%s  %s  ifindex %d  %s", d.Name, d.Role, d.Index, mtu(d))}
	if d.Kind != "" {
		lines[0] += "  " + d.Kind
	}
	if d.MAC != "" {
		lines = append(lines, d.MAC)
	}
	for _, a := range d.Addresses {
		lines = append(lines, a.String())
	}
	if o := d.Overlay; o != nil {
		lines = append(lines, overlay(o))
		if o.Overhead > 0 {
			lines = append(lines, fmt.Sprintf("adds %d bytes", o.Overhead))
		}
		for _, e := range o.Ends {
			s := "other end " + e.Addr.String()
			if e.Node != "" {
				s += " (" + e.Node + ")"
			}
			lines = append(lines, s+", by "+e.From)
		}
	}
	return strings.Join(lines, "\n")
}

func nodeTitle(n *topology.Node) string {
	lines := []string{n.Name}
	if n.CNI.Name != "" {
		lines = append(lines, n.CNI.String()+": "+strings.Join(n.CNI.Evidence, "; "))
	}
	for _, p := range n.PodCIDRs {
		lines = append(lines, "pods "+p.String())
	}
	return strings.Join(append(lines, warningLines(n.Warnings)...), "\n")
}

func warningLines(list []topology.Warning) []string {
	var out []string
	for _, w := range list {
		s := string(w.Kind) + ": " + w.Text
		if w.Why != "" {
			s += " (inferred: " + w.Why + ")"
		}
		out = append(out, s)
	}
	return out
}

// trunk draws the vertical line, with its words beside it.
func (c *canvas) trunk(t *trunk) {
	top, bottom := t.span()
	dashed := ""
	if t.dashed {
		dashed = " dashed"
	}
	c.f(`<g class="trunk %s%s" data-label="%s">`, t.kind, dashed, escape(t.label))
	c.title(t.label)
	c.f(`<path d="M%d %dV%d"/>`, t.x, top, bottom)
	next := bottom // the words stand between the first two legs
	for _, l := range t.legs {
		if l.y > top {
			next = min(next, l.y)
		}
	}
	c.f(`<text class="trunk-text" transform="translate(%d %d) rotate(-90)">%s</text>`, t.x-6, (top+next)/2, escape(fit(t.label, max(12, (next-top-16)/7))))
	c.f("</g>")
}

// span is from the highest leg to the lowest.
func (t *trunk) span() (top, bottom int) {
	top, bottom = t.legs[0].y, t.legs[0].y
	for _, l := range t.legs {
		top, bottom = min(top, l.y), max(bottom, l.y)
	}
	return top, bottom
}

// legs draws the lines from a trunk to the devices that it joins.
func (c *canvas) legs(t *trunk) {
	for _, l := range t.legs {
		dashed := ""
		if t.dashed {
			dashed = " dashed"
		}
		if l.chip == nil {
			c.f(`<path class="leg %s%s" data-node="%s" d="M%d %dH%d"><title>%s</title></path>`,
				t.kind, dashed, escape(l.node.node.Name), l.node.right(), l.y, t.x, escape(t.label))
			continue
		}
		x := l.chip.right() - 10 - 6*(l.chip.exits%4)
		c.f(`<path class="leg %s%s" data-node="%s" data-device="%s" d="M%d %dV%dH%d"><title>%s</title></path>`,
			t.kind, dashed, escape(l.node.node.Name), escape(l.chip.device.Name), x, l.chip.bottom(), l.y, t.x, escape(t.label))
	}
}
