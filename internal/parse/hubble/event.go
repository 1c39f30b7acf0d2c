package hubble

import (
	"bytes"
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/cilium"
	"github.com/pktrail/pktrail/internal/trail"
)

// event is one of compact or dict: its words as they stand there.
type event struct {
	line                   int
	stamp, node            []byte
	src, dst               []byte // an address, with a port or without, and "(ID:7)" or "(world)"
	what, verdict, summary []byte
	back                   bool // the packet goes from dst to src
}

// verdicts are the words that stand behind what happened.
func isVerdict(b []byte) bool {
	switch string(b) {
	case "FORWARDED", "DROPPED", "ERROR", "AUDITED", "REDIRECTED", "TRACED", "TRANSLATED", "ALLOWED", "DENIED":
		return true
	}
	return false
}

// split takes a line of compact apart: "Nov 21 08:26:59.546: 10.245.1.121:37962
// (remote-node) <> 10.245.0.44:8080 (ID:19892) policy-verdict:none INGRESS
// DENIED (TCP Flags: SYN)", with "[node]" before the first colon or without. It
// returns false for what is no such line.
func split(b []byte) (e event, ok bool) {
	e.stamp, b, ok = bytes.Cut(b, []byte(": "))
	if !ok || len(e.stamp) < 8 || len(e.stamp) > 128 {
		return e, false
	}
	if at, node, has := bytes.Cut(e.stamp, []byte(" [")); has {
		e.stamp, e.node = at, bytes.TrimSuffix(node, []byte("]"))
	}
	at := -1
	for _, arrow := range []string{" <> ", " -> ", " <- "} {
		if i := bytes.Index(b, []byte(arrow)); i >= 0 && (at < 0 || i < at) {
			at, e.back = i, arrow == " <- "
		}
	}
	if at < 0 {
		return e, false
	}
	e.src, b = b[:at], b[at+4:]
	n := bytes.IndexByte(b, ' ')
	if n < 0 {
		return e, false
	}
	if bytes.HasPrefix(b[n:], []byte(" (")) {
		if i := bytes.IndexByte(b[n:], ')'); i > 0 {
			n += i + 1
		}
	}
	e.dst, b = b[:n], bytes.TrimSpace(b[n:])
	for from := 0; from < len(b); {
		word, rest, _ := bytes.Cut(b[from:], []byte(" "))
		if isVerdict(word) {
			e.verdict, e.what = word, bytes.TrimSpace(b[:from])
			e.summary = bytes.TrimSuffix(bytes.TrimPrefix(rest, []byte("(")), []byte(")"))
			return e, true
		}
		from += len(word) + 1
	}
	return e, false
}

// happened makes a sighting of an event of a packet; nil for another.
func (p *Reader) happened(e *event) (*parse.Sighting, error) {
	o := trail.Observation{Datapath: &trail.Datapath{}}
	word, rest, _ := bytes.Cut(e.what, []byte(" "))
	switch match, isPolicy := bytes.CutPrefix(word, []byte("policy-verdict:")); {
	case isPolicy:
		o.Stage, o.Policy = trail.StagePolicy, &trail.Policy{Match: p.word(match), Action: action(string(e.verdict)), Direction: direction(string(rest))}
	case bytes.HasSuffix(word, []byte("-request")), bytes.HasSuffix(word, []byte("-response")):
		return nil, nil // L7
	case bytes.HasPrefix(word, []byte("to-")), bytes.HasPrefix(word, []byte("from-")):
		o.Stage, o.Datapath.Point = trail.StageDatapath, p.word(word)
		o.Dir = cilium.Direction(o.Datapath.Point)
	case string(e.verdict) == "DROPPED" && len(e.what) > 0:
		o.Stage, o.Drop = trail.StageDrop, &trail.Drop{Reason: p.word(e.what)}
	default:
		return nil, nil // of sockets, and what later versions add
	}
	s := &parse.Sighting{Line: e.line, Seen: o}
	s.At.Node = p.word(node(e.node))
	at, ok := moment(e.stamp, p.o.Reference)
	if !ok {
		return nil, errFormat
	}
	s.Seen.Time = at
	if e.back {
		e.src, e.dst = e.dst, e.src
	}
	h := &s.Seen.Seen
	src, who := p.party(e.src)
	dst, whom := p.party(e.dst)
	s.Seen.Datapath.Source, s.Seen.Datapath.Destination = who, whom
	if len(src) == 17 && len(dst) == 17 && string(e.summary) == "Ethernet" {
		h.SrcMAC, h.DstMAC = p.word(src), p.word(dst)
		return s, nil
	}
	if !p.end(src, &h.Flow.Src, &h.Flow.SrcPort) || !p.end(dst, &h.Flow.Dst, &h.Flow.DstPort) {
		return nil, errNames
	}
	p.summary(e.summary, s)
	return s, nil
}

