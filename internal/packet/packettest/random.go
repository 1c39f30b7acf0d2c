package packettest

import (
	"math/rand/v2"
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
)

// Random returns the layers of a random packet that starts with an Ethernet
// header. The same state of r gives the same packet.
func Random(r *rand.Rand) []build.Layer {
	if r.IntN(20) == 0 {
		return []build.Layer{ethernet(r), arp(r)}
	}
	layers := append([]build.Layer{ethernet(r)}, tags(r)...)
	return append(layers, IP(r, 2)...)
}

// IP returns the layers of a random IPv4 or IPv6 packet with at most depth
// tunnels.
func IP(r *rand.Rand, depth int) []build.Layer {
	if r.IntN(2) == 0 {
		return append([]build.Layer{IPv4(r)}, above(r, depth, false)...)
	}
	layers := append([]build.Layer{IPv6(r)}, extensions(r)...)
	return append(layers, above(r, depth, true)...)
}

// IPv4 returns a random header of an unfragmented packet.
func IPv4(r *rand.Rand) build.IPv4 {
	h := build.IPv4{
		Src: Addr4(r), Dst: Addr4(r), TOS: uint8(r.Uint32()), ID: uint16(r.Uint32()),
		DF: r.IntN(2) == 0, TTL: uint8(1 + r.IntN(255)),
	}
	if r.IntN(8) == 0 {
		h.Options = []byte{148, 4, 0, 0} // router alert, RFC 2113
	}
	return h
}

// IPv6 returns a random header.
func IPv6(r *rand.Rand) build.IPv6 {
	return build.IPv6{
		Src: Addr6(r), Dst: Addr6(r), TrafficClass: uint8(r.Uint32()), FlowLabel: r.Uint32() & 0xfffff,
		HopLimit: uint8(1 + r.IntN(255)),
	}
}

// Addr4 returns an address of a few small networks, so that flows meet again.
func Addr4(r *rand.Rand) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(r.IntN(2)) * 244, byte(r.IntN(3)), byte(1 + r.IntN(20))})
}

// Addr6 is Addr4 for IPv6.
func Addr6(r *rand.Rand) netip.Addr {
	return netip.AddrFrom16([16]byte{0xfd, 0, 2, 0x44, 0, byte(r.IntN(3)), 15: byte(1 + r.IntN(20))})
}

