package ruletrace

import (
	"hash/fnv"
	"slices"
	"strconv"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/trail"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// HookFunc gives the hook of a base chain, as a ruleset has it; false if it is
// not known.
type HookFunc func(family, table, chain string) (trail.Hook, bool)

const (
	// mostOpen is how many packets are followed at once.
	mostOpen = 4096
	// idle is after how many lines of others a packet has gone.
	idle = 2000
)

// Traces gathers messages. Its zero value is ready.
type Traces struct {
	// Hook may be nil: the hook is then told by the chain's name and the
	// packet's devices, as far as they tell.
	Hook HookFunc
	// Node is whose the trace is.
	Node string
	// Ready are sightings and facts, oldest first: who takes them empties it.
	Ready []parse.Item

	open  map[uint32]*flight
	order []*flight // in the order of their first lines; of those that are over the first ones are missing
}

// flight is a packet under one number.
type flight struct {
	id       uint32
	first    int
	last     int
	passes   []*pass
	headless bool
	over     bool
}

// pass is a packet in one base chain.
type pass struct {
	line   int
	words  nflog.Line
	family string
	table  string
	chain  string
	rules  []trail.Rule
	ct     *trail.Conntrack
	over   bool
}

// Packet takes a message with a packet's headers. Family, table and chain are
// those of the base chain, empty where the tool does not say.
func (t *Traces) Packet(line int, id uint32, family, table, chain string, l *nflog.Line) {
	t.pass(line)
	f := t.open[id]
	if f != nil && !f.goesOn(l, family, table, chain) {
		t.finish(f)
		f = nil
	}
	if f == nil {
		f = t.begin(line, id)
	}
	f.last = line
	f.passes = append(f.passes, &pass{line: line, words: *l, family: family, table: table, chain: chain})
}

func (t *Traces) begin(line int, id uint32) *flight {
	if t.open == nil {
		t.open = map[uint32]*flight{}
	}
	if len(t.order) >= mostOpen {
		t.finish(t.order[0])
	}
	f := &flight{id: id, first: line, last: line}
	t.open[id] = f
	t.order = append(t.order, f)
	return f
}

// goesOn reports whether headers are of the packet that a number stood for
// last.
func (f *flight) goesOn(l *nflog.Line, family, table, chain string) bool {
	if len(f.passes) == 0 {
		return true
	}
	p := f.passes[len(f.passes)-1]
	a, b := &p.words.Headers, &l.Headers
	if a.Version() != b.Version() || a.ID != b.ID || a.Len != b.Len || a.Fragment != b.Fragment || a.Flags != b.Flags ||
		a.Src != b.Src && a.Dst != b.Dst || a.EchoSeq != b.EchoSeq || b.TTL > a.TTL {
		return false
	}
	return !slices.ContainsFunc(f.passes, func(p *pass) bool {
		return chain != "" && p.family == family && p.table == table && p.chain == chain && p.words.In == l.In && p.words.Out == l.Out
	})
}

// Rule takes a message about a rule, a policy or the end of a chain. Proto is
// the protocol that the rule matches, 0 for any.
func (t *Traces) Rule(line int, id uint32, r *trail.Rule, proto packet.Proto) {
	t.pass(line)
	f := t.open[id]
	if f == nil {
		f = t.begin(line, id)
	}
	f.last = line
	var p *pass
	if n := len(f.passes); n > 0 {
		p = f.passes[n-1]
	}
	if p != nil && p.table == "" && !p.over {
		p.family, p.table, p.chain = r.Family, r.Table, r.Chain
		if f.wasIn(p) { // only now the chain is known
			f.passes = f.passes[:len(f.passes)-1]
			t.finish(f)
			f = t.begin(p.line, id)
			f.last = line
			f.passes = append(f.passes, p)
		}
	}
	switch {
	case p == nil || p.over || p.family != r.Family || p.table != r.Table:
		if !f.headless {
			f.headless = true
			t.Ready = append(t.Ready, parse.Item{Fact: &parse.Fact{
				Line: line, Kind: parse.FactLost, Node: t.Node,
				Text: "the packet of trace id " + strconv.FormatUint(uint64(id), 16) + " in " + r.Table + " " + r.Chain + " is missing",
			}})
		}
		return
	case r.Kind == trail.RuleReturn && r.Chain == p.chain:
		return // the end of the base chain: its policy comes next
	}
	if proto != 0 && !p.words.HasProto {
		p.words.Proto, p.words.HasProto = proto, true
	}
	p.rules = append(p.rules, *r)
	p.over = r.Kind == trail.RulePolicy || r.Kind == trail.RuleMatched && ends(r.Verdict)
}

// wasIn reports whether an earlier pass was in the same base chain.
func (f *flight) wasIn(p *pass) bool {
	return slices.ContainsFunc(f.passes, func(o *pass) bool {
		return o != p && o.family == p.family && o.table == p.table && o.chain == p.chain && o.words.In == p.words.In && o.words.Out == p.words.Out
	})
}

// ends reports whether a packet leaves a base chain with a verdict.
func ends(verdict string) bool {
	switch verdict {
	case "", "continue", "jump", "goto", "return", "break":
		return false
	}
	return true
}

// Conntrack takes what connection tracking knew of a packet.
func (t *Traces) Conntrack(line int, id uint32, c *trail.Conntrack) {
	t.pass(line)
	if f := t.open[id]; f != nil && len(f.passes) > 0 {
		f.passes[len(f.passes)-1].ct = c
	}
}

// Lost takes a tool's word that messages are missing: what goes on may be
// another packet.
func (t *Traces) Lost(line int, text string) {
	t.Flush()
	t.Ready = append(t.Ready, parse.Item{Fact: &parse.Fact{Line: line, Kind: parse.FactLost, Node: t.Node, Text: text}})
}

// pass lets go of packets that nothing was said of for long.
func (t *Traces) pass(line int) {
	for len(t.order) > 0 && line-t.order[0].last > idle {
		t.finish(t.order[0])
	}
}

// Flush hands out all that is open.
func (t *Traces) Flush() {
	for len(t.order) > 0 {
		t.finish(t.order[0])
	}
}

// finish ends a packet. Packets are handed out in the order of their first
// lines, since there are no times to put them into it.
func (t *Traces) finish(f *flight) {
	if t.open[f.id] == f {
		delete(t.open, f.id)
	}
	f.over = true
	for len(t.order) > 0 && t.order[0].over {
		t.hand(t.order[0])
		t.order[0] = nil
		t.order = t.order[1:]
	}
}

// hand hands out the passes of a packet.
func (t *Traces) hand(f *flight) {
	f.agree()
	number := uint64(0)
	for _, p := range f.passes {
		if len(p.rules) == 0 {
			continue
		}
		s := t.sighting(p)
		if s.Frame == nil && p.words.ID == 0 {
			if number == 0 {
				number = f.number(p)
			}
			s.Seen.Flight = number
		}
		t.Ready = append(t.Ready, parse.Item{Sighting: s})
	}
}

// agree tells all passes the protocol that one of them tells.
func (f *flight) agree() {
	for _, p := range f.passes {
		if !p.words.HasProto {
			continue
		}
		for _, o := range f.passes {
			if !o.words.HasProto {
				o.words.Proto, o.words.HasProto = p.words.Proto, true
			}
		}
		return
	}
}

// number is one that stands for a packet whose headers do not tell it from
// others: equal only in the same file.
func (f *flight) number(p *pass) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strconv.Itoa(f.first) + " " + strconv.Itoa(int(f.id)) + " " + p.words.Flow().String() + " " + p.words.SrcMAC))
	return h.Sum64() | 1
}

