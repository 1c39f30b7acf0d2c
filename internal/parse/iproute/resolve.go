package iproute

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// clone copies what walk changes, so that a Fragment can be merged twice.
func clone(ns *netstate.Namespace) *netstate.Namespace {
	c := *ns
	c.Links, c.Addresses, c.Neighbours = slices.Clone(ns.Links), slices.Clone(ns.Addresses), slices.Clone(ns.Neighbours)
	c.FDB, c.Nexthops, c.Routes = slices.Clone(ns.FDB), slices.Clone(ns.Nexthops), slices.Clone(ns.Routes)
	copyHop := func(h *netstate.Hop) {
		h.Encap = pointer(h.Encap)
		if h.Encap != nil {
			h.Encap.Local = pointer(h.Encap.Local)
		}
	}
	for i := range c.Links {
		k := &c.Links[i]
		k.ParentNSID = pointer(k.ParentNSID)
		k.VXLAN, k.Tunnel, k.XFRM, k.Bond, k.Port = pointer(k.VXLAN), pointer(k.Tunnel), pointer(k.XFRM), pointer(k.Bond), pointer(k.Port)
	}
	for i := range c.FDB {
		c.FDB[i].ViaNSID = pointer(c.FDB[i].ViaNSID)
	}
	for i := range c.Routes {
		c.Routes[i].Hops = slices.Clone(c.Routes[i].Hops)
		for j := range c.Routes[i].Hops {
			copyHop(&c.Routes[i].Hops[j])
		}
	}
	for i := range c.Nexthops {
		if h := pointer(c.Nexthops[i].Hop); h != nil {
			c.Nexthops[i].Hop = h
			copyHop(h)
		}
	}
	return &c
}

// pointer copies what a pointer leads to.
func pointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// walk gives all indexes of interfaces, and all ids of namespaces.
func walk(ns *netstate.Namespace, index func(*int), id func(*int32)) {
	hop := func(h *netstate.Hop) {
		index(&h.Link)
		if h.Encap == nil {
			return
		}
		index(&h.Encap.Underlay)
		if l := h.Encap.Local; l != nil {
			index(&l.Input)
			index(&l.Output)
		}
	}
	for i := range ns.Links {
		walkLink(&ns.Links[i], index, id)
	}
	for i := range ns.Addresses {
		index(&ns.Addresses[i].Link)
	}
	for i := range ns.Neighbours {
		index(&ns.Neighbours[i].Link)
	}
	for i := range ns.FDB {
		e := &ns.FDB[i]
		index(&e.Link)
		index(&e.Master)
		index(&e.Via)
		if e.ViaNSID != nil {
			id(e.ViaNSID)
		}
	}
	for i := range ns.Routes {
		index(&ns.Routes[i].Input)
		for j := range ns.Routes[i].Hops {
			hop(&ns.Routes[i].Hops[j])
		}
	}
	for i := range ns.Nexthops {
		if h := ns.Nexthops[i].Hop; h != nil {
			hop(h)
		}
	}
}

func walkLink(k *netstate.Link, index func(*int), id func(*int32)) {
	index(&k.Master)
	index(&k.Parent)
	if k.ParentNSID != nil {
		id(k.ParentNSID)
	}
	if k.VXLAN != nil {
		index(&k.VXLAN.Underlay)
	}
	if k.Tunnel != nil {
		index(&k.Tunnel.Underlay)
	}
	if k.XFRM != nil {
		index(&k.XFRM.Underlay)
	}
	if k.Bond != nil {
		index(&k.Bond.Active)
		index(&k.Bond.Primary)
	}
	if k.Port != nil {
		index(&k.Port.Backup)
	}
}

