package cilium

import (
	"strconv"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/jsonline"
	"github.com/pktrail/pktrail/internal/trail"
)

// members are those of an event in JSON, of whatever kind.
type members struct {
	cpu, kind, mark, ifindex, state, point, reason []byte
	message, summary                               []byte
	source, bytes, srcLabel, dstLabel, dstID       uint64
	line, file, number, count                      uint64
}

// object reads an event of -j.
func (p *Reader) object(b []byte) error {
	var m members
	o := jsonline.Open(b)
	for {
		name, value, ok := o.Next()
		if !ok {
			break
		}
		m.take(name, value)
	}
	if err := o.Err(); err != nil {
		return err
	}
	switch string(m.kind) {
	case "trace":
		return p.objectTrace(&m)
	case "drop":
		return p.objectDrop(&m)
	case "capture":
		text := string(m.message)
		if s := jsonline.Text(m.summary); len(s) > 0 {
			text += ": " + string(s)
		}
		p.fact(parse.Fact{Kind: parse.FactNote, Text: text})
	case "debug":
		p.fact(parse.Fact{Kind: parse.FactNote, Text: string(m.message)})
	case "lost":
		p.lost(int(min(m.count, 1<<31)), string(b))
	case "":
		return errFormat
	}
	return nil // events of the agent, L7 records, and what later versions add
}

func (m *members) take(name, value []byte) {
	switch string(name) {
	case "cpu":
		m.cpu = jsonline.Text(value)
	case "type":
		m.kind = jsonline.Text(value)
	case "mark":
		m.mark = jsonline.Text(value)
	case "ifindex":
		m.ifindex = jsonline.Text(value)
	case "state":
		m.state = jsonline.Text(value)
	case "observationPoint":
		m.point = jsonline.Text(value)
	case "reason":
		m.reason = jsonline.Text(value)
	case "message":
		m.message = jsonline.Text(value)
	case "summary":
		m.summary = value
	case "source":
		m.source = jsonline.Uint(value)
	case "bytes":
		m.bytes = jsonline.Uint(value)
	case "srcLabel":
		m.srcLabel = jsonline.Uint(value)
	case "dstLabel":
		m.dstLabel = jsonline.Uint(value)
	case "dstID":
		m.dstID = jsonline.Uint(value)
	case "Line":
		m.line = jsonline.Uint(value)
	case "File":
		m.file = jsonline.Uint(value)
	case "Ifindex":
		m.number = jsonline.Uint(value)
	case "lost", "count":
		m.count = jsonline.Uint(value)
	}
}

func (p *Reader) objectTrace(m *members) error {
	if len(m.point) == 0 {
		return errFormat
	}
	s, d := m.begin(trail.StageDatapath)
	d.Point = p.names.word(m.point)
	switch d.Point {
	case "to-endpoint":
		d.Endpoint = uint32(m.dstID)
	case "to-proxy":
		d.ProxyPort = uint16(m.dstID)
	}
	s.Seen.Dir = Direction(d.Point)
	s.Seen.Conntrack = Tracked(string(m.state))
	p.device(s, m.ifindex)
	p.packet(s, m.summary)
	p.sight(s, string(m.mark))
	return nil
}

// device takes what stands for a device: its name, or its number where that is
// not known any more. "0" is none.
func (p *Reader) device(s *parse.Sighting, b []byte) {
	if len(b) == 0 {
		return
	}
	if n, err := strconv.Atoi(string(b)); err == nil {
		s.At.Index = max(n, 0)
		return
	}
	s.At.Interface = p.names.word(b)
}

func (p *Reader) objectDrop(m *members) error {
	if len(m.reason) == 0 {
		return errFormat
	}
	s, d := m.begin(trail.StageDrop)
	if d.Endpoint == 0 {
		d.Endpoint = uint32(m.dstID)
	}
	s.At.Index = int(min(m.number, 1<<30))
	drop := &trail.Drop{Reason: p.names.word(m.reason)}
	if n, err := strconv.Atoi(drop.Reason); err == nil {
		drop.Code = n // one that this version has no name for
	}
	if m.file != 0 {
		file := sourceFile(m.file)
		if file == "" {
			file = "file " + strconv.FormatUint(m.file, 10)
		}
		drop.At = p.names.word([]byte(file + ":" + strconv.FormatUint(m.line, 10)))
	}
	s.Seen.Drop = drop
	p.packet(s, m.summary)
	p.sight(s, string(m.mark))
	return nil
}

// begin makes a sighting of what all events of packets have.
func (m *members) begin(stage trail.Stage) (*parse.Sighting, *trail.Datapath) {
	d := &trail.Datapath{Endpoint: uint32(m.source)}
	d.Source.Number, d.Destination.Number = uint32(m.srcLabel), uint32(m.dstLabel)
	d.Source.Name, d.Destination.Name = Reserved(d.Source.Number), Reserved(d.Destination.Number)
	s := &parse.Sighting{}
	s.Seen = trail.Observation{Stage: stage, Datapath: d, Len: int(min(m.bytes, 1<<30)), CPU: cpu(m.cpu)}
	return s, d
}

// cpu reads "CPU 07:", as trail counts them.
func cpu(b []byte) int {
	if len(b) < 5 {
		return 0
	}
	return int(number(b[4:])) + 1
}

// packet reads the layers that the monitor shows of a packet, and those of the
// tunnel that it is in.
func (p *Reader) packet(s *parse.Sighting, b []byte) {
	var l headers
	tunnel := l.members(b)
	if !l.fill(&p.names, &s.Seen.Seen, &s.Key) {
		return
	}
	if tunnel == nil {
		return
	}
	var outer headers
	outer.members(tunnel)
	if t, ok := outer.tunnel(&p.names, &s.Seen.Seen); ok {
		s.Seen.Seen.Tunnels = []trail.Tunnel{t}
	}
}

// members takes the layers of a summary. It returns the outer ones.
func (l *headers) members(b []byte) (tunnel []byte) {
	o := jsonline.Open(b)
	for {
		name, value, ok := o.Next()
		if !ok {
			return tunnel
		}
		switch string(name) {
		case "ethernet":
			l.ethernet = value
		case "ipv4":
			l.ipv4 = value
		case "ipv6":
			l.ipv6 = value
		case "tcp":
			l.tcp = value
		case "udp":
			l.udp = value
		case "sctp":
			l.sctp = value
		case "icmpv4":
			l.icmpv4 = value
		case "icmpv6":
			l.icmpv6 = value
		case "vxlan":
			l.vxlan = value
		case "geneve":
			l.geneve = value
		case "tunnel":
			tunnel = value
		}
	}
}

// lost notes that the monitor lost events.
func (p *Reader) lost(n int, text string) {
	p.seen.lost += n
	p.fact(parse.Fact{Kind: parse.FactLost, Count: n, Text: text})
}
