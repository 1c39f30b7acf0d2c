package html

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/render/text"
	"github.com/pktrail/pktrail/internal/topology"
)

// SVG draws a map: nodes as boxes, in them pods, bridges, overlays and uplinks,
// lines for what joins them, and tunnels between nodes.
//
// Elements have classes (node, pod, wire, bar, chip, link, trunk, leg) and ids
// (node-NAME, pod-NAMESPACE.NAME); data-node, data-pod and data-device say what
// they are of.
func SVG(m *topology.Map) []byte {
	c := newCanvas(m)
	c.draw(m, "<style>"+pictureStyle+"</style>\n")
	return []byte(c.String())
}

// canvas gathers elements.
type canvas struct {
	strings.Builder
	ids  ids
	pods map[*topology.Pod]string // their ids
}

func newCanvas(m *topology.Map) *canvas {
	c := &canvas{ids: ids{}, pods: map[*topology.Pod]string{}}
	for i := range m.Pods {
		c.pods[&m.Pods[i]] = c.ids.of("pod", m.Pods[i].ID())
	}
	return c
}

func (c *canvas) f(format string, args ...any) { fmt.Fprintf(c, format+"\n", args...) }

func (c *canvas) rect(class string, r rect, round int) {
	c.f(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`, class, r.x, r.y, r.w, r.h, round)
}

// text writes one line of text that ends, in the eye of most fonts, after at
// most that many characters.
func (c *canvas) text(class string, x, y, chars int, s string) {
	c.f(`<text class="%s" x="%d" y="%d">%s</text>`, class, x, y, escape(fit(s, chars)))
}

func (c *canvas) title(s string) { c.f("<title>%s</title>", escape(strings.TrimRight(s, "\n"))) }

func (c *canvas) draw(m *topology.Map, style string) {
	p := layout(m)
	c.f(`<svg xmlns="http://www.w3.org/2000/svg" class="map" role="img" aria-label="%s" width="%d" height="%d" viewBox="0 0 %d %d">`,
		escape(summary(m)), p.w, p.h, p.w, p.h)
	c.WriteString(style)
	c.f(`<rect class="paper" width="%d" height="%d"/>`, p.w, p.h)
	for _, t := range p.trunks { // below the nodes, so that no line hides a word
		c.trunk(t)
	}
	for _, b := range p.nodes {
		c.node(b)
	}
	for _, t := range p.trunks {
		c.legs(t)
	}
	c.f("</svg>")
}

func (c *canvas) node(b *nodeBox) {
	n := b.node
	c.f(`<g class="node%s" id="%s" data-node="%s">`, warned(n.Warnings), c.ids.of("node", n.Name), escape(n.Name))
	c.rect("frame", b.rect, 10)
	c.f(`<g class="head">`)
	c.title(nodeTitle(n))
	c.text("name", b.x+nodePad, b.y+26, 60, n.Name)
	var facts []string
	for _, a := range n.Addresses {
		facts = append(facts, a.String())
	}
	if len(facts) > 3 {
		facts = append(facts[:3], "…")
	}
	if n.CNI.Name != "" {
		facts = append(facts, n.CNI.String())
	}
	facts = append(facts, text.Count(podCount(b), "pod"))
	if n.Machine != "" {
		facts = append(facts, "on "+n.Machine)
	}
	c.text("fact", b.x+nodePad, b.y+46, b.w/8, strings.Join(facts, "   "))
	c.badge(b.right()-nodePad-10, b.y+22, len(n.Warnings))
	c.f("</g>")
	c.links(b)
	for _, g := range b.groups {
		c.group(b, g)
	}
	for _, ch := range b.chips {
		c.chip(b, ch)
	}
	c.f("</g>")
}

func podCount(b *nodeBox) int {
	n := 0
	for _, g := range b.groups {
		n += len(g.pods)
	}
	return n
}

func warned(w []topology.Warning) string {
	if len(w) > 0 {
		return " warned"
	}
	return ""
}

// badge is a mark with the number of warnings; none for 0.
func (c *canvas) badge(x, y, n int) {
	if n == 0 {
		return
	}
	c.f(`<circle class="badge" cx="%d" cy="%d" r="9"/>`, x, y)
	c.f(`<text class="badge-text" x="%d" y="%d">%d</text>`, x, y+4, n)
}

// group draws the pods that hang at one thing, and that thing.
func (c *canvas) group(b *nodeBox, g *groupBox) {
	c.f(`<g class="group %s">`, g.kind)
	if g.bar.h > 0 {
		trunks := map[int]int{} // the highest pod of each column
		var order []int
		for _, p := range g.pods {
			if _, ok := trunks[p.wire]; !ok {
				trunks[p.wire] = p.middle()
				order = append(order, p.wire)
			}
		}
		for _, x := range order {
			c.f(`<path class="wire" d="M%d %dV%d"/>`, x, trunks[x], g.bar.y)
		}
	}
	for i := range g.pods {
		c.pod(b, g, &g.pods[i])
	}
	if g.bar.h == 0 {
		c.text("note", b.x+nodePad, g.note, 120, g.label)
		c.f("</g>")
		return
	}
	name := g.label
	if g.group.bar != nil {
		name = g.group.bar.Name
	}
	c.f(`<g class="device bar" data-node="%s" data-device="%s">`, escape(b.node.Name), escape(name))
	c.rect("bar", g.bar, 6)
	c.text("label", g.bar.x+12, g.bar.y+21, 140, g.label)
	c.f("</g>")
	c.f("</g>")
}

func (c *canvas) pod(b *nodeBox, g *groupBox, p *podBox) {
	o := p.pod
	c.f(`<g class="pod%s" id="%s" data-pod="%s" data-node="%s" data-search="%s">`,
		warned(o.Warnings), c.pods[o], escape(o.ID()), escape(b.node.Name), escape(searchText(o)))
	c.title(text.MapPod(o, false, text.Style{}))
	i := first(o)
	if p.bar {
		c.f(`<path class="wire" d="M%d %dH%d"/>`, p.wire, p.middle(), p.x)
		if h := hostEnd(i); h != nil {
			c.text("end", p.wire+8, p.middle()-5, 16, h.Name)
			if h.Port > 0 {
				c.text("port", p.wire+8, p.middle()+13, 16, fmt.Sprintf("port %d", h.Port))
			}
		} else if g.kind == "parent" {
			c.text("end", p.wire+8, p.middle()-5, 16, i.Path[0].Kind)
		}
	}
	c.rect("box", p.rect, 6)
	room := 33
	if len(o.Warnings) > 0 {
		room -= 3
	}
	c.text("name", p.x+10, p.y+18, room, o.Name)
	c.text("fact", p.x+10, p.y+35, 35, podFacts(o, i))
	c.badge(p.right()-13, p.y+13, len(o.Warnings))
	c.f("</g>")
}

func hostEnd(i *topology.Interface) *topology.Device {
	if i == nil {
		return nil
	}
	return i.HostEnd()
}

// podFacts is "shop  10.244.1.2  mtu 1450".
func podFacts(o *topology.Pod, i *topology.Interface) string {
	var parts []string
	if o.Namespace != "" {
		parts = append(parts, fit(o.Namespace, 14))
	}
	if len(o.Addresses) > 0 {
		parts = append(parts, o.Addresses[0].String())
	}
	if i != nil {
		parts = append(parts, mtu(i.Device()))
	}
	if n := len(o.Interfaces); n > 1 {
		parts = append(parts, fmt.Sprintf("+%d if", n-1))
	}
	return strings.Join(parts, "  ")
}

// searchText is what the search box looks in.
func searchText(o *topology.Pod) string {
	s := []string{o.ID(), o.Node}
	for _, a := range o.Addresses {
		s = append(s, a.String())
	}
	return strings.ToLower(strings.Join(append(s, o.Containers...), " "))
}
