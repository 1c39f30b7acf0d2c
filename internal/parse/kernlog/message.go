package kernlog

import (
	"errors"
	"strings"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/lines"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// message takes what one line says.
func (r *Reader) message(m *message) error {
	if m.hasSequence {
		r.number(m)
	}
	if r.isBoot(m) {
		return nil
	}
	h := r.of(m)
	at := h.clock.of(&m.stamp, &r.o)
	beat := m.beat(at)
	h.passes.Expire(beat)
	h.age(r, m.line, at)
	r.collect(h)
	err := nflog.ErrOther
	if !m.foreign && !strings.HasPrefix(m.text, "message repeated ") { // rsyslog quotes the message
		err = nflog.Decode(m.text, &r.words)
	}
	if err == nil {
		r.packet(h, m, at, beat)
		return nil
	}
	if f, ok := factOf(m); ok {
		f.Line, f.Time, f.Node = m.line, at, h.name
		r.fact(f)
		return nil
	}
	switch {
	case m.foreign:
		return nil
	case !errors.Is(err, nflog.ErrOther):
		return lines.Error(m.line, m.text, err)
	case strings.HasPrefix(m.text, "TRACE: ") && strings.Count(m.text, ":") > 3:
		return lines.Error(m.line, m.text, errNoPacket)
	}
	r.martian(h, m, at)
	return nil
}

var errNoPacket = errors.New("a trace without its packet")

// packet takes a line about a packet.
func (r *Reader) packet(h *host, m *message, at, beat int64) {
	l := &r.words
	trace, isTrace := nflog.DecodeTrace(l.Prefix)
	if !isTrace || l.ARP != nil {
		r.log(h, m, at)
		return
	}
	r.scratch = l.Append(r.scratch[:0])
	s := nflog.Step{
		Trace: trace, Family: family(l), In: l.In, Out: l.Out, Mark: l.Mark,
		Time: at, Line: m.line, Words: l, Data: r.scratch,
	}
	p, fresh := h.passes.Add(&s, beat)
	if fresh && !p.Begun() && trace.Table != "raw" {
		r.fact(parse.Fact{
			Line: m.line, Time: at, Node: h.name, Kind: parse.FactLost,
			Text: "the lines of this packet before " + trace.Table + " " + trace.Chain + " are missing",
		})
	}
	h.traced[h.at%recent] = traced{words: *l, pass: p, time: at}
	h.at++
	r.collect(h)
}

// family is that of the tables that a packet meets.
func family(l *nflog.Line) string {
	switch {
	case l.ARP != nil:
		return "arp"
	case l.Src.Is6():
		return "ip6"
	}
	return "ip"
}

// number notes a gap in the numbers of the records of /dev/kmsg.
func (r *Reader) number(m *message) {
	if was := r.sequence; was != 0 && m.sequence > was+1 {
		r.fact(parse.Fact{Line: m.line, Kind: parse.FactLost, Node: r.o.Node, Count: int(min(m.sequence-was-1, 1<<31)), Text: "records of the kernel log are missing"})
	}
	r.sequence = m.sequence
}

func (r *Reader) fact(f parse.Fact) { r.ready = append(r.ready, parse.Item{Fact: &f}) }

// collect hands out the passes that are over.
func (r *Reader) collect(h *host) {
	if len(h.passes.Ready) == 0 {
		return
	}
	for i, p := range h.passes.Ready {
		r.sighting(h.passed(p))
		h.passes.Ready[i] = nil
	}
	h.passes.Ready = h.passes.Ready[:0]
}

func (r *Reader) sighting(s *parse.Sighting) { r.ready = append(r.ready, parse.Item{Sighting: s}) }

// finish hands out all that is open.
func (r *Reader) finish() {
	all := make([]*host, 0, len(r.hosts))
	for _, h := range r.hosts {
		all = append(all, h)
	}
	sortHosts(all)
	for _, h := range all {
		h.passes.Flush()
		r.collect(h)
		for _, l := range h.logged {
			r.sighting(h.loggedSighting(l))
		}
		h.logged = nil
		r.settle(h)
	}
}
