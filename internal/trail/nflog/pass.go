package nflog

import (
	"bytes"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/trail"
)

// Step is one message of a trace: a rule and the packet that met it.
type Step struct {
	Trace
	// Family is "ip" or "ip6".
	Family string
	// Hook is its name, empty where the source does not tell.
	Hook string
	// In and Out are devices: names of the kernel log, indexes of nfnetlink_log.
	In, Out           string
	InIndex, OutIndex uint32
	// Mark is the packet's fwmark.
	Mark uint32
	// Time is nanoseconds since 1970, 0 where the source does not tell.
	Time int64
	// Line is where it stands in a file; 0 where there is none. Words is what it
	// was read from; nil for nfnetlink_log.
	Line  int
	Words *Line
	// Data is the packet from its IP header on. It belongs to the source.
	Data []byte
}

// Rule is the step without its packet. The verdict is not in a trace.
func (s *Step) Rule() trail.Rule {
	r := trail.Rule{Family: s.Family, Table: s.Table, Chain: s.Chain, Number: s.Number, Kind: s.Kind, Legacy: true}
	if s.Kind == trail.RuleReturn {
		r.Verdict = "return"
	}
	return r
}

// hook is the step's hook, as far as it tells by itself.
func (s *Step) hook() string {
	if s.Hook != "" {
		return s.Hook
	}
	return HookOf(s.Table, s.Chain, s.In != "" || s.InIndex != 0, s.Out != "" || s.OutIndex != 0)
}

// Pass is one packet in one table of iptables-legacy at one hook.
type Pass struct {
	// First is the step that it began with. Its Data and Words are the Pass's
	// own.
	First Step
	// Hook has the family and, as far as it is known, the name.
	Hook  trail.Hook
	Rules []trail.Rule
	// Start and Last are when its first and latest step came.
	Start, Last int64

	id         ident
	base       int  // the latest number in the chain where the hook begins
	named      bool // by the chain where the hook begins
	prev, next *Pass
}

// At is the hook with the table's priority.
func (p *Pass) At() *trail.Hook {
	h := p.Hook
	h.Priority = TablePriority(p.First.Table, h.Name)
	return &h
}

// Begun reports whether the pass was seen from its beginning: from the chain
// where the hook begins. Where a packet is marked inside of another chain the
// rest of that table is all there is.
func (p *Pass) Begun() bool { return BuiltIn(p.First.Chain) }

// Passes puts steps together that are about one packet in one table. They
// carry no number of the packet: it is told by its headers. A packet has left
// a table with a policy, when it shows in another one, or in the same one from
// the beginning, and after a silence. Passes knows no clock.
type Passes struct {
	// Silence is how long after its latest step a packet has left a table.
	Silence time.Duration
	// Most is how many packets are in tables at once: of more, the one that was
	// silent for longest has left; 0 is 4096.
	Most int
	// Ready are those that are over, in the order in which they ended: who
	// takes them empties it.
	Ready []*Pass

	open        map[loose][]*Pass
	first, last *Pass // in the order of Last
	n           int
}

const mostPasses = 4096

// Open is how many packets are in tables.
func (g *Passes) Open() int { return g.n }

// Add takes one step that came at now. It returns the pass that it belongs to
// and whether that is new.
func (g *Passes) Add(s *Step, now int64) (p *Pass, fresh bool) {
	if g.open == nil {
		g.open = map[loose][]*Pass{}
	}
	id := identify(s.Data)
	list := g.open[id.loose]
	i := slices.IndexFunc(list, func(p *Pass) bool { return p.has(s, &id) })
	if i >= 0 {
		p = list[i]
		g.unlink(p)
	} else {
		g.leave(list, &id)
		if most := g.most(); g.n >= most {
			g.finish(g.first)
		}
		p = &Pass{First: *s, Start: now, id: id, Hook: trail.Hook{Family: s.Family, Name: s.hook()}}
		p.First.Data = bytes.Clone(s.Data)
		if s.Words != nil {
			words := *s.Words
			p.First.Words = &words
		}
		g.open[id.loose] = append(g.open[id.loose], p)
		fresh = true
	}
	g.link(p)
	p.Last = now
	p.Rules = append(p.Rules, s.Rule())
	if BuiltIn(s.Chain) {
		p.base, p.named = s.Number, true
		p.Hook.Name = s.Chain // at the same place as a hook, whichever came first
	}
	// A policy is the last that is said of a packet there.
	if s.Kind == trail.RulePolicy {
		g.finish(p)
	}
	return p, fresh
}

func (g *Passes) most() int {
	if g.Most > 0 {
		return g.Most
	}
	return mostPasses
}

// Has reports whether a packet is still in the table.
func (g *Passes) Has(p *Pass) bool { return slices.Contains(g.open[p.id.loose], p) }

// Leave ends a pass, if it is open, where something else tells that its packet
// has left the table.
func (g *Passes) Leave(p *Pass) {
	if g.Has(p) {
		g.finish(p)
	}
}

// leave ends the passes of a packet that is now seen elsewhere.
func (g *Passes) leave(list []*Pass, id *ident) {
	for _, p := range slices.Clone(list) {
		if p.id.becomes(id) {
			g.finish(p)
		}
	}
}

// has is true if a step may go on with a pass. A packet does not come back to a
// rule in the chain where it began: that is another with the same headers.
func (p *Pass) has(s *Step, id *ident) bool {
	f := &p.First
	return p.id == *id && f.Table == s.Table && f.Family == s.Family && f.Hook == s.Hook &&
		f.InIndex == s.InIndex && f.OutIndex == s.OutIndex && f.In == s.In && f.Out == s.Out &&
		(!BuiltIn(s.Chain) || s.Number > p.base) &&
		(f.Hook != "" || !p.named || !BuiltIn(s.Chain) || p.Hook.Name == s.Chain)
}

func (g *Passes) finish(p *Pass) {
	g.unlink(p)
	key := p.id.loose
	list := g.open[key]
	if i := slices.Index(list, p); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if len(list) == 0 {
		delete(g.open, key)
	} else {
		g.open[key] = list
	}
	g.Ready = append(g.Ready, p)
}

// Expire ends what has been silent for long, and returns when to ask next; 0 is
// when something comes.
func (g *Passes) Expire(now int64) int64 {
	for g.first != nil {
		due := g.first.Last + int64(g.Silence)
		if due > now {
			return due
		}
		g.finish(g.first)
	}
	return 0
}

// Flush ends all that is open.
func (g *Passes) Flush() {
	for g.first != nil {
		g.finish(g.first)
	}
}

func (g *Passes) link(p *Pass) {
	p.prev, p.next = g.last, nil
	if g.last != nil {
		g.last.next = p
	} else {
		g.first = p
	}
	g.last = p
	g.n++
}

func (g *Passes) unlink(p *Pass) {
	if p.prev != nil {
		p.prev.next = p.next
	} else {
		g.first = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	} else {
		g.last = p.prev
	}
	p.prev, p.next = nil, nil
	g.n--
}
