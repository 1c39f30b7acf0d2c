package cilium

import (
	"bytes"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/trail"
)

// verdict is what policies decided. Its line is plain text even among JSON, and
// shows no number of the packet: the next line of the same flow and kind does,
// where the packet goes on or is dropped.
type verdict struct {
	s    *parse.Sighting
	hash string
}

const (
	// maxVerdicts and maxWait, in lines, bound for how long they wait.
	maxVerdicts = 64
	maxWait     = 256
)

// policy reads "Policy verdict log: flow 0x0 local EP ID 3498, remote ID 14009,
// proto 1, ingress, action deny, auth: disabled, match none, 10.245.1.121 ->
// 10.245.0.44 icmp EchoRequest". Older ones say "ingress true" and have no
// auth.
func (p *Reader) policy(b []byte) error {
	rest, ok := bytes.CutPrefix(b, []byte("Policy verdict log: flow "))
	hash, rest, ok2 := bytes.Cut(rest, []byte(" "))
	if !ok || !ok2 {
		return errFormat
	}
	d, v := &trail.Datapath{}, &trail.Policy{}
	s := &parse.Sighting{Line: p.in.Number()}
	s.Seen = trail.Observation{Stage: trail.StagePolicy, Datapath: d, Policy: v}
	var remote trail.Identity
	done := false
	for len(rest) > 0 && !done {
		var part []byte
		part, rest, _ = bytes.Cut(rest, []byte(", "))
		word := func(prefix string) ([]byte, bool) { return bytes.CutPrefix(part, []byte(prefix)) }
		if x, ok := word("local EP ID "); ok {
			d.Endpoint = uint32(number(x))
		} else if x, ok := word("remote ID "); ok {
			remote = identity(p.names.word(x))
		} else if x, ok := word("action "); ok {
			v.Action = p.names.word(x)
		} else if x, ok := word("match "); ok {
			v.Match = p.names.word(x)
			done = true
		} else if x, ok := word("PolicyName "); ok {
			v.Names = append(v.Names, p.names.word(x))
		} else {
			switch string(part) {
			case "ingress", "ingress true":
				v.Direction = trail.In
			case "egress", "ingress false":
				v.Direction = trail.Out
			}
		}
	}
	if !done || v.Action == "" || v.Direction == trail.DirUnknown || !summary(rest, &p.names, &s.Seen.Seen, &s.Key) {
		return errFormat
	}
	if v.Direction == trail.In {
		d.Source = remote
	} else {
		d.Destination = remote
	}
	s.At.Node = p.o.Node
	s.At.Interface = p.devices[d.Endpoint]
	p.verdicts = append(p.verdicts, verdict{s, string(hash)})
	if len(p.verdicts) > maxVerdicts {
		p.releaseFirst()
	}
	return nil
}

// decided puts the verdicts about a packet before it, with what tells it.
func (p *Reader) decided(s *parse.Sighting, hash string) {
	for i := 0; i < len(p.verdicts); i++ {
		v := &p.verdicts[i]
		if v.hash != hash || !sameKind(v.s, s) {
			continue
		}
		v.s.Key, v.s.Seen.Seen = s.Key, s.Seen.Seen
		v.s.Frame = s.Frame
		p.queue = append(p.queue, parse.Item{Sighting: v.s})
		p.verdicts = append(p.verdicts[:i], p.verdicts[i+1:]...)
		return // a packet that is decided about twice has a line in between
	}
}

// sameKind says whether a packet in short form may be the one of a sighting.
func sameKind(short, s *parse.Sighting) bool {
	f, g := short.Seen.Seen.Flow, s.Seen.Seen.Flow
	f.ID, g.ID = 0, 0
	a, b := short.Key.Type, s.Key.Type
	if f.Proto == packet.ProtoTCP {
		const shown = uint8(packet.SYN | packet.ACK | packet.RST | packet.FIN)
		a, b = a&shown, b&shown
	}
	return f == g && a == b && short.Key.Code == s.Key.Code
}

// release gives the verdicts that have waited for too long by a line; 0 is the
// end of all.
func (p *Reader) release(line int) {
	for len(p.verdicts) > 0 && (line == 0 || line-p.verdicts[0].s.Line > maxWait) {
		p.releaseFirst()
	}
}

func (p *Reader) releaseFirst() {
	s := p.verdicts[0].s
	p.verdicts = p.verdicts[1:]
	p.seen.add(s)
	p.queue = append(p.queue, parse.Item{Sighting: s})
}

// identity reads an identity as it is written: a number, or a reserved name.
func identity(s string) trail.Identity {
	if s == "" || s == "unknown" {
		return trail.Identity{}
	}
	if s[0] >= '0' && s[0] <= '9' {
		n := uint32(number([]byte(s)))
		return trail.Identity{Number: n, Name: Reserved(n)}
	}
	return trail.Identity{Number: reservedNumber(s), Name: s}
}
