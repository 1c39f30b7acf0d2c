package correlate

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// translated says which addresses, ports and identifiers differ between two
// sightings of one packet.
func translated(a, b *trail.Headers) (out []string) {
	f, g := a.Flow, b.Flow
	if f.SrcPort|f.DstPort == 0 || g.SrcPort|g.DstPort == 0 { // a fragment behind the first has none
		f.SrcPort, f.DstPort, g.SrcPort, g.DstPort = 0, 0, 0, 0
	}
	if f.Src != g.Src || f.SrcPort != g.SrcPort {
		out = append(out, "SNAT "+end(f, false)+" -> "+end(g, false))
	}
	if f.Dst != g.Dst || f.DstPort != g.DstPort {
		out = append(out, "DNAT "+end(f, true)+" -> "+end(g, true))
	}
	if f.ID != g.ID {
		out = append(out, fmt.Sprintf("id %d -> %d", f.ID, g.ID))
	}
	return out
}

// wrapped says which tunnels one sighting of a packet has and another has not.
func wrapped(a, b *trail.Headers) (out []string) {
	shared := 0
	for shared < len(a.Tunnels) && shared < len(b.Tunnels) && a.Tunnels[shared] == b.Tunnels[shared] {
		shared++
	}
	for _, t := range a.Tunnels[shared:] {
		out = append(out, name(t)+" removed")
	}
	for _, t := range b.Tunnels[shared:] {
		out = append(out, name(t)+", "+t.Flow.String())
	}
	return out
}

// relabelled says what else was rewritten.
func relabelled(a, b *trail.Headers) (out []string) {
	if a.TTL != b.TTL {
		out = append(out, fmt.Sprintf("TTL %d -> %d", a.TTL, b.TTL))
	}
	if !slices.Equal(a.VLANs, b.VLANs) {
		out = append(out, retagged(a.VLANs, b.VLANs))
	}
	if len(a.Tunnels) == len(b.Tunnels) {
		out = append(out, macs(a, b)...)
	}
	return out
}

// macs names the next station; its own address is what a router or an ARP
// entry got wrong. A new source alone says that somebody rewrote it.
func macs(a, b *trail.Headers) []string {
	switch {
	case a.DstMAC != b.DstMAC && b.DstMAC != "":
		return []string{"MAC -> " + b.DstMAC}
	case a.SrcMAC != b.SrcMAC && b.SrcMAC != "":
		return []string{"source MAC " + b.SrcMAC}
	}
	return nil
}

func name(t trail.Tunnel) string {
	if t.HasID {
		return fmt.Sprintf("%s %d", t.Kind, t.ID)
	}
	return t.Kind
}

// retagged says what became of VLAN tags, which are written from the outside
// in: "VLAN 100.7 -> 200".
func retagged(a, b []uint16) string {
	switch {
	case len(b) == 0:
		return "VLAN " + tags(a) + " removed"
	case len(a) == 0:
		return "VLAN " + tags(b)
	}
	return "VLAN " + tags(a) + " -> " + tags(b)
}

func tags(ids []uint16) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(ids), " ", "."), "[]")
}

// end is one side of a flow, "10.96.68.194:80".
func end(f packet.Flow, dst bool) string {
	addr, port := f.Src, f.SrcPort
	if dst {
		addr, port = f.Dst, f.DstPort
	}
	if f.HasPorts() && port != 0 { // a fragment behind the first has none
		return netip.AddrPortFrom(addr, port).String()
	}
	return addr.String()
}
