package topology

import (
	"fmt"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/trail"
)

// interfaces finds the host end of each of a pod's interfaces, by every way, and
// the path from there to the uplinks.
func (f *finder) interfaces(p *pod) {
	if p.space == nil || p.HostNetwork {
		return
	}
	f.guessLinks(p.space)
	for l := range p.space.all() {
		if !counts(l) {
			continue
		}
		i := &iface{link: l}
		if p.alone {
			i.whole = p.Name + "/" + l.Name
		}
		t := &tracer{finder: f, pod: p, iface: i}
		t.add(trail.RolePod, p.space, l, -1, "")
		t.iface.Path[0].RouteMTU = p.space.outMTU(l.Index)
		f.tryAll(p, i)
		switch {
		case i.host.space != nil:
			t.fromHostEnd()
		case i.onto.space != nil:
			t.fromParent()
		}
		p.ifaces = append(p.ifaces, i)
	}
	if _, bad := p.space.unreadable(netstate.PartLinks); len(p.ifaces) == 0 && !bad {
		p.warn(WarnMissing, "it has no interface but lo", "")
	}
	if len(p.Addresses) == 0 {
		p.Addresses = addressesOf(p)
	}
}

// guessLinks gives a namespace whose interfaces could not be read those that the
// host ends of the machine name.
func (f *finder) guessLinks(sp *space) {
	if _, bad := sp.unreadable(netstate.PartLinks); !bad || len(sp.links) > 0 {
		return
	}
	var known []int
	for e := range f.back {
		if e.space == sp {
			known = append(known, e.index)
		}
	}
	slices.Sort(known)
	for _, index := range known {
		// In the map's own list: the State is the caller's.
		sp.guessed = append(sp.guessed, netstate.Link{Index: index, Name: fmt.Sprintf("if%d", index), Kind: f.back[end{sp, index}].link().Kind, Flags: 1})
	}
	for i := range sp.guessed {
		sp.links[sp.guessed[i].Index] = &sp.guessed[i]
	}
}

// outMTU is that of the route by which packets leave to everywhere; 0 if it has
// none of its own.
func (sp *space) outMTU(index int) int {
	for _, d := range sp.table.defaults {
		if m := int(d.route.Metrics[metricMTU]); m > 0 && d.link == index {
			return m
		}
	}
	return 0
}

// tryAll tries each way, takes the host end from the first that has one, and
// compares.
func (f *finder) tryAll(p *pod, i *iface) {
	l := i.link
	switch {
	case hasParent(l):
		f.parent(p, i)
		return
	case !isPair(l) && l.Kind == "" && !l.Loopback():
		i.note(fmt.Sprintf("%s is a network card of its own: its packets do not pass the node's stack", i.name()))
		return
	case !isPair(l):
		i.note(fmt.Sprintf("%s (%s) has no other end on the node", i.name(), l.Kind))
		return
	}
	var found []candidate
	found = append(found, f.peer(p, i), f.backwards(p, i))
	for _, prefix := range p.space.addrs[l.Index] {
		found = append(found, f.byFDB(p, i, prefix.Addr().Unmap()), f.byRoute(p, prefix.Addr().Unmap()))
	}
	if len(p.space.addrs[l.Index]) == 0 {
		if why, bad := p.space.unreadable(netstate.PartAddresses); bad {
			i.note(i.of("addresses") + " are not known: " + why)
		}
		found = append(found, f.byMAC(p, i))
	}
	for _, c := range found {
		if i.host.space == nil && c.State == WayFound && c.link() != nil && isPair(c.link()) {
			i.host, i.By = c.end, c.Kind
		}
	}
	if i.host.space == p.space && i.host.space != nil && !p.alone {
		i.note(fmt.Sprintf("%s, %s, is in the pod too", i.of("other end"), i.host.link().Name))
	}
	for _, c := range found {
		c.Agrees = c.State == WayFound && c.fits(i.host)
		i.Ways = append(i.Ways, c.Way)
		if c.State == WayFound && !c.Agrees && i.host.space != nil {
			f.disagree(p, i, &c)
		}
	}
	if i.host.space == nil {
		why := i.Ways[0].Detail
		if _, unknown, known := p.space.far(l); p.alone && !known {
			why = unknown
		}
		i.note(i.of("host end") + " was not found: " + why)
	}
}

// candidate is the answer of a way.
type candidate struct {
	Way
	end
	// through is true for a device that leads on to host ends by programs that
	// no table shows.
	through bool
}

func (c *candidate) answer(e end) {
	c.State, c.end = WayFound, e
	c.Index, c.Netns, c.Device = e.index, e.space.ns.Inode, e.space.nameOf(e.index)
}

// fits reports whether an answer is the host end, or what it is a port of.
func (c *candidate) fits(host end) bool {
	if c.through || c.end == host {
		return true
	}
	if c.space == nil || c.space != host.space {
		return false
	}
	l := host.link()
	for range 4 { // a port of a bridge in a bond in a VRF is deep enough
		if l == nil || l.Master == 0 {
			return false
		}
		if l.Master == c.index {
			return true
		}
		m := host.space.links[l.Master]
		if m != nil && m.Kind == "openvswitch" { // its flows lead on
			return true
		}
		l = m
	}
	return false
}

func (i *iface) note(s string) { i.Notes = append(i.Notes, s) }

func (i *iface) guess(s string) { i.guesses = append(i.guesses, s) }
