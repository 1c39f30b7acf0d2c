package cilium

import (
	"bytes"
	"encoding/hex"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/trail"
)

// event is one of -v -v, whose packet follows it: layer by layer, or as bytes
// (--hex).
type event struct {
	s     *parse.Sighting
	hash  string
	note  string // of a capture, which is a fact
	outer headers
	in    headers
	data  []byte
}

// maxData is the most that is taken of a packet's bytes.
const maxData = 1 << 14

// verbose reads what begins with a CPU: "CPU 01: MARK 0x0 FROM 798
// from-endpoint: 98 bytes (98 captured), state new, interface lxc1, identity
// 13770->19892, orig-ip 0.0.0.0, to endpoint 798", the same with DROP or DEBUG,
// and "CPU 01: Lost 5 events".
func (p *Reader) verbose(b []byte) error {
	prefix, rest, ok := bytes.Cut(b, []byte(": "))
	if !ok {
		return errFormat
	}
	if n, ok := bytes.CutPrefix(rest, []byte("Lost ")); ok && number(n) > 0 {
		p.lost(int(min(number(n), 1<<31)), string(rest))
		return nil
	}
	rest, ok = bytes.CutPrefix(rest, []byte("MARK "))
	if !ok {
		return nil // of another tool, or of a later version
	}
	hash, rest, _ := bytes.Cut(rest, []byte(" "))
	_, rest, ok = bytes.Cut(rest, []byte("FROM "))
	from, rest, ok2 := bytes.Cut(rest, []byte(" "))
	what, rest, ok3 := bytes.Cut(rest, []byte(": "))
	if !ok || !ok2 || !ok3 {
		return errFormat
	}
	e := &event{hash: string(hash)}
	switch string(what) {
	case "DROP":
		e.s = p.verboseDrop(rest)
	case "DEBUG":
		if i := bytes.Index(rest, []byte(" bytes, ")); i > 0 && int(number(rest)) > 0 && bytes.IndexByte(rest[:i], ' ') < 0 {
			e.note = string(rest[i+len(" bytes, "):])
			p.event = e
			return nil
		}
		p.fact(parse.Fact{Kind: parse.FactNote, Text: string(rest)})
		return nil
	default:
		e.s = p.verboseTrace(what, rest)
	}
	if e.s == nil {
		return errFormat
	}
	e.s.Line = p.in.Number()
	e.s.Seen.Len = int(min(number(rest), 1<<30))
	e.s.Seen.CPU = cpu(prefix)
	if d := e.s.Seen.Datapath; d.Endpoint == 0 {
		d.Endpoint = uint32(number(from))
	}
	p.event = e
	return nil
}

func (p *Reader) verboseTrace(what, rest []byte) *parse.Sighting {
	d := &trail.Datapath{}
	s := &parse.Sighting{}
	s.Seen = trail.Observation{Stage: trail.StageDatapath, Datapath: d}
	for w := range bytes.FieldsSeq(what) {
		if string(w) == "encrypted" {
			d.Encrypted = true
			continue
		}
		d.Point = p.names.word(w)
	}
	if !strings.HasPrefix(d.Point, "to-") && !strings.HasPrefix(d.Point, "from-") {
		return nil
	}
	s.Seen.Dir = Direction(d.Point)
	p.parts(rest, s, d)
	if d.Point != "to-endpoint" {
		d.Endpoint = 0 // that of the program which spoke is told before
	}
	return s
}

func (p *Reader) verboseDrop(rest []byte) *parse.Sighting {
	_, reason, ok := bytes.Cut(rest, []byte("reason "))
	if !ok {
		return nil
	}
	reason, rest, _ = bytes.Cut(reason, []byte(", "))
	d, s := dropped(p.names.word(reason))
	p.parts(rest, s, d)
	return s
}

// eventLine takes a line of the event's packet; false if it is none.
func (p *Reader) eventLine(b []byte) bool {
	e := p.event
	if bytes.HasPrefix(b, []byte("  Packet has been truncated")) {
		return true
	}
	if data, ok := hexLine(b, len(e.data)); ok {
		if len(e.data) < maxData {
			e.data = append(e.data, data...)
		}
		return true
	}
	if e.in.vxlan != nil || e.in.geneve != nil { // what was before is the tunnel
		e.outer, e.in = e.in, headers{}
	}
	return e.in.add(b)
}

// endEvent gives the event whose packet has been read.
func (p *Reader) endEvent() {
	e := p.event
	if e == nil {
		return
	}
	p.event = nil
	if e.s == nil {
		p.fact(parse.Fact{Kind: parse.FactNote, Text: e.note})
		return
	}
	h := &e.s.Seen.Seen
	if len(e.data) > 0 {
		e.s.Frame = &trail.Frame{Dir: e.s.Seen.Dir, Len: max(e.s.Seen.Len, len(e.data)), Data: e.data}
		e.s.At.Link = packet.LinkEthernet
		var d packet.Packet
		d.DecodeLen(e.s.At.Link, e.data, e.s.Frame.Len)
		if id, ok := d.Identity(); ok {
			e.s.Key = id.Key
		}
		h.Flow, _ = d.Flow()
	} else {
		e.in.fill(&p.names, h, &e.s.Key)
		if t, ok := e.outer.tunnel(&p.names, h); ok {
			h.Tunnels = []trail.Tunnel{t}
		}
	}
	p.sight(e.s, e.hash)
}

// hexLine reads a line of hex.Dump, which begins with where its bytes stand:
// "00000010  5e f0 f4 59 43 10 d2 be  ba 0b 21 63 08 00 45 00  |^..YC.....!c..E.|".
func hexLine(b []byte, at int) ([]byte, bool) {
	if len(b) < 10 || b[8] != ' ' || b[9] != ' ' {
		return nil, false
	}
	var where [4]byte
	if _, err := hex.Decode(where[:], b[:8]); err != nil {
		return nil, false
	}
	if n := int(where[0])<<24 | int(where[1])<<16 | int(where[2])<<8 | int(where[3]); n != at && at < maxData {
		return nil, false
	}
	text, _, _ := bytes.Cut(b[10:], []byte("|"))
	text = bytes.ReplaceAll(text, []byte(" "), nil)
	data := make([]byte, len(text)/2)
	if _, err := hex.Decode(data, text[:len(data)*2]); err != nil || len(data) == 0 || len(data) > 16 {
		return nil, false
	}
	return data, true
}
