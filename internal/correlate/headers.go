package correlate

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// headers reads what a packet's way can change.
func headers(p *packet.Packet) trail.Headers {
	var h trail.Headers
	h.Flow, _ = p.Flow()
	var below packet.Flow // of the IP header that was met last
	hasIP := false
	for i, l := range p.Layers() {
		b := p.Header(l)
		switch l.Kind {
		case packet.KindEthernet:
			if i == 0 {
				h.SrcMAC, h.DstMAC = packet.Ethernet(b).Src().String(), packet.Ethernet(b).Dst().String()
			}
		case packet.KindVLAN:
			if len(h.Tunnels) == 0 {
				h.VLANs = append(h.VLANs, packet.VLAN(b).ID())
			}
		case packet.KindVXLAN:
			h.Tunnels = append(h.Tunnels, trail.Tunnel{Kind: "VXLAN", ID: packet.VXLAN(b).VNI(), HasID: true, Flow: below})
			hasIP = false
		case packet.KindGeneve:
			h.Tunnels = append(h.Tunnels, trail.Tunnel{Kind: "Geneve", ID: packet.Geneve(b).VNI(), HasID: true, Flow: below})
			hasIP = false
		case packet.KindGRE:
			key, ok := packet.GRE(b).Key()
			h.Tunnels = append(h.Tunnels, trail.Tunnel{Kind: "GRE", ID: key, HasID: ok, Flow: below})
			hasIP = false
		case packet.KindIPv4, packet.KindIPv6:
			if hasIP { // an IP header right behind another
				h.Tunnels = append(h.Tunnels, trail.Tunnel{Kind: "IPIP", Flow: below})
			}
			hasIP = true
			if l.Kind == packet.KindIPv4 {
				v4 := packet.IPv4(b)
				below, h.TTL = packet.Flow{Proto: v4.Proto(), Src: v4.Src(), Dst: v4.Dst()}, v4.TTL()
			} else {
				v6 := packet.IPv6(b)
				below, h.TTL = packet.Flow{Proto: v6.NextHeader(), Src: v6.Src(), Dst: v6.Dst()}, v6.HopLimit()
			}
		case packet.KindUDP:
			u := packet.UDP(b)
			below.SrcPort, below.DstPort = u.SrcPort(), u.DstPort()
		}
	}
	return h
}

// changes says in words what happened between two sightings of one packet.
func changes(a, b *trail.Headers) []string {
	var out []string
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
	if a.Flow.Src != b.Flow.Src || a.Flow.SrcPort != b.Flow.SrcPort {
		out = append(out, "SNAT "+end(a.Flow, false)+" -> "+end(b.Flow, false))
	}
	if a.Flow.Dst != b.Flow.Dst || a.Flow.DstPort != b.Flow.DstPort {
		out = append(out, "DNAT "+end(a.Flow, true)+" -> "+end(b.Flow, true))
	}
	if a.Flow.ID != b.Flow.ID {
		out = append(out, fmt.Sprintf("id %d -> %d", a.Flow.ID, b.Flow.ID))
	}
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
