package correlate

import (
	"slices"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// head is trail.Headers, small and without strings.
type head struct {
	flow     packet.Flow
	src, dst packet.MAC
	ethernet bool // src and dst are valid
	ttl      uint8
	deep     *deep // nil for a packet without tags and tunnels
}

type deep struct {
	vlans   []uint16
	tunnels []trail.Tunnel
	// text of MAC addresses that a log wrote in another form
	src, dst string
}

func (h *head) tunnels() []trail.Tunnel {
	if h.deep == nil {
		return nil
	}
	return h.deep.tunnels
}

// same compares with a head whose deep part may be borrowed.
func (h *head) same(o *head) bool {
	if h.flow != o.flow || h.ttl != o.ttl || h.src != o.src || h.dst != o.dst || h.ethernet != o.ethernet {
		return false
	}
	if h.deep == nil || o.deep == nil {
		return h.deep == o.deep
	}
	return slices.Equal(h.deep.vlans, o.deep.vlans) && slices.Equal(h.deep.tunnels, o.deep.tunnels) &&
		h.deep.src == o.deep.src && h.deep.dst == o.deep.dst
}

// keep gives the head a deep part of its own.
func (h head) keep() head {
	if h.deep != nil {
		h.deep = &deep{slices.Clone(h.deep.vlans), slices.Clone(h.deep.tunnels), h.deep.src, h.deep.dst}
	}
	return h
}

// headers makes the strings.
func (h *head) headers() trail.Headers {
	o := trail.Headers{Flow: h.flow, TTL: h.ttl}
	if h.ethernet {
		o.SrcMAC, o.DstMAC = h.src.String(), h.dst.String()
	}
	if h.deep != nil {
		o.VLANs, o.Tunnels = h.deep.vlans, h.deep.tunnels
		if !h.ethernet {
			o.SrcMAC, o.DstMAC = h.deep.src, h.deep.dst
		}
	}
	return o
}

// headOf takes headers that a source without frames told.
func (t *Trails) headOf(h *head, o *trail.Headers) {
	*h = head{flow: o.Flow, ttl: o.TTL}
	if o.SrcMAC != "" || o.DstMAC != "" || len(o.VLANs)+len(o.Tunnels) > 0 {
		t.deep = deep{vlans: o.VLANs, tunnels: o.Tunnels, src: o.SrcMAC, dst: o.DstMAC}
		h.deep = &t.deep
	}
}

// readHead reads what a packet's way can change from t.p. The deep part is
// borrowed until the next packet is read.
func (t *Trails) readHead(h *head) {
	p := &t.p
	vlans, tunnels := t.vlans[:0], t.tunnels[:0]
	h.flow, _ = p.Flow()
	var below packet.Flow // of the IP header that was met last
	hasIP := false
	tunnel := func(kind string, id uint32, hasID bool) {
		tunnels = append(tunnels, trail.Tunnel{Kind: kind, ID: id, HasID: hasID, Flow: below})
		hasIP = false
	}
	for i, l := range p.Layers() {
		b := p.Header(l)
		switch l.Kind {
		case packet.KindEthernet:
			if i == 0 {
				h.src, h.dst, h.ethernet = packet.Ethernet(b).Src(), packet.Ethernet(b).Dst(), true
			}
		case packet.KindVLAN:
			if len(tunnels) == 0 {
				vlans = append(vlans, packet.VLAN(b).ID())
			}
		case packet.KindVXLAN:
			tunnel("VXLAN", packet.VXLAN(b).VNI(), true)
		case packet.KindGeneve:
			tunnel("Geneve", packet.Geneve(b).VNI(), true)
		case packet.KindGRE:
			key, ok := packet.GRE(b).Key()
			tunnel("GRE", key, ok)
		case packet.KindIPv4, packet.KindIPv6:
			if hasIP { // an IP header right behind another
				tunnel("IPIP", 0, false)
			}
			hasIP = true
			below, h.ttl = belowIP(l.Kind, b)
		case packet.KindUDP:
			u := packet.UDP(b)
			below.SrcPort, below.DstPort = u.SrcPort(), u.DstPort()
		}
	}
	t.vlans, t.tunnels = vlans, tunnels
	if len(vlans)+len(tunnels) > 0 {
		t.deep = deep{vlans: vlans, tunnels: tunnels}
		h.deep = &t.deep
	}
}

func belowIP(k packet.Kind, b []byte) (packet.Flow, uint8) {
	if k == packet.KindIPv4 {
		v4 := packet.IPv4(b)
		return packet.Flow{Proto: v4.Proto(), Src: v4.Src(), Dst: v4.Dst()}, v4.TTL()
	}
	v6 := packet.IPv6(b)
	return packet.Flow{Proto: v6.NextHeader(), Src: v6.Src(), Dst: v6.Dst()}, v6.HopLimit()
}