// Bytes returns at most n random bytes.
func Bytes(r *rand.Rand, n int) []byte {
	b := make([]byte, r.IntN(n+1))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func mac(r *rand.Rand) packet.MAC {
	return packet.MAC{2, byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}
}

func ethernet(r *rand.Rand) build.Layer { return build.Ethernet{Dst: mac(r), Src: mac(r)} }

func tags(r *rand.Rand) []build.Layer {
	tag := func(tpid packet.EtherType) build.Layer {
		return build.VLAN{TPID: tpid, ID: uint16(r.IntN(4096)), Priority: uint8(r.IntN(8)), DEI: r.IntN(2) == 0}
	}
	switch r.IntN(10) {
	case 0:
		return []build.Layer{tag(packet.TypeVLAN)}
	case 1:
		return []build.Layer{tag(packet.TypeQinQ), tag(packet.TypeVLAN)}
	case 2:
		return []build.Layer{build.MPLS{Label: r.Uint32() & 0xfffff, TTL: 9}, build.MPLS{Label: 17, TC: 3, TTL: 8}}
	case 3:
		return []build.Layer{build.PPPoE{Session: uint16(r.Uint32())}}
	}
	return nil
}

func arp(r *rand.Rand) build.Layer {
	return build.ARP{Op: uint16(1 + r.IntN(2)), SenderMAC: mac(r), SenderIP: Addr4(r), TargetMAC: mac(r), TargetIP: Addr4(r)}
}

func extensions(r *rand.Rand) []build.Layer {
	var layers []build.Layer
	if r.IntN(10) == 0 {
		layers = append(layers, build.Extension{Proto: packet.ProtoHopByHop})
	}
	if r.IntN(10) == 0 {
		layers = append(layers, build.Extension{Proto: packet.ProtoRouting, Body: make([]byte, 22)}) // none left
	}
	if r.IntN(10) == 0 {
		layers = append(layers, build.Extension{Proto: packet.ProtoDestination, Body: []byte{1, 8, 0, 0, 0, 0, 0, 0, 0, 0}})
	}
	return layers
}

// above returns what stands above an IP header.
func above(r *rand.Rand, depth int, v6 bool) []build.Layer {
	if depth > 0 && r.IntN(3) == 0 {
		return tunnel(r, depth-1)
	}
	payload := build.Payload(Bytes(r, 200))
	switch r.IntN(6) {
	case 0:
		return []build.Layer{build.UDP{SrcPort: port(r), DstPort: port(r)}, payload}
	case 1:
		chunk := build.Chunk{Type: packet.SCTPData, Flags: 3, Body: append(make([]byte, 12), payload...)}
		return []build.Layer{build.SCTP{SrcPort: port(r), DstPort: port(r), Tag: r.Uint32()}, chunk}
	case 2:
		if v6 {
			return []build.Layer{build.ICMPv6{Type: packet.ICMPv6Echo, ID: port(r), Seq: port(r)}, payload}
		}
		return []build.Layer{build.ICMPv4{Type: packet.ICMPv4Echo, ID: port(r), Seq: port(r)}, payload}
	case 3:
		quote := build.Payload(build.Packet(append([]build.Layer{IPv4(r)}, TCP(r), payload)...))
		if v6 {
			quote = build.Packet(IPv6(r), build.UDP{SrcPort: port(r), DstPort: port(r)}, payload)
			return []build.Layer{build.ICMPv6{Type: packet.ICMPv6TooBig, Seq: 1400}, quote}
		}
		return []build.Layer{build.ICMPv4{Type: packet.ICMPv4Unreachable, Code: uint8(r.IntN(16))}, quote}
	}
	return []build.Layer{TCP(r), payload}
}

// port returns a port that belongs to no application.
func port(r *rand.Rand) uint16 { return uint16(30000 + r.IntN(2000)) }

// TCP returns a random header.
func TCP(r *rand.Rand) build.TCP {
	h := build.TCP{
		SrcPort: port(r), DstPort: port(r), Seq: r.Uint32(), Ack: r.Uint32(),
		Flags: packet.TCPFlags(r.IntN(512)), Window: uint16(1 + r.IntN(65535)), Urgent: uint16(r.IntN(3)),
	}
	switch r.IntN(3) {
	case 0:
		h.Options = build.Options(build.MSS(1460), build.SACKOK(), build.Timestamps(r.Uint32(), 0), build.NOP(), build.WScale(7))
	case 1:
		h.Options = build.Options(build.NOP(), build.NOP(), build.Timestamps(r.Uint32(), r.Uint32()))
	}
	return h
}

func tunnel(r *rand.Rand, depth int) []build.Layer {
	vni := r.Uint32() & 0xffffff
	framed := func(outer ...build.Layer) []build.Layer {
		return append(append(outer, ethernet(r)), IP(r, depth)...)
	}
	switch r.IntN(5) {
	case 0:
		ports := []uint16{packet.PortVXLAN, packet.PortVXLANLinux}
		return framed(build.UDP{SrcPort: port(r), DstPort: ports[r.IntN(2)], NoChecksum: true}, build.VXLAN{VNI: vni})
	case 1:
		return framed(build.UDP{SrcPort: port(r), DstPort: packet.PortGeneve}, build.Geneve{VNI: vni, Options: make([]byte, 4*r.IntN(5))})
	case 2:
		return framed(gre(r))
	case 3:
		return append([]build.Layer{gre(r)}, IP(r, depth)...)
	}
	return IP(r, depth)
}

func gre(r *rand.Rand) build.Layer {
	h := build.GRE{Checksum: r.IntN(2) == 0}
	if v := r.Uint32(); r.IntN(2) == 0 {
		h.Key = &v
	}
	if v := r.Uint32(); r.IntN(2) == 0 {
		h.Seq = &v
	}
	return h
}
