package cilium

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/trail"
)

// made is a packet with the bytes of its layers.
type made struct{ data []byte }

func address(r *rand.Rand, v6 bool) net.IP {
	if v6 {
		return net.IP{0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(r.IntN(4)), byte(1 + r.IntN(250))}
	}
	return net.IP{10, 0, byte(r.IntN(4)), byte(1 + r.IntN(250))}
}

// random makes a packet of any kind that the monitor shows.
func random(t *testing.T, r *rand.Rand) made {
	t.Helper()
	v6 := r.IntN(3) == 0
	src, dst := address(r, v6), address(r, v6)
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, byte(r.IntN(256))}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 1, 7}, EthernetType: layers.EthernetTypeIPv4}
	four := &layers.IPv4{Version: 4, TTL: uint8(r.IntN(256)), TOS: uint8(r.IntN(256)), Id: uint16(r.IntN(1 << 16)), SrcIP: src, DstIP: dst}
	if r.IntN(2) == 0 {
		four.Flags = layers.IPv4DontFragment
	}
	six := &layers.IPv6{Version: 6, HopLimit: uint8(r.IntN(256)), FlowLabel: uint32(r.IntN(1 << 20)), SrcIP: src, DstIP: dst}
	payload := gopacket.Payload(make([]byte, r.IntN(60)))
	var upper []gopacket.SerializableLayer
	proto := layers.IPProtocolTCP
	switch r.IntN(4) {
	case 0:
		upper = append(upper, &layers.TCP{
			SrcPort: layers.TCPPort(1 + r.IntN(65535)), DstPort: 8080, Seq: r.Uint32(), Ack: r.Uint32(), Window: uint16(r.IntN(1 << 16)),
			SYN: r.IntN(2) == 0, ACK: r.IntN(2) == 0, FIN: r.IntN(4) == 0, PSH: r.IntN(2) == 0, RST: r.IntN(8) == 0, URG: r.IntN(9) == 0, ECE: r.IntN(2) == 0,
			Options: []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{5, 180}}},
		})
	case 1:
		proto = layers.IPProtocolUDP
		upper = append(upper, &layers.UDP{SrcPort: layers.UDPPort(1 + r.IntN(65535)), DstPort: 53})
	default:
		types := []uint8{0, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 17, 40}
		proto = layers.IPProtocolICMPv4
		upper = append(upper, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(types[r.IntN(len(types))], uint8(r.IntN(4))), Id: uint16(r.IntN(1 << 16)), Seq: uint16(r.IntN(1 << 16))})
		if v6 {
			types = []uint8{1, 2, 3, 4, 128, 129, 133, 135, 136, 143}
			proto = layers.IPProtocolICMPv6
			upper = []gopacket.SerializableLayer{&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(types[r.IntN(len(types))], uint8(r.IntN(4)))}}
			payload = append(gopacket.Payload{1, 2, 3, 4}, payload...)
		}
	}
	four.Protocol, six.NextHeader = proto, proto
	all := []gopacket.SerializableLayer{eth, four}
	var net gopacket.NetworkLayer = four
	if v6 {
		eth.EthernetType = layers.EthernetTypeIPv6
		all[1], net = six, six
	}
	for _, u := range upper {
		if c, ok := u.(interface {
			SetNetworkLayerForChecksum(l gopacket.NetworkLayer) error
		}); ok {
			if err := c.SetNetworkLayerForChecksum(net); err != nil {
				t.Fatal(err)
			}
		}
	}
	all = append(append(all, upper...), payload)
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		t.Fatal(err)
	}
	return made{b.Bytes()}
}

// texts are the layers as the monitor writes them, by their names in JSON.
func (m made) texts() (names, texts []string) {
	for _, l := range gopacket.NewPacket(m.data, layers.LayerTypeEthernet, gopacket.Default).Layers() {
		name := ""
		switch l.(type) {
		case *layers.Ethernet:
			name = "ethernet"
		case *layers.IPv4:
			name = "ipv4"
		case *layers.IPv6:
			name = "ipv6"
		case *layers.TCP:
			name = "tcp"
		case *layers.UDP:
			name = "udp"
		case *layers.ICMPv4:
			name = "icmpv4"
		case *layers.ICMPv6:
			name = "icmpv6"
		default:
			return names, texts
		}
		names, texts = append(names, name), append(texts, gopacket.LayerString(l))
	}
	return names, texts
}

