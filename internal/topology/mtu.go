package topology

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/trail"
)

// sizes warns where packets that one step takes do not fit the next, and says
// how large a packet fits all the way.
func (i *iface) sizes(p *pod) {
	first := &i.Path[0]
	out := first.MTU // what the pod sends
	if first.RouteMTU > 0 && first.RouteMTU < out {
		out = first.RouteMTU
	}
	i.MTU = out
	lower := func(n int) {
		if n > 0 && n < i.MTU {
			i.MTU = n
		}
	}
	overlaid := false
	for n := range i.Path {
		s := &i.Path[n]
		switch s.Role {
		case trail.RoleHost:
			i.ends(p, s)
			lower(s.MTU)
		case trail.RoleBridge:
			i.bridged(p, s, out)
			lower(s.MTU)
		case trail.RoleOverlay:
			overlaid = true
			size := s.MTU
			if s.RouteMTU > 0 && s.RouteMTU < size {
				size = s.RouteMTU
			}
			if out > size && size > 0 {
				p.warn(WarnMTU, fmt.Sprintf("%s sends up to %d bytes, %s takes %d", first.Name, out, s.Name, size),
					"larger packets to other nodes depend on path MTU discovery: ICMP \"fragmentation needed\" has to come back")
			}
			lower(size)
			i.wrapped(p, n, min(out, size), lower)
		}
	}
	if overlaid {
		return // the uplink takes what overlays wrap
	}
	for n := 1; n < len(i.Path); n++ {
		s := &i.Path[n]
		if s.Role != trail.RoleUplink || s.MTU <= 0 {
			continue
		}
		if out > s.MTU {
			p.warn(WarnMTU, fmt.Sprintf("%s sends up to %d bytes, %s takes %d", first.Name, out, s.Name, s.MTU),
				"larger packets to other nodes depend on path MTU discovery: ICMP \"fragmentation needed\" has to come back")
		}
		lower(s.MTU)
	}
}

// ends compares the two ends of a pair: what arrives at one is dropped without a
// word if it is larger than that takes.
func (i *iface) ends(p *pod, host *Step) {
	pod := &i.Path[0]
	if pod.MTU == host.MTU || pod.MTU <= 0 || host.MTU <= 0 {
		return
	}
	small, large := pod, host
	if pod.MTU > host.MTU {
		small, large = host, pod
	}
	p.warn(WarnMTU, fmt.Sprintf("%s has mtu %d, its other end %s mtu %d", pod.Name, pod.MTU, host.Name, host.MTU),
		fmt.Sprintf("%s drops what %s sends above %d bytes, without a word", small.Name, large.Name, small.MTU))
}

// bridged compares a bridge with the port that the pod hangs at.
func (i *iface) bridged(p *pod, bridge *Step, out int) {
	host := i.HostEnd()
	if host == nil || bridge.MTU <= 0 {
		return
	}
	switch {
	case bridge.MTU > host.MTU && host.MTU > 0:
		p.warn(WarnMTU, fmt.Sprintf("%s has mtu %d, its port %s mtu %d", bridge.Name, bridge.MTU, host.Name, host.MTU),
			fmt.Sprintf("packets to the pod above %d bytes are dropped at the port, without a word", host.MTU))
	case out > bridge.MTU:
		p.warn(WarnMTU, fmt.Sprintf("%s sends up to %d bytes, %s takes %d", i.Path[0].Name, out, bridge.Name, bridge.MTU),
			fmt.Sprintf("packets above %d bytes are dropped at the bridge, without a word", bridge.MTU))
	}
}

// wrapped compares what an overlay makes of the largest packet with its uplink.
func (i *iface) wrapped(p *pod, at, size int, lower func(int)) {
	over := &i.Path[at]
	if over.Overlay == nil || over.Overlay.Overhead == 0 {
		return
	}
	for n := range i.Path {
		up := &i.Path[n]
		if up.After != at || up.Role != trail.RoleUplink || up.MTU <= 0 {
			continue
		}
		if need := size + over.Overlay.Overhead; need > up.MTU {
			p.warn(WarnMTU, fmt.Sprintf("%s makes packets of up to %d bytes of %d (%s adds %d), %s takes %d",
				over.Name, need, size, over.Overlay.Kind, over.Overlay.Overhead, up.Name, up.MTU),
				fmt.Sprintf("large packets are fragmented or dropped; mtu %d would fit", up.MTU-over.Overlay.Overhead))
		}
		lower(up.MTU - over.Overlay.Overhead)
	}
}
