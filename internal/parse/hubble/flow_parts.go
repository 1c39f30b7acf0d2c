package hubble

import (
	"bytes"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/cilium"
	"github.com/pktrail/pktrail/internal/parse/jsonline"
	"github.com/pktrail/pktrail/internal/trail"
)

func (f *flow) traced(p *Reader, o *trail.Observation) {
	o.Stage = trail.StageDatapath
	point := bytes.ReplaceAll(bytes.ToLower(f.point), []byte("_"), []byte("-"))
	if len(point) == 0 || string(point) == "unknown-point" {
		points := [...]string{
			"to-endpoint", "to-proxy", "to-host", "to-stack", "to-overlay", "from-endpoint", "from-proxy", "from-host", "from-stack",
			"from-overlay", "from-network", "to-network", "from-crypto", "to-crypto",
		}
		if f.sub < uint64(len(points)) {
			point = []byte(points[f.sub])
		}
	}
	o.Datapath.Point = p.word(point)
	o.Dir = cilium.Direction(o.Datapath.Point)
	o.Conntrack = cilium.Tracked(strings.ToLower(string(f.reason)))
}

func (f *flow) dropped(p *Reader, o *trail.Observation) {
	o.Stage = trail.StageDrop
	o.Drop = &trail.Drop{Reason: p.word(reason(f.desc)), Code: int(min(f.drop, 1<<16))}
	if name := jsonline.Text(find(f.file, "name")); len(name) > 0 {
		o.Drop.At = p.word(append(append(bytes.Clone(name), ':'), find(f.file, "line")...))
	}
}

// reason writes a reason as `cilium monitor` does: "Policy denied" for
// "POLICY_DENIED".
func reason(b []byte) []byte {
	out := bytes.Clone(b)
	start := true
	for word := range bytes.SplitSeq(out, []byte("_")) {
		if !bytes.ContainsAny(word, "0123456789") { // L3
			if from := 0; len(word) > 0 {
				if start {
					from = 1
				}
				copy(word[from:], bytes.ToLower(word[from:]))
			}
		}
		start = false
	}
	return bytes.ReplaceAll(out, []byte("_"), []byte(" "))
}

func (f *flow) decided(p *Reader, o *trail.Observation) {
	match := [...]string{"none", "L3-Only", "L3-L4", "L4-Only", "all", "L3-Proto", "Proto-Only"}
	v := &trail.Policy{Action: action(string(f.verdict)), Direction: direction(string(f.way))}
	if f.match < uint64(len(match)) {
		v.Match = match[f.match]
	}
	side := 0
	if v.Direction == trail.Out {
		side = 1
	}
	for _, list := range [][]byte{f.denied[side], f.allowed[side]} {
		jsonline.Elements(list, func(b []byte) bool {
			name, space := jsonline.Text(find(b, "name")), jsonline.Text(find(b, "namespace"))
			if len(space) > 0 {
				name = bytes.Join([][]byte{space, name}, []byte("/"))
			}
			if len(name) > 0 {
				v.Names = append(v.Names, p.word(name))
			}
			return true
		})
	}
	o.Stage, o.Policy = trail.StagePolicy, v
}

// headers reads what a flow tells of the packet.
func (f *flow) headers(p *Reader, s *parse.Sighting) {
	h, k := &s.Seen.Seen, &s.Key
	h.SrcMAC, h.DstMAC = p.word(jsonline.Text(find(f.ethernet, "source"))), p.word(jsonline.Text(find(f.ethernet, "destination")))
	if f.ip == nil {
		return
	}
	h.Flow.Src, h.Flow.Dst = p.addr(jsonline.Text(find(f.ip, "source"))), p.addr(jsonline.Text(find(f.ip, "destination")))
	if !h.Flow.Src.IsValid() || !h.Flow.Dst.IsValid() {
		h.Flow = packet.Flow{}
		return
	}
	if x := p.addr(jsonline.Text(find(f.ip, "source_xlated"))); x.IsValid() { // source is what it was before
		h.Flow.Src, s.Seen.Datapath.Original = x, h.Flow.Src
	}
	s.Seen.Datapath.Encrypted = jsonline.True(find(f.ip, "encrypted"))
	k.Version, k.Bare = 4, 1
	if h.Flow.Src.Is6() {
		k.Version = 6
	}
	transport(f.l4, &h.Flow, k)
	k.Proto = h.Flow.Proto
	if f.tunnel == nil {
		return
	}
	t := trail.Tunnel{Kind: cilium.TunnelKind(string(jsonline.Text(find(f.tunnel, "protocol"))))}
	if vni := find(f.tunnel, "vni"); vni != nil {
		t.ID, t.HasID = uint32(jsonline.Uint(vni)), true
	}
	ip := find(f.tunnel, "IP")
	t.Flow.Src, t.Flow.Dst = p.addr(jsonline.Text(find(ip, "source"))), p.addr(jsonline.Text(find(ip, "destination")))
	var outer packet.Key
	transport(find(f.tunnel, "l4"), &t.Flow, &outer)
	if t.Flow.Src.IsValid() && t.Flow.Dst.IsValid() {
		h.Tunnels = []trail.Tunnel{t}
	}
}

// transport reads an l4 object: {"TCP":{"source_port":37962,"flags":{"SYN":true}}}.
func transport(b []byte, f *packet.Flow, k *packet.Key) {
	o := jsonline.Open(b)
	name, value, ok := o.Next()
	if !ok {
		return
	}
	switch string(name) {
	case "TCP":
		f.Proto = packet.ProtoTCP
		flags := jsonline.Open(find(value, "flags"))
		for {
			name, set, ok := flags.Next()
			if !ok {
				break
			}
			if jsonline.True(set) {
				k.Type |= tcpFlag(string(name))
			}
		}
	case "UDP":
		f.Proto = packet.ProtoUDP
	case "SCTP":
		f.Proto = packet.ProtoSCTP
	case "ICMPv4", "ICMPv6":
		f.Proto = packet.ProtoICMP
		if string(name) == "ICMPv6" {
			f.Proto = packet.ProtoICMPv6
		}
		k.Type, k.Code = uint8(jsonline.Uint(find(value, "type"))), uint8(jsonline.Uint(find(value, "code")))
		return
	case "IGMP":
		f.Proto = packet.ProtoIGMP
	}
	f.SrcPort, f.DstPort = uint16(jsonline.Uint(find(value, "source_port"))), uint16(jsonline.Uint(find(value, "destination_port")))
}