func (m made) json(t *testing.T) string {
	t.Helper()
	names, texts := m.texts()
	summary := map[string]any{"l3": map[string]string{"src": "x", "dst": "y"}}
	for i := range names {
		summary[names[i]] = texts[i]
	}
	b, err := json.Marshal(map[string]any{"cpu": "CPU 07:", "type": "trace", "mark": "0x7", "ifindex": "eth0", "state": "new", "observationPoint": "to-network", "bytes": len(m.data), "summary": summary})
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

const ruler = "------------------------------------------------------------------------------\n"

func (m made) verbose(dump bool) string {
	head := fmt.Sprintf("CPU 07: MARK 0x7 FROM 5 to-network: %d bytes (%d captured), state new, interface eth0, orig-ip 0.0.0.0\n", len(m.data), len(m.data))
	if dump {
		return ruler + head + hex.Dump(m.data)
	}
	_, texts := m.texts()
	return ruler + head + strings.Join(texts, "\n") + "\n"
}

// What is read of a packet as the monitor shows it is what its bytes say.
func TestSameAsBytes(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := random(t, r)
		var p packet.Packet
		p.Decode(packet.LinkEthernet, m.data)
		id, ok := p.Identity()
		flow, _ := p.Flow()
		bare := flow.Proto == packet.ProtoICMPv6
		if !ok && !bare && flow.Proto != packet.ProtoICMP { // a quote that is none
			t.Fatalf("seed %d: no identity", seed)
		}
		for form, text := range map[string]string{"json": m.json(t), "-v -v": m.verbose(false), "--hex": m.verbose(true)} {
			items, bad := all(t, New(strings.NewReader(text), Options{}))
			if len(bad) > 0 || len(items) != 1 {
				t.Fatalf("seed %d, %s: %v, %d items of\n%s", seed, form, bad, len(items), text)
			}
			s := items[0].Sighting
			got, want, flow := s.Key, id.Key, flow
			if form != "--hex" {
				if bare { // its identifier and number are not shown
					if got.Bare>>16 != 1 || got.Type != m.data[54] || got.Code != m.data[55] || got.Proto != packet.ProtoICMPv6 {
						t.Fatalf("seed %d, %s: %+v", seed, form, got)
					}
					flow.ID = s.Seen.Seen.Flow.ID
					got = want
				}
				if want.Quote != 0 || !ok { // nor what an error quotes
					want.Quote = 0
					if !ok {
						want = got
					}
				}
			} else if !ok {
				want = got
			}
			if got != want {
				t.Fatalf("seed %d, %s: %+v, want %+v of\n%s", seed, form, got, want, text)
			}
			if f := s.Seen.Seen.Flow; f != flow {
				t.Fatalf("seed %d, %s: %s, want %s", seed, form, f, flow)
			}
			if form == "--hex" && !bytes.Equal(s.Frame.Data, m.data) {
				t.Fatalf("seed %d: %x, want %x", seed, s.Frame.Data, m.data)
			}
			if s.Seen.Len != len(m.data) || s.Seen.CPU != 8 || s.Seen.Dir != trail.Out {
				t.Fatalf("seed %d, %s: %+v", seed, form, s.Seen)
			}
		}
	}
}

// All names that gopacket has for types and codes of ICMP are read back.
func TestICMPType(t *testing.T) {
	for n := range 1 << 16 {
		typ, code := uint8(n>>8), uint8(n)
		for v6, name := range map[bool]string{false: layers.ICMPv4TypeCode(n).String(), true: layers.ICMPv6TypeCode(n).String()} {
			if a, b, ok := ICMPType([]byte(name), v6); !ok || a != typ || b != code {
				t.Fatalf("%s (v6 %t) is %d/%d, %t", name, v6, a, b, ok)
			}
		}
	}
	for _, s := range []string{"", "EchoRequest(", "DestinationUnreachable", "Nonsense", "300(1)", "3(", "DestinationUnreachable(Nonsense)"} {
		if _, _, ok := ICMPType([]byte(s), false); ok {
			t.Errorf("%q is a type", s)
		}
	}
}

// The protocols that the monitor has names for.
func TestProtocol(t *testing.T) {
	for _, p := range []packet.Proto{
		packet.ProtoTCP, packet.ProtoUDP, packet.ProtoICMP, packet.ProtoICMPv6, packet.ProtoSCTP, packet.ProtoIGMP, packet.ProtoIPv4, packet.ProtoIPv6,
		packet.ProtoGRE, packet.ProtoESP, packet.ProtoAH, packet.ProtoRouting, packet.ProtoFragment, packet.ProtoDestination, packet.ProtoNoNext, packet.ProtoOSPF,
	} {
		if got := protocol([]byte(layers.IPProtocol(p).String())); got != p {
			t.Errorf("%s is %s", p, got)
		}
	}
}

var _ parse.Reader = (*Reader)(nil)
