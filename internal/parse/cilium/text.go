package cilium

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/trail"
)

// trace reads "-> endpoint 798 flow 0x0 , identity 19892->13770 state reply
// ifindex lxc7cc2c70fcb86 orig-ip 10.245.0.44: 10.245.0.44 -> 10.245.1.215 icmp
// EchoReply". L7 records begin alike and have no flow: they are passed over.
func (p *Reader) trace(b []byte) error {
	head, rest, ok := bytes.Cut(b, []byte(" flow 0x"))
	if !ok || len(head) > 64 {
		return nil
	}
	d := &trail.Datapath{}
	s := &parse.Sighting{}
	s.Seen = trail.Observation{Stage: trail.StageDatapath, Datapath: d}
	if !p.point(head, d) {
		return errFormat
	}
	hash, rest, _ := bytes.Cut(rest, []byte(" "))
	about, packet, ok := bytes.Cut(rest, []byte(": "))
	if !ok {
		return errFormat
	}
	for len(about) > 0 {
		var word []byte
		word, about, _ = bytes.Cut(about, []byte(" "))
		value, after, _ := bytes.Cut(about, []byte(" "))
		switch string(word) {
		case "identity":
			p.identities(value, d)
		case "state":
			s.Seen.Conntrack = Tracked(string(value))
		case "ifindex":
			p.device(s, value)
		case "orig-ip":
			d.Original = original(p.names.addr(value))
		default:
			continue // "," and "[ ip-trace-id = 7 ]"
		}
		about = after
	}
	s.Seen.Dir = Direction(d.Point)
	summary(packet, &p.names, &s.Seen.Seen, &s.Key)
	p.sight(s, "0x"+string(hash))
	return nil
}

// original is an address that is told as such; "0.0.0.0" and "::" are none.
func original(a netip.Addr) netip.Addr {
	if a.IsValid() && a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}

// point reads "-> endpoint 798", "<- network", "-> stack encrypted", "-> host
// from", "-> proxy port 15001".
func (p *Reader) point(b []byte, d *trail.Datapath) bool {
	way := "to-"
	if b[0] == '<' {
		way = "from-"
	}
	words := bytes.Fields(b[3:])
	if len(words) == 0 {
		return false
	}
	for i, w := range words[1:] {
		switch n := uint32(number(w)); {
		case string(w) == "encrypted":
			d.Encrypted = true
		case n > 0 && string(words[0]) == "endpoint":
			d.Endpoint = n
		case n > 0 && string(words[0]) == "proxy" && string(words[i]) == "port":
			d.ProxyPort = uint16(n)
		}
	}
	d.Point = p.names.word(append([]byte(way), words[0]...))
	return true
}

// identities reads "13770->unknown".
func (p *Reader) identities(b []byte, d *trail.Datapath) {
	src, dst, _ := bytes.Cut(b, []byte("->"))
	d.Source, d.Destination = identity(p.names.word(src)), identity(p.names.word(dst))
}

// drop reads "xx drop (Policy denied) flow 0x0 to endpoint 3498, ifindex 5, file
// bpf_lxc.c:2410, , identity 14009->19892: 10.245.1.121 -> 10.245.0.44 icmp
// EchoRequest". Older ones have neither device nor file.
func (p *Reader) drop(b []byte) error {
	i := bytes.LastIndex(b, []byte(") flow 0x"))
	if i < 0 {
		return errFormat
	}
	reason, rest := b[len("xx drop ("):max(i, len("xx drop ("))], b[i+len(") flow "):]
	about, packet, ok := bytes.Cut(rest, []byte(": "))
	hash, about, ok2 := bytes.Cut(about, []byte(" "))
	if !ok || !ok2 {
		return errFormat
	}
	d, s := dropped(p.names.word(reason))
	p.parts(about, s, d)
	summary(packet, &p.names, &s.Seen.Seen, &s.Key)
	p.sight(s, string(hash))
	return nil
}

func dropped(reason string) (*trail.Datapath, *parse.Sighting) {
	d := &trail.Datapath{}
	s := &parse.Sighting{}
	s.Seen = trail.Observation{Stage: trail.StageDrop, Datapath: d, Drop: &trail.Drop{Reason: reason}}
	if n, err := strconv.Atoi(reason); err == nil {
		s.Seen.Drop.Code = n
	}
	return d, s
}

// parts reads what stands between commas.
func (p *Reader) parts(b []byte, s *parse.Sighting, d *trail.Datapath) {
	for len(b) > 0 {
		var part []byte
		part, b, _ = bytes.Cut(b, []byte(", "))
		word := func(prefix string) ([]byte, bool) { return bytes.CutPrefix(part, []byte(prefix)) }
		if x, ok := word("to endpoint "); ok && number(x) > 0 {
			d.Endpoint = uint32(number(x))
		} else if x, ok := word("to proxy-port "); ok {
			d.ProxyPort = uint16(number(x))
		} else if x, ok := word("identity "); ok {
			p.identities(x, d)
		} else if x, ok := word("ifindex "); ok {
			p.device(s, x)
		} else if x, ok := word("interface "); ok {
			p.device(s, x)
		} else if x, ok := word("state "); ok {
			s.Seen.Conntrack = Tracked(string(x))
		} else if x, ok := word("orig-ip "); ok {
			d.Original = original(p.names.addr(x))
		} else if x, ok := word("file "); ok && s.Seen.Drop != nil {
			s.Seen.Drop.At = p.names.word(x)
		}
	}
}