// node is a node's name without its cluster's.
func node(b []byte) []byte { return b[bytes.LastIndexByte(b, '/')+1:] }

// party parts an end from who it is: "10.0.0.1:80 (ID:7)", "10.0.0.1 (world)".
func (p *Reader) party(b []byte) (addr []byte, who trail.Identity) {
	addr, id, _ := bytes.Cut(b, []byte(" ("))
	id = bytes.TrimSuffix(id, []byte(")"))
	if n, ok := bytes.CutPrefix(id, []byte("ID:")); ok {
		who.Number = uint32(decimal(n))
		who.Name = cilium.Reserved(who.Number)
		return addr, who
	}
	if name := string(id); name != "" && name != "unknown" {
		who.Name = p.word(id)
		for n := uint32(1); cilium.Reserved(n) != ""; n++ {
			if cilium.Reserved(n) == name {
				who.Number = n
			}
		}
	}
	return addr, who
}

func decimal(b []byte) (n uint64) {
	for _, c := range b {
		if c < '0' || c > '9' || n > 1<<32 {
			return n
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}

// end reads "10.0.0.1", "10.0.0.1:80", "fd00::1", "[fd00::1]:80".
func (p *Reader) end(b []byte, addr *netip.Addr, port *uint16) bool {
	if *addr = p.addr(b); addr.IsValid() {
		return true
	}
	i := bytes.LastIndexByte(b, ':')
	if i < 0 {
		return false
	}
	*port = uint16(decimal(b[i+1:]))
	*addr = p.addr(bytes.Trim(b[:i], "[]"))
	return addr.IsValid()
}

// summary reads "TCP Flags: SYN, ACK", "ICMPv4 EchoRequest", "UDP".
func (p *Reader) summary(b []byte, s *parse.Sighting) {
	f, k := &s.Seen.Seen.Flow, &s.Key
	k.Version, k.Bare = 4, 1
	if f.Src.Is6() {
		k.Version = 6
	}
	word, rest, _ := bytes.Cut(b, []byte(" "))
	switch string(word) {
	case "TCP":
		f.Proto = packet.ProtoTCP
		for name := range bytes.SplitSeq(bytes.TrimPrefix(rest, []byte("Flags: ")), []byte(",")) {
			k.Type |= tcpFlag(string(bytes.TrimSpace(name)))
		}
	case "UDP":
		f.Proto = packet.ProtoUDP
	case "SCTP":
		f.Proto = packet.ProtoSCTP
	case "ICMPv4", "ICMPv6":
		f.Proto = packet.ProtoICMP
		if string(word) == "ICMPv6" {
			f.Proto = packet.ProtoICMPv6
		}
		k.Type, k.Code, _ = cilium.ICMPType(rest, f.Proto == packet.ProtoICMPv6)
	}
	k.Proto = f.Proto
}

// tcpFlag is a TCP flag that belongs to a packet's identity.
func tcpFlag(name string) uint8 {
	switch name {
	case "FIN":
		return uint8(packet.FIN)
	case "SYN":
		return uint8(packet.SYN)
	case "RST":
		return uint8(packet.RST)
	case "PSH":
		return uint8(packet.PSH)
	case "ACK":
		return uint8(packet.ACK)
	case "URG":
		return uint8(packet.URG)
	}
	return 0
}

// action is what policies did, by Hubble's verdict.
func action(verdict string) string {
	switch verdict {
	case "ALLOWED", "FORWARDED":
		return "allow"
	case "DENIED", "DROPPED":
		return "deny"
	case "AUDITED", "AUDIT":
		return "audit"
	case "REDIRECTED":
		return "redirect"
	}
	return ""
}

func direction(word string) trail.Direction {
	switch strings.TrimSpace(word) {
	case "INGRESS":
		return trail.In
	case "EGRESS":
		return trail.Out
	}
	return trail.DirUnknown
}
