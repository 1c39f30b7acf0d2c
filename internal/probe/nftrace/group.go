package nftrace

import (
	"strings"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// How long a packet may be silent before it is taken to have left a table,
// how long its headers are kept for messages that come later still, and how
// many packets may be in tables at once.
const (
	silence  = 20 * time.Millisecond
	memory   = time.Second
	maxGroup = 4096
)

// group is one packet in one base chain, with all that it jumps to.
type group struct {
	first step // without its headers: they are in data
	data  []byte
	link  packet.LinkType
	rules []trail.Rule
	start int64 // ns, when its first message came
	last  int64 // ns, when its latest message came
}

// grouper makes groups of the messages of many packets. It knows no clock.
type grouper struct {
	// own is the table whose messages count as marks.
	own      string
	open     map[uint32]*group // by trace id
	ready    []*group
	marked   uint64
	headless uint64
}

func newGrouper(own string) *grouper {
	return &grouper{own: own, open: map[uint32]*group{}}
}

// ourTable is true for tables of pktrail, this one or another.
func ourTable(name string) bool { return strings.HasPrefix(name, tablePrefix) }

// tablePrefix begins the names of our tables; the process's id follows.
const tablePrefix = "pktrail-"

// add takes one message that came at now.
func (g *grouper) add(s *step, now int64) {
	if ourTable(s.table) {
		// A packet that comes by with its bit set runs into the mark chain
		// too; it used up a token of the limit, so it counts.
		if s.table == g.own && s.kind == traceRule && s.handle != 0 && (s.chain == markChain || s.chain == insideChain) {
			g.marked++
		}
		return
	}
	is := g.open[s.id]
	switch {
	case s.begins():
		if is != nil {
			g.finish(s.id, is)
		}
		if len(g.open) >= maxGroup {
			g.flush()
		}
		is = &group{first: *s, start: now}
		is.data, is.link = s.packet()
		is.first.link, is.first.network, is.first.transport = nil, nil, nil
		g.open[s.id] = is
	case is == nil || is.first.table != s.table || is.first.family != s.family:
		g.headless++
		return
	case is.rules == nil: // it went on after all
		is.start = now
	}
	is.last = now
	r := s.rule()
	if r.Kind == trail.RuleReturn && s.chain == is.first.chain {
		return // the end of the base chain: its policy comes next
	}
	is.rules = append(is.rules, r)
	if s.ends() {
		g.finish(s.id, is)
	}
}

// finish hands a group on and forgets it.
func (g *grouper) finish(id uint32, is *group) {
	delete(g.open, id)
	g.hand(is)
}

func (g *grouper) hand(is *group) {
	if len(is.rules) == 0 {
		return
	}
	done := *is
	g.ready = append(g.ready, &done)
	is.rules = nil
}

// expire hands on what has been silent for long, and returns when to ask
// next; 0 is when something comes.
func (g *grouper) expire(now int64) int64 {
	next := int64(0)
	for id, is := range g.open {
		due := is.last + int64(silence)
		if is.rules == nil {
			due = is.last + int64(memory)
		}
		if due <= now {
			if is.rules == nil {
				delete(g.open, id)
				continue
			}
			g.hand(is)
			due = is.last + int64(memory)
		}
		if next == 0 || due < next {
			next = due
		}
	}
	return next
}

// flush hands on all that is open, and forgets it: after messages were lost,
// the next ones may be another packet's.
func (g *grouper) flush() {
	for id, is := range g.open {
		g.finish(id, is)
	}
}

// event is a group as an event, but for hook and names of devices.
func (is *group) event() Event {
	f := &is.first
	e := Event{Data: is.data, Link: is.link, ID: f.id, ConntrackID: f.ctID}
	e.Time, e.Late = is.start, true
	e.Stage = trail.StageRules
	e.Len = totalLen(is.data)
	if is.link == packet.LinkEthernet {
		if e.Len = totalLen(is.data[etherLen:]); e.Len != 0 {
			e.Len += etherLen
		}
	}
	e.Rules = is.rules
	e.Mark = f.mark
	e.Conntrack = f.conntrack()
	return e
}
