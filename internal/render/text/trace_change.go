package text

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// change says what was done to a packet since it was seen before, at the row
// that did it: a translation beside its rule, a tunnel beside its device. at is
// the row of this observation, -1 if it has none.
func (m *rowMaker) change(at int, o *trail.Observation) {
	if !o.Seen.Flow.Src.IsValid() {
		return
	}
	a, b := m.seen, &o.Seen
	if a != nil && portless(&b.Flow) && !portless(&a.Flow) {
		whole := *b // a fragment behind the first has no ports; what was done to it stands at the first
		whole.Flow, b = a.Flow, &whole
	}
	m.seen = b
	if a == nil {
		return
	}
	if portless(&a.Flow) && a.Flow.Src == b.Flow.Src && a.Flow.Dst == b.Flow.Dst {
		return // put together again
	}
	if a.Flow.Dst != b.Flow.Dst || a.Flow.DstPort != b.Flow.DstPort {
		m.translated(at, o, "DNAT", end(a.Flow, true)+" -> "+end(b.Flow, true))
	}
	if a.Flow.Src != b.Flow.Src || a.Flow.SrcPort != b.Flow.SrcPort {
		m.translated(at, o, "SNAT", end(a.Flow, false)+" -> "+end(b.Flow, false))
	}
	if at < 0 {
		at = len(m.rows) - 1
	}
	if at < 0 || len(a.Tunnels) == len(b.Tunnels) {
		return
	}
	shared := 0
	for shared < min(len(a.Tunnels), len(b.Tunnels)) && a.Tunnels[len(a.Tunnels)-1-shared] == b.Tunnels[len(b.Tunnels)-1-shared] {
		shared++ // from the inside: a new one is put around the others
	}
	for _, t := range a.Tunnels[:len(a.Tunnels)-shared] {
		text := tunnelName(&t) + " removed"
		if o.Point.Interface != "" && !strings.HasPrefix(m.rows[at].place, o.Point.Interface+" ") {
			text += " at " + o.Point.Interface
		}
		m.note(at, text)
	}
	for _, t := range b.Tunnels[:len(b.Tunnels)-shared] {
		m.note(m.wrapper(at), tunnelName(&t)+", "+t.Flow.Src.String()+" -> "+end(t.Flow, true))
	}
}

// portless says whether a flow of a protocol with ports has none.
func portless(f *packet.Flow) bool { return f.HasPorts() && f.SrcPort == 0 && f.DstPort == 0 }

// wrapper is the row of the device that put a packet into a tunnel; at if
// there is none.
func (m *rowMaker) wrapper(at int) int {
	for i := at; i >= 0 && m.rows[i].hop == m.hop; i-- {
		if r := &m.rows[i]; r.dir == trail.Out && overlay(r.point) && r.rules == nil && r.route == nil {
			return i
		}
	}
	return at
}

// translated puts a translation at the rule that made it. Answers are
// translated back by conntrack, without a rule.
func (m *rowMaker) translated(at int, o *trail.Observation, kind, text string) {
	for i := len(m.rows) - 1; i >= 0 && m.rows[i].hop == m.hop; i-- {
		r := &m.rows[i]
		if r.rules == nil || r.rules.translated || !made(kind, r.rules) {
			continue
		}
		r.rules.translated, r.dull = true, false
		word := kind
		if v := r.rules.verdict; v == "masquerade" || v == "redirect" {
			word = v
		}
		s := say{text: word + " " + text}
		if n := len(r.says); n > 0 { // the owner stands behind the last line
			s.tail, r.says[n-1].tail = r.says[n-1].tail, ""
		}
		r.says = append(r.says, s)
		return
	}
	if m.t.AnswerTo != 0 || o.Conntrack != nil && o.Conntrack.Reply {
		side := "source"
		if kind == "DNAT" {
			side = "destination"
		}
		text = "translated back: " + side + " " + text
	} else {
		text = kind + " " + text
	}
	switch n := len(m.rows) - 1; {
	case n > 0 && at == n && m.rows[n-1].hop == m.hop && m.rows[n-1].route != nil && m.rows[n-1].route.Dst == o.Seen.Flow.Dst && kind == "DNAT":
		m.note(n-1, text+", before this")
	case at < 0 && o.Hook != nil:
		m.note(m.hookRow(o), text)
	case at >= 0:
		m.note(at, text)
	case n >= 0:
		m.note(n, text)
	}
}

// hookRow begins a row for a translation that was seen at a hook alone.
func (m *rowMaker) hookRow(o *trail.Observation) int {
	r := row{
		node: o.Point.Node, owner: namespace(o.Point), place: "nat " + o.Hook.Name, hop: m.hop,
		at: max(o.Time-m.start, 0), about: o.Late, stage: o.Stage, point: &o.Point, seen: &o.Seen,
	}
	m.rows = append(m.rows, r)
	return len(m.rows) - 1
}

// made says whether a row of rules can have made a translation.
func made(kind string, r *ruleset) bool {
	switch r.verdict {
	case "dnat", "redirect":
		return kind == "DNAT"
	case "snat", "masquerade":
		return kind == "SNAT"
	case "", "accept":
		return r.table == "nat" && (kind == "DNAT") == (r.hook == "PREROUTING" || r.hook == "OUTPUT")
	}
	return false
}

// end is one side of a flow, "10.96.68.194:80".
func end(f packet.Flow, dst bool) string {
	addr, port := f.Src, f.SrcPort
	if dst {
		addr, port = f.Dst, f.DstPort
	}
	if f.HasPorts() && port != 0 {
		return netip.AddrPortFrom(addr, port).String()
	}
	return addr.String()
}

func tunnelName(t *trail.Tunnel) string {
	if t.HasID {
		return fmt.Sprintf("%s %d", t.Kind, t.ID)
	}
	return t.Kind
}

// extras are what may go with any stage.
func (m *rowMaker) extras(at int, o *trail.Observation) {
	told := slices.ContainsFunc(o.Changes, func(c string) bool { return strings.HasPrefix(c, "merged ") || strings.HasPrefix(c, "cut into ") })
	if o.Merged > 1 && !told && (at == 0 || m.rows[at].stage != "") {
		how := " (GRO)"
		if direction(o) == trail.Out {
			how = " (GSO)"
		}
		m.once(at, Count(o.Merged, "packet")+" in one", how)
	}
	if o.Conntrack != nil && o.Conntrack.State == "invalid" {
		m.once(at, "conntrack calls it invalid", "")
	}
	for _, c := range o.Changes {
		if !derived(c) && (o.Copy == 0 || !strings.HasPrefix(c, "cut into ")) { // copies says that
			m.note(at, c)
		}
	}
	// What the kernel was asked stands below the verdict, as evidence.
}

// once notes what goes on for the rest of a stay only where it begins.
func (m *rowMaker) once(at int, text, rest string) {
	for i := range m.rows {
		if m.rows[i].hop == m.hop && slices.ContainsFunc(m.rows[i].says, func(s say) bool { return strings.HasPrefix(s.text, text) }) {
			return
		}
	}
	m.note(at, text+rest)
}

// derived says whether a change is said from the headers already, or says
// nothing to somebody who did not ask for all.
func derived(c string) bool {
	for _, p := range []string{"DNAT ", "SNAT ", "VXLAN", "Geneve", "GRE", "IPIP", "TTL ", "MAC ", "source MAC ", "id "} {
		if strings.HasPrefix(c, p) {
			return true
		}
	}
	return false
}
