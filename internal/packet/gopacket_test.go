package packet_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/packet/build"
	"github.com/pktrail/pktrail/internal/packet/packettest"
)

// names are gopacket's layers by our kinds.
var names = map[gopacket.LayerType]packet.Kind{
	layers.LayerTypeEthernet:        packet.KindEthernet,
	layers.LayerTypeDot1Q:           packet.KindVLAN,
	layers.LayerTypeMPLS:            packet.KindMPLS,
	layers.LayerTypePPPoE:           packet.KindPPPoE,
	layers.LayerTypeARP:             packet.KindARP,
	layers.LayerTypeIPv4:            packet.KindIPv4,
	layers.LayerTypeIPv6:            packet.KindIPv6,
	layers.LayerTypeIPv6HopByHop:    packet.KindHopByHop,
	layers.LayerTypeIPv6Routing:     packet.KindRouting,
	layers.LayerTypeIPv6Fragment:    packet.KindFragment,
	layers.LayerTypeIPv6Destination: packet.KindDestination,
	layers.LayerTypeTCP:             packet.KindTCP,
	layers.LayerTypeUDP:             packet.KindUDP,
	layers.LayerTypeSCTP:            packet.KindSCTP,
	layers.LayerTypeICMPv4:          packet.KindICMPv4,
	layers.LayerTypeICMPv6:          packet.KindICMPv6,
	layers.LayerTypeVXLAN:           packet.KindVXLAN,
	layers.LayerTypeGeneve:          packet.KindGeneve,
	layers.LayerTypeGRE:             packet.KindGRE,
}

// TestAgainstGopacket compares layers, their places, fields and checksums of
// random packets with gopacket's.
func TestAgainstGopacket(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	compared := map[packet.Kind]int{}
	judged := 0
	for range 5000 {
		data := build.Packet(packettest.Random(r)...)
		ours := decode(packet.LinkEthernet, data)
		theirs := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.NoCopy)
		i := 0
		for _, l := range theirs.Layers() {
			kind, ok := names[l.LayerType()]
			if !ok {
				continue // payloads, PPP, options of ICMPv6
			}
			if i == len(ours.Layers()) {
				t.Fatalf("%x: gopacket has %v after our %s", data, kind, kinds(ours))
			}
			o := ours.Layers()[i]
			if o.Kind == packet.KindVXLAN && kind != packet.KindVXLAN || o.Kind != kind {
				t.Fatalf("%x: layer %d is %v, gopacket's %v", data, i, o.Kind, kind)
			}
			compareLayer(t, ours, o, l)
			compared[kind]++
			i++
			if kind == packet.KindUDP && packet.UDP(ours.Header(o)).DstPort() == packet.PortVXLANLinux {
				break // gopacket knows 4789 alone
			}
		}
		for i := range ours.Layers() {
			if s := ours.Checksum(i); s == packet.SumBad || s == packet.SumPartial {
				t.Fatalf("%x: checksum of layer %d is %v", data, i, s)
			}
		}
		// It cannot judge TCP behind MPLS and the like.
		if err, wrong := theirs.VerifyChecksums(); err == nil {
			judged++
			if len(wrong) > 0 {
				t.Fatalf("%x: gopacket finds wrong checksums: %v", data, wrong)
			}
		}
	}
	if judged < 1000 {
		t.Errorf("gopacket judged the checksums of %d packets only", judged)
	}
	for _, kind := range names {
		if kind != packet.KindFragment && compared[kind] < 50 {
			t.Errorf("%v: compared %d times only", kind, compared[kind])
		}
	}
}

