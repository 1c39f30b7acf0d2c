package iproute

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Merge puts what several inputs say of one machine together. The machine's
// own namespace comes first, even if no input is of it; inodes are made up, 1
// for that. What no input has is Unreadable.
//
// An entry that two inputs have stands there once. Of a link, a setting or a
// table of rules in which they differ, the first one's word holds.
func Merge(node string, fragments ...*Fragment) *netstate.Snapshot {
	spaces := []*space{newSpace("")}
	for _, f := range fragments {
		for _, from := range f.spaces {
			i := slices.IndexFunc(spaces, func(x *space) bool { return x.name == from.name })
			if i < 0 {
				i = len(spaces)
				spaces = append(spaces, newSpace(from.name))
			}
			spaces[i].take(from)
		}
	}
	s := &netstate.Snapshot{Version: netstate.Version, Node: node, ByteOrder: netstate.NativeOrder()}
	inodes := map[string]uint64{}
	for i, x := range spaces {
		x.ns.Inode, x.ns.Host = uint64(i)+1, i == 0
		if x.name != "" {
			x.ns.Names = []string{"/run/netns/" + x.name}
			inodes[x.name] = x.ns.Inode
		}
		s.Namespaces = append(s.Namespaces, &x.ns)
	}
	for _, x := range spaces {
		for _, name := range x.nets { // of which there is the name alone
			if _, ok := inodes[name]; !ok {
				inodes[name] = uint64(len(s.Namespaces)) + 1
				other := newSpace(name)
				other.ns.Inode, other.ns.Names = inodes[name], []string{"/run/netns/" + name}
				other.missing()
				s.Namespaces = append(s.Namespaces, &other.ns)
			}
		}
	}
	for _, x := range spaces {
		x.resolve(inodes)
		x.missing()
	}
	pair(s)
	return s
}

// take adds what another input says of the same namespace. The other one is
// not changed.
func (x *space) take(from *space) {
	ns := clone(&from.ns)
	walk(ns, func(index *int) {
		if *index < 0 {
			*index = x.deviceIndex(from.devices[-*index-1])
		}
	}, func(id *int32) {
		if i := int(*id) - firstNet; i >= 0 && i < len(from.nets) {
			var p *int32
			_ = x.netns(&p)(from.nets[i])
			*id = *p
		}
	})
	for i := range ns.Links {
		k := &ns.Links[i]
		fill(reflect.ValueOf(x.link(k.Index, k.Name)).Elem(), reflect.ValueOf(k).Elem())
		x.link(k.Index, k.Name).Sent |= k.Sent
	}
	x.ns.Addresses = merged(x.ns.Addresses, ns.Addresses, func(a *netstate.Address) any {
		return [...]any{a.Link, a.Prefix, a.Peer}
	})
	x.ns.Neighbours = merged(x.ns.Neighbours, ns.Neighbours, func(n *netstate.Neighbour) any {
		return [...]any{n.Link, n.IP, n.Flags & neighProxy}
	})
	x.ns.FDB = merged(x.ns.FDB, ns.FDB, func(e *netstate.FDBEntry) any {
		return [...]any{e.MAC, e.Link, e.VLAN, e.Dst, e.VNI, e.Port, e.Via, e.Flags & neighSelf}
	})
	for i := range ns.Rules {
		x.addRule(ns.Rules[i])
	}
	x.ns.Routes = merged(x.ns.Routes, ns.Routes, routeKey)
	for i := range ns.Nexthops {
		x.addNexthop(ns.Nexthops[i])
	}
	x.ns.IPSets = merged(x.ns.IPSets, ns.IPSets, func(s *netstate.IPSet) any { return s.Name })
	x.ns.Ruleset.Saved = merged(x.ns.Ruleset.Saved, ns.Ruleset.Saved, func(t *netstate.SavedTable) any {
		return [...]any{t.Family, t.Name, t.Tool, t.Legacy}
	})
	x.ns.Sysctls = mergedMap(x.ns.Sysctls, ns.Sysctls)
	x.ns.TableNames = mergedMap(x.ns.TableNames, ns.TableNames)
	x.covers.take(&from.covers)
}

// merged adds those whose key is not there yet.
func merged[T any](to, more []T, key func(*T) any) []T {
	seen := make(map[any]bool, len(to)+len(more))
	for i := range to {
		seen[key(&to[i])] = true
	}
	for i := range more {
		if k := key(&more[i]); !seen[k] {
			seen[k] = true
			to = append(to, more[i])
		}
	}
	return to
}

func mergedMap[K comparable, V any](to, more map[K]V) map[K]V {
	if to == nil && len(more) > 0 {
		to = make(map[K]V, len(more))
	}
	for k, v := range more {
		if _, ok := to[k]; !ok {
			to[k] = v
		}
	}
	return to
}

func (c *cover) take(from *cover) {
	c.parts, c.rules, c.rulesets = mergedMap(c.parts, from.parts), mergedMap(c.rules, from.rules), mergedMap(c.rulesets, from.rulesets)
	c.tables, c.allTables = mergedMap(c.tables, from.tables), mergedMap(c.allTables, from.allTables)
}

// fill sets what is not set from another one of the same type.
func fill(to, from reflect.Value) {
	for i := range to.NumField() {
		if to.Field(i).IsZero() {
			to.Field(i).Set(from.Field(i))
		}
	}
}

// addRule adds a rule unless it is there.
func (x *space) addRule(r netstate.Rule) {
	for i := range x.ns.Rules {
		if x.ns.Rules[i].Priority == r.Priority && reflect.DeepEqual(x.ns.Rules[i], r) {
			return
		}
	}
	x.ns.Rules = append(x.ns.Rules, r)
}

// addRoute adds a route.
func (x *space) addRoute(r netstate.Route) { x.ns.Routes = append(x.ns.Routes, r) }

// routeKey is what tells two routes apart.
func routeKey(r *netstate.Route) any {
	var b strings.Builder
	for i := range r.Hops {
		h := &r.Hops[i]
		b.WriteString(strconv.Itoa(h.Link) + " " + h.Gateway.String() + ",")
	}
	for _, label := range r.Labels {
		b.WriteString(strconv.FormatUint(uint64(label), 10) + "/")
	}
	return [...]any{r.Family, r.Table, r.Type, r.TOS, r.Dst, r.Src, r.Metric, r.NexthopID, b.String()}
}
