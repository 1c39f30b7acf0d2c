package iproute

import (
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// space is a network namespace of the machine, while it is read. Interfaces
// that are named stand there by a number below 0 until all is read: their
// indexes may come later, or from another file.
type space struct {
	// name is that of a file below /run/netns; "" for the machine's own.
	name string
	ns   netstate.Namespace
	// devices are the names behind the numbers -1, -2, ...
	devices []string
	byName  map[string]int
	// nets are names of other namespaces: ids from firstNet on stand for them.
	nets []string
	// route is the one that is being read, routeFieldsOf are the fields of its form.
	route         *routeForm
	routeFieldsOf []field
	// covers is what the text holds, even if there is no entry in it.
	covers cover
}

// firstNet is the first id of a namespace that text names: of that id ip says
// nothing then.
const firstNet = 1 << 20

func newSpace(name string) *space { return &space{name: name, byName: map[string]int{}} }

// device takes an interface's name; "*" is none.
func (x *space) device(p *int) setter {
	return func(s string) error {
		*p = x.deviceIndex(s)
		return nil
	}
}

func (x *space) deviceIndex(name string) int {
	if name == "*" || name == "" {
		return 0
	}
	if i, ok := x.byName[name]; ok {
		return i
	}
	x.devices = append(x.devices, name)
	x.byName[name] = -len(x.devices)
	return -len(x.devices)
}

// netns takes the name of another namespace.
func (x *space) netns(p **int32) setter {
	return func(s string) error {
		id := int32(-1)
		for i, name := range x.nets {
			if name == s {
				id = firstNet + int32(i)
			}
		}
		if id < 0 {
			x.nets = append(x.nets, s)
			id = firstNet + int32(len(x.nets)) - 1
		}
		*p = &id
		return nil
	}
}

// nsid takes the id of another namespace.
func nsid(p **int32) setter {
	return func(s string) error {
		id := int32(-1)
		*p = &id
		if s == "unknown" {
			return nil
		}
		return number(&id)(s)
	}
}

// link finds a link or begins it.
func (x *space) link(index int, name string) *netstate.Link {
	for i := range x.ns.Links {
		if k := &x.ns.Links[i]; k.Index == index && k.Name == name {
			return k
		}
	}
	x.ns.Links = append(x.ns.Links, netstate.Link{Index: index, Name: name})
	return &x.ns.Links[len(x.ns.Links)-1]
}

// cover is what a text holds of those parts of a state that come in pieces.
type cover struct {
	parts map[netstate.Part]bool
	// rules are the families whose rules are there.
	rules map[string]bool
	// tables are the tables of a family whose routes are there, all of them if
	// allTables has the family.
	tables    map[familyTable]bool
	allTables map[string]bool
	rulesets  map[string]bool
}

type familyTable struct {
	family string
	table  uint32
}

func (c *cover) part(p netstate.Part) {
	if c.parts == nil {
		c.parts = map[netstate.Part]bool{}
	}
	c.parts[p] = true
}

func (c *cover) rulesOf(family string) {
	c.part(netstate.PartRules)
	if c.rules == nil {
		c.rules = map[string]bool{}
	}
	c.rules[family] = true
}

func (c *cover) ruleset(name string) {
	c.part(netstate.PartChains)
	if c.rulesets == nil {
		c.rulesets = map[string]bool{}
	}
	c.rulesets[name] = true
}

func (c *cover) routesOf(family string, table uint32) {
	c.part(netstate.PartRoutes)
	if c.tables == nil {
		c.tables = map[familyTable]bool{}
	}
	c.tables[familyTable{family, table}] = true
}

func (c *cover) allRoutesOf(family string) {
	c.part(netstate.PartRoutes)
	if c.allTables == nil {
		c.allTables = map[string]bool{}
	}
	c.allTables[family] = true
}

// familyOf names an address's family.
func familyOf(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return ""
	case a.Is4():
		return "inet"
	}
	return "inet6"
}

// isMAC reports whether a word is a hardware address of Ethernet.
func isMAC(s string) bool {
	const length = 17
	if len(s) != length {
		return false
	}
	for i := range len(s) {
		if i%3 == 2 {
			if s[i] != ':' {
				return false
			}
		} else if !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) {
			return false
		}
	}
	return true
}