// resolve gives interfaces that are named their indexes, and namespaces that
// are named their inodes. One that no listing has gets a link of its own, above
// all others, which is taken for up.
func (x *space) resolve(inodes map[string]uint64) {
	byName := map[string]int{}
	last := 0
	for i := range x.ns.Links {
		k := &x.ns.Links[i]
		byName[k.Name] = k.Index
		last = max(last, k.Index)
	}
	for i := range x.ns.Links {
		for _, name := range x.ns.Links[i].AltNames {
			if _, ok := byName[name]; !ok {
				byName[name] = x.ns.Links[i].Index
			}
		}
	}
	known := len(x.ns.Links) > 0
	var more []netstate.Link
	walk(&x.ns, func(p *int) {
		if *p >= 0 {
			return
		}
		name := x.devices[-*p-1]
		index, ok := byName[name]
		if !ok {
			// ip writes "if7" for an index without a name.
			if n, err := strconv.ParseInt(strings.TrimPrefix(name, "if"), 10, 31); err == nil && n > 0 && strings.HasPrefix(name, "if") {
				index, ok = int(n), true
			}
		}
		if !ok {
			last++
			index = last
			byName[name] = index
			const up = linkUp | linkRunning | 1<<16 // IFF_LOWER_UP
			more = append(more, netstate.Link{Index: index, Name: name, Flags: up})
		}
		*p = index
	}, func(id *int32) {
		if i := int(*id) - firstNet; i >= 0 && i < len(x.nets) {
			if inode, ok := inodes[x.nets[i]]; ok {
				x.peer(*id, inode)
			}
		}
	})
	x.ns.Links = append(x.ns.Links, more...)
	if !known && len(more) > 0 {
		x.covers.part(netstate.PartLinks)
		x.unreadable(netstate.PartLinks, "", "not in the input: these are the names that its other parts have")
	}
}

func (x *space) peer(id int32, inode uint64) {
	if x.ns.Peers == nil {
		x.ns.Peers = map[int32]uint64{}
	}
	x.ns.Peers[id] = inode
}

// pair finds out which namespaces ids mean: a link whose other end is known
// there says so.
func pair(s *netstate.Snapshot) {
	for _, a := range s.Namespaces {
		for i := range a.Links {
			k := &a.Links[i]
			if k.ParentNSID == nil || a.Peers[*k.ParentNSID] == 0 {
				continue
			}
			b := s.Namespace(a.Peers[*k.ParentNSID])
			if b == nil {
				continue
			}
			end := b.Link(k.Parent)
			if end == nil || end.Parent != k.Index || end.ParentNSID == nil || b.Peers[*end.ParentNSID] != 0 {
				continue
			}
			if b.Peers == nil {
				b.Peers = map[int32]uint64{}
			}
			b.Peers[*end.ParentNSID] = a.Inode
		}
	}
}

func (x *space) unreadable(p netstate.Part, what, why string) {
	x.ns.Unreadable = append(x.ns.Unreadable, netstate.Unreadable{Part: p, What: what, Why: why})
}

// missing notes what no input has.
func (x *space) missing() {
	const why = "not in the input"
	for _, p := range netstate.Parts() {
		switch {
		case p == netstate.PartNamespaces || p == netstate.PartWorkloads:
		case !x.covers.parts[p]:
			x.unreadable(p, "", why)
		case p == netstate.PartRules:
			for _, family := range [...]string{"inet", "inet6"} {
				if !x.covers.rules[family] {
					x.unreadable(p, family, why)
				}
			}
		case p == netstate.PartRoutes:
			for _, what := range x.missingTables() {
				x.unreadable(p, what, why)
			}
		}
	}
}

// missingTables are tables that rules lead to and no listing has. Each machine
// has local and main; a table default is empty nearly always.
func (x *space) missingTables() []string {
	var all []string
	for _, family := range [...]string{"inet", "inet6"} {
		if x.covers.allTables[family] {
			continue
		}
		any, wanted := false, []uint32{tableLocal, tableMain}
		for have := range x.covers.tables {
			any = any || have.family == family
		}
		if !any {
			all = append(all, family)
			continue
		}
		for i := range x.ns.Rules {
			if r := &x.ns.Rules[i]; r.Family == family && r.Action == actionTable && r.Table != 253 && !slices.Contains(wanted, r.Table) && r.Table != 0 {
				wanted = append(wanted, r.Table)
			}
		}
		for _, table := range wanted {
			if !x.covers.tables[familyTable{family, table}] {
				name := map[uint32]string{tableLocal: "local", tableMain: "main"}[table]
				if name == "" {
					name = x.ns.TableNames[table]
				}
				if name == "" {
					name = strconv.FormatUint(uint64(table), 10)
				}
				all = append(all, fmt.Sprintf("%s table %s", family, name))
			}
		}
	}
	return all
}
