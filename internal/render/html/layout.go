package html

import (
	"slices"

	"github.com/pktrail/pktrail/internal/topology"
	"github.com/pktrail/pktrail/internal/trail"
)

// Sizes in pixels.
const (
	margin      = 20
	nodeGap     = 28
	nodePad     = 18
	nodeHead    = 62
	columnWidth = 404
	wireWidth   = 128 // of the line to a pod, with the host end's name on it
	podWidth    = columnWidth - wireWidth - 14
	podHeight   = 44
	podPitch    = 54
	barHeight   = 32
	groupGap    = 22
	noteHeight  = 20 // of the words above pods that hang nowhere
	chipWidth   = 262
	chipHeight  = 48
	chipGap     = 24
	rowGap      = 40 // between rows of chips
	laneWidth   = 24
	minColumns  = 2
	maxColumns  = 4
)

// rect is a place in the picture.
type rect struct{ x, y, w, h int }

func (r rect) right() int  { return r.x + r.w }
func (r rect) bottom() int { return r.y + r.h }
func (r rect) middle() int { return r.y + r.h/2 }
func (r rect) centre() int { return r.x + r.w/2 }
func (r rect) in(o rect) bool {
	return r.x >= o.x && r.y >= o.y && r.right() <= o.right() && r.bottom() <= o.bottom()
}

func (r rect) meets(o rect) bool {
	return r.x < o.right() && o.x < r.right() && r.y < o.bottom() && o.y < r.bottom()
}

// picture is where everything stands.
type picture struct {
	w, h   int
	nodes  []*nodeBox
	trunks []*trunk
}

type nodeBox struct {
	rect
	node   *topology.Node
	groups []*groupBox
	chips  []*chip
}

type groupBox struct {
	*group
	bar  rect // no height where there is none
	note int  // the line of the words above; valid iff there is no bar
	pods []podBox
}

type podBox struct {
	rect
	pod *topology.Pod
	// wire is the x of the vertical line that its own leads to; bar says whether
	// there is one.
	wire int
	bar  bool
}

// chip is an overlay or uplink of a node.
type chip struct {
	rect
	device *topology.Device
	slot   int
	// below is the chip that it leads to; nil for none.
	below *chip
	exits int // lines that leave it to the right
}

// layout places the nodes of a map below each other, pods in columns.
func layout(m *topology.Map) *picture {
	p := &picture{}
	columns := minColumns
	byNode := map[string][]*topology.Pod{}
	for i := range m.Pods {
		o := &m.Pods[i]
		byNode[o.Node] = append(byNode[o.Node], o)
	}
	for i := range m.Nodes {
		b := &nodeBox{node: &m.Nodes[i]}
		for _, g := range groupsOf(byNode[b.node.Name]) {
			b.groups = append(b.groups, &groupBox{group: g})
			columns = max(columns, columnsFor(len(g.pods)))
		}
		p.nodes = append(p.nodes, b)
	}
	inner := columns * columnWidth
	y := margin
	for _, b := range p.nodes {
		b.rect = rect{margin, y, inner + 2*nodePad, 0}
		b.place(columns)
		y = b.bottom() + nodeGap
	}
	p.w, p.h = inner+2*nodePad+2*margin, y-nodeGap+margin
	if len(p.nodes) == 0 {
		p.h = 2 * margin
	}
	p.connect(m)
	return p
}

// columnsFor keeps few pods in few columns.
func columnsFor(n int) int {
	switch {
	case n <= 4:
		return minColumns
	case n <= 12:
		return 3
	}
	return maxColumns
}

// place puts the parts of a node into its box, and ends the box below them.
func (b *nodeBox) place(columns int) {
	y := b.y + nodeHead
	for _, g := range b.groups {
		loose := g.kind == "host" || g.kind == "none"
		if loose {
			g.note = y + 10
			y += noteHeight
		}
		rows := (len(g.group.pods) + columns - 1) / columns
		columnsHere := min(columns, len(g.group.pods))
		for i, pod := range g.group.pods {
			col, row := i%columnsHere, i/columnsHere
			x := b.x + nodePad + col*columnWidth
			g.pods = append(g.pods, podBox{rect: rect{x + wireWidth, y + row*podPitch, podWidth, podHeight}, pod: pod, wire: x + 10, bar: !loose})
		}
		y += rows * podPitch
		if !loose {
			g.bar = rect{b.x + nodePad, y + 4, b.w - 2*nodePad, barHeight}
			y = g.bar.bottom()
		}
		y += groupGap
	}
	b.h = b.placeChips(y) + nodePad - b.y
}

// placeChips puts overlays into one row and uplinks into the next, from the
// right, so that lines to other nodes cross nothing. It gives where they end.
func (b *nodeBox) placeChips(y int) int {
	var overlays, uplinks []*chip
	for i := range b.node.Devices {
		switch d := &b.node.Devices[i]; d.Role {
		case trail.RoleOverlay:
			overlays = append(overlays, &chip{device: d, slot: len(overlays)})
		case trail.RoleUplink:
			uplinks = append(uplinks, &chip{device: d, slot: -1})
		}
	}
	taken := len(overlays)
	for _, o := range overlays {
		if name := b.below(o.device.Name); name != "" {
			if i := slices.IndexFunc(uplinks, func(u *chip) bool { return u.device.Name == name }); i >= 0 {
				o.below = uplinks[i]
				if uplinks[i].slot < 0 {
					uplinks[i].slot = o.slot
				}
			}
		}
	}
	for _, u := range uplinks {
		if u.slot < 0 {
			u.slot = taken
			taken++
		}
	}
	perRow := max(1, (b.w-2*nodePad)/(chipWidth+chipGap))
	end := y
	row := func(list []*chip) {
		top := y
		for _, c := range list {
			right := b.right() - nodePad - (c.slot%perRow)*(chipWidth+chipGap)
			c.rect = rect{right - chipWidth, top + (c.slot/perRow)*(chipHeight+chipGap), chipWidth, chipHeight}
			end = max(end, c.bottom()+rowGap)
		}
		y = end
	}
	row(overlays)
	row(uplinks)
	b.chips = append(overlays, uplinks...)
	return end - rowGap/2
}

// below is the device by which a node's overlay leaves, as the paths of its pods
// have it, or the only uplink.
func (b *nodeBox) below(overlay string) string {
	for _, g := range b.groups {
		for _, p := range g.group.pods {
			for n := range p.Interfaces {
				path := p.Interfaces[n].Path
				for _, s := range path {
					if s.Role == trail.RoleUplink && s.After >= 0 && path[s.After].Name == overlay {
						return s.Name
					}
				}
			}
		}
	}
	only := ""
	for _, d := range b.node.Devices {
		if d.Role == trail.RoleUplink {
			if only != "" {
				return ""
			}
			only = d.Name
		}
	}
	return only
}

// chip is a node's chip of that name; nil for none.
func (b *nodeBox) chip(name string) *chip {
	for _, c := range b.chips {
		if c.device.Name == name {
			return c
		}
	}
	return nil
}