func compareLayer(t *testing.T, p *packet.Packet, o packet.Layer, l gopacket.Layer) {
	t.Helper()
	h := p.Header(o)
	var same bool
	switch l := l.(type) {
	case *layers.Ethernet:
		h := packet.Ethernet(h)
		same = bytes.Equal(l.SrcMAC, h[6:12]) && l.DstMAC.String() == h.Dst().String() && uint16(l.EthernetType) == uint16(h.Type())
	case *layers.Dot1Q:
		h := packet.VLAN(h)
		same = l.VLANIdentifier == h.ID() && l.Priority == h.Priority() && l.DropEligible == h.DropEligible() && uint16(l.Type) == uint16(h.Type())
	case *layers.MPLS:
		h := packet.MPLS(h)
		same = l.Label == h.Label() && l.TrafficClass == h.TrafficClass() && l.TTL == h.TTL() && l.StackBottom == h.Bottom()
	case *layers.PPPoE:
		same = l.SessionId == packet.PPPoE(h).Session() && int(l.Length) == packet.PPPoE(h).Length()
	case *layers.ARP:
		h := packet.ARP(h)
		same = l.Operation == h.Op() && bytes.Equal(l.SourceProtAddress, h.SenderIP().AsSlice()) && bytes.Equal(l.DstProtAddress, h.TargetIP().AsSlice())
	case *layers.IPv4:
		h := packet.IPv4(h)
		same = l.SrcIP.String() == h.Src().String() && l.DstIP.String() == h.Dst().String() && l.TTL == h.TTL() && l.TOS == h.TOS() &&
			l.Id == h.ID() && int(l.Length) == h.Length() && uint8(l.Protocol) == uint8(h.Proto()) && l.Checksum == h.Checksum() &&
			(l.Flags&layers.IPv4DontFragment != 0) == h.DontFragment() && int(l.IHL)*4 == o.Len
	case *layers.IPv6:
		h := packet.IPv6(h)
		same = l.SrcIP.String() == h.Src().String() && l.DstIP.String() == h.Dst().String() && l.HopLimit == h.HopLimit() &&
			l.TrafficClass == h.TrafficClass() && l.FlowLabel == h.FlowLabel() && int(l.Length) == h.PayloadLength() && uint8(l.NextHeader) == uint8(h.NextHeader())
	default:
		same = sameAbove(h, l)
	}
	if !same {
		t.Fatalf("%x: %v is %x, gopacket has %+v", p.Data(), o.Kind, h, l)
	}
	// gopacket keeps the first bytes of some messages out of its contents.
	if n := len(l.LayerContents()); n != o.Len && o.Kind != packet.KindPPPoE && o.Kind != packet.KindICMPv6 {
		t.Fatalf("%x: %v has %d bytes, gopacket %d", p.Data(), o.Kind, o.Len, n)
	}
}

// sameAbove compares what stands above IP.
func sameAbove(h []byte, l gopacket.Layer) bool {
	switch l := l.(type) {
	case *layers.TCP:
		h := packet.TCP(h)
		flags := map[packet.TCPFlags]bool{packet.FIN: l.FIN, packet.SYN: l.SYN, packet.RST: l.RST, packet.PSH: l.PSH, packet.ACK: l.ACK, packet.URG: l.URG, packet.ECE: l.ECE, packet.CWR: l.CWR, packet.AE: l.NS}
		for f, set := range flags {
			if (h.Flags()&f != 0) != set {
				return false
			}
		}
		rest := h.Options()
		for _, opt := range l.Options {
			var kind byte
			var body []byte
			var ok bool
			if kind, body, rest, ok = packet.NextTCPOption(rest); !ok || kind != byte(opt.OptionType) || !bytes.Equal(body, opt.OptionData) {
				return false
			}
		}
		return uint16(l.SrcPort) == h.SrcPort() && uint16(l.DstPort) == h.DstPort() && l.Seq == h.Seq() && l.Ack == h.Ack() &&
			l.Window == h.Window() && l.Checksum == h.Checksum() && l.Urgent == h.Urgent()
	case *layers.UDP:
		h := packet.UDP(h)
		return uint16(l.SrcPort) == h.SrcPort() && uint16(l.DstPort) == h.DstPort() && int(l.Length) == h.Length() && l.Checksum == h.Checksum()
	case *layers.SCTP:
		h := packet.SCTP(h)
		return uint16(l.SrcPort) == h.SrcPort() && uint16(l.DstPort) == h.DstPort() && l.VerificationTag == h.Tag()
	case *layers.ICMPv4:
		h := packet.ICMP(h)
		return l.TypeCode.Type() == h.Type() && l.TypeCode.Code() == h.Code() && l.Id == h.ID() && l.Seq == h.Seq() && l.Checksum == h.Checksum()
	case *layers.ICMPv6:
		h := packet.ICMP(h)
		return l.TypeCode.Type() == h.Type() && l.TypeCode.Code() == h.Code() && l.Checksum == h.Checksum()
	case *layers.VXLAN:
		return l.VNI == packet.VXLAN(h).VNI() && l.ValidIDFlag == packet.VXLAN(h).HasVNI()
	case *layers.Geneve:
		return l.VNI == packet.Geneve(h).VNI() && uint16(l.Protocol) == uint16(packet.Geneve(h).Type())
	case *layers.GRE:
		h := packet.GRE(h)
		key, hasKey := h.Key()
		seq, hasSeq := h.Seq()
		return l.KeyPresent == hasKey && l.Key == key && l.SeqPresent == hasSeq && l.Seq == seq && l.ChecksumPresent == h.HasChecksum() && uint16(l.Protocol) == uint16(h.Type())
	case *layers.IPv6Fragment:
		h := packet.IPv6Fragment(h)
		return l.Identification == h.ID() && int(l.FragmentOffset)*8 == h.Offset() && l.MoreFragments == h.More()
	}
	return true
}