// sighting is a packet in one base chain.
func (t *Traces) sighting(p *pass) *parse.Sighting {
	l := &p.words
	hook := t.hookOf(p)
	s := &parse.Sighting{Line: p.line, At: trail.Point{Node: t.Node, Interface: l.In, Link: packet.LinkRaw}}
	o := &s.Seen
	o.Stage, o.Hook, o.Rules, o.Mark, o.Conntrack = trail.StageRules, hook, p.rules, l.Mark, p.ct
	switch hook.Name {
	case "OUTPUT", "POSTROUTING", "EGRESS":
		o.Dir, s.At.Interface = trail.Out, l.Out
	case "PREROUTING", "INPUT", "INGRESS":
		o.Dir = trail.In
	default:
		switch {
		case l.In == "":
			o.Dir, s.At.Interface = trail.Out, l.Out
		case l.Out == "":
			o.Dir = trail.In
		}
	}
	l.Show(s.Seen.Dir == trail.Out, func(link packet.LinkType, data []byte, n int) {
		s.At.Link, o.Len = link, n
		s.Frame = &trail.Frame{Dir: o.Dir, Len: n, Data: data}
	}, func(k packet.Key, h trail.Headers) {
		s.Key, o.Seen, o.Len = k, h, l.Len
	})
	return s
}
