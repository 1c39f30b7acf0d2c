//go:build !pktrail_lite

package follow

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/probe/ask"
	"github.com/pktrail/pktrail/internal/trail"
)

// askRoute asks for the route again, to learn its prefix and type.
func askRoute(a *ask.Asker, q ask.Question, o, add *trail.Observation) {
	r, err := a.Lookup(q)
	if err != nil {
		return
	}
	if r.Errno == 0 {
		add.Route = r.Route
		if r.HasMatch && add.Route != nil {
			route := *add.Route
			route.Prefix, route.Type = r.Match.Dst, r.Match.TypeName()
			add.Route = &route
		}
	}
	e := explained{a: a, q: q}
	if o.Route.Err != 0 && o.Route.Err != tryNext || r.Errno != 0 {
		add.Answers = append(add.Answers, e.named(r.Answer))
		e.addRules(add)
	} else if o.Route.Table != mainTable && o.Route.Table != localTable {
		e.addRules(add)
	}
}

// Numbers of linux/rtnetlink.h, and the errno by which a table says that the
// next rule is to be tried (fib_rules_lookup: -EAGAIN).
const (
	mainTable  = 254
	localTable = 255
	tryNext    = 11
)

// explained is the way of a question through the policy rules, asked for once:
// the kernel is put a question for each table on it.
type explained struct {
	a     *ask.Asker
	q     ask.Question
	known bool
	steps []ask.RuleStep
}

// way gives the steps; none where the kernel does not tell.
func (e *explained) way() []ask.RuleStep {
	if !e.known {
		e.known = true
		if steps, err := e.a.Explain(e.q); err == nil {
			e.steps = steps
		}
	}
	return e.steps
}

// named adds the route behind an error: the kernel does not tell it, and a
// blackhole says the same as an address that cannot be.
func (e *explained) named(answer trail.Answer) trail.Answer {
	if answer.Errno == 0 {
		return answer
	}
	steps := e.way()
	if len(steps) == 0 {
		return answer
	}
	if last := steps[len(steps)-1]; last.HasEntry {
		answer.Route = &trail.Route{
			Table: last.Table, Src: e.q.Src, Dst: e.q.Dst, In: e.q.In, Mark: e.q.Mark, TOS: e.q.TOS,
			Prefix: last.Entry.Dst, Type: last.Entry.TypeName(), Err: int(last.Errno),
		}
	}
	return answer
}

// addRules adds the way, where somebody has made policy rules.
func (e *explained) addRules(add *trail.Observation) {
	rules, err := e.a.Rules(e.q.Dst.Is6())
	if err != nil || len(rules) <= ownRules(e.q.Dst) {
		return
	}
	steps := e.way()
	if len(steps) == 0 {
		return
	}
	lines := make([]string, len(steps))
	for i, st := range steps {
		lines[i] = st.Text
	}
	add.Answers = append(add.Answers, trail.Answer{Question: "ip rule", Text: strings.Join(lines, "\n")})
}

// askWhy asks where the packet would go, whether its source is let in, and
// for the settings that decide.
func askWhy(a *ask.Asker, q ask.Question, _, add *trail.Observation) {
	if !q.Dst.IsValid() || !q.Src.IsValid() {
		return
	}
	e := explained{a: a, q: q}
	if r, err := a.Route(q); err == nil {
		add.Answers = append(add.Answers, e.named(r))
	}
	e.addRules(add)
	if q.In == "" {
		return
	}
	if back, err := a.ReversePath(q.Src, q.Dst, q.In, q.Mark); err == nil {
		if back.Answer.Question != "" {
			add.Answers = append(add.Answers, back.Answer)
		}
		add.Settings = append(add.Settings, back.Settings...)
	}
	family := "ipv4"
	names := []string{"net.ipv4.ip_forward"}
	if q.Dst.Is6() {
		family, names = "ipv6", nil
	}
	names = append(names, ask.ConfName(family, "all", "forwarding"), ask.ConfName(family, q.In, "forwarding"))
	addSettings(a, add, names...)
}

// ownRules is how many rules every namespace has: local, main and, for IPv4,
// default.
func ownRules(dst netip.Addr) int {
	if dst.Is4() {
		return 3
	}
	return 2
}

func addSettings(a *ask.Asker, add *trail.Observation, names ...string) {
	set, _, err := a.Settings(names...)
	if err == nil {
		add.Settings = append(add.Settings, set...)
	}
}

// askNeighbour asks for the next hop's state, and where a tunnel would send
// to it.
func askNeighbour(a *ask.Asker, _ ask.Question, o, add *trail.Observation) {
	neighbour(a, o.Neighbour.Addr, o.Neighbour.Device, add)
}

// askNextHop finds out who the next hop was, for a packet that waited for it
// in vain, and where a tunnel sends what is for that.
func askNextHop(a *ask.Asker, q ask.Question, _, add *trail.Observation) {
	r, err := a.Lookup(q)
	if err != nil {
		return
	}
	add.Answers = append(add.Answers, r.Answer)
	(&explained{a: a, q: q}).addRules(add)
	if r.Errno != 0 || len(r.Chosen.Hops) == 0 {
		return
	}
	hop := r.Chosen.Hops[0]
	next := hop.Gateway
	if !next.IsValid() {
		next = q.Dst
	}
	neighbour(a, next, hop.Device, add)
	tunnelPeers(a, q.Dst, add)
}

// tunnelPeers adds the entries by which VXLAN devices send to an address.
func tunnelPeers(a *ask.Asker, outer netip.Addr, add *trail.Observation) {
	links, err := a.Links()
	if err != nil {
		return
	}
	for _, l := range links {
		if l.Kind != "vxlan" {
			continue
		}
		entries, err := a.FDB(l.Name, "")
		if err != nil {
			continue
		}
		var lines []string
		for _, e := range entries {
			if e.Dst == outer {
				lines = append(lines, e.String())
			}
		}
		if len(lines) > 0 {
			add.Answers = append(add.Answers, trail.Answer{Question: "bridge fdb show dev " + l.Name, Text: strings.Join(lines, "\n")})
		}
	}
}

func neighbour(a *ask.Asker, addr netip.Addr, device string, add *trail.Observation) {
	n, ok, err := a.Neighbour(addr, device)
	if err != nil {
		return
	}
	answer := trail.Answer{Question: "ip neigh show " + addr.String() + " dev " + device, Text: "none"}
	if ok {
		answer.Text = addr.String() + " " + n.State
		if n.MAC != "" {
			answer.Text = addr.String() + " lladdr " + n.MAC + " " + n.State
		}
	}
	add.Answers = append(add.Answers, answer)
}

// askConntrack asks for what makes connection tracking drop on its own.
func askConntrack(a *ask.Asker, _ ask.Question, _, add *trail.Observation) {
	count, limit, ok, err := a.ConntrackCount()
	if err != nil || !ok {
		return
	}
	add.Settings = append(add.Settings,
		trail.Setting{Name: "net.netfilter.nf_conntrack_count", Value: strconv.Itoa(count)},
		trail.Setting{Name: "net.netfilter.nf_conntrack_max", Value: strconv.Itoa(limit)})
}

// askListening lists what does listen where a port is closed.
func askListening(a *ask.Asker, _ ask.Question, o, add *trail.Observation) {
	proto, command := packet.ProtoTCP, "ss -ltn"
	if o.Refusal != nil && o.Refusal.Kind != "reset" || o.Seen.Flow.Proto == packet.ProtoUDP {
		proto, command = packet.ProtoUDP, "ss -lun"
	}
	list, err := a.Listening(proto)
	if err != nil {
		return
	}
	lines := make([]string, len(list))
	for i, l := range list {
		lines[i] = l.String()
	}
	add.Answers = append(add.Answers, trail.Answer{Question: command, Text: strings.Join(lines, "\n")})
}

// askSocket looks up which socket took a packet. A connection that nobody has
// accepted yet is of no process: it is the listener's.
func askSocket(a *ask.Asker, _ ask.Question, o, add *trail.Observation) {
	f := o.Seen.Flow
	if !f.Dst.IsValid() {
		return
	}
	local := netip.AddrPortFrom(f.Dst, f.DstPort)
	sock, ok, err := a.Socket(f.Proto, local, netip.AddrPortFrom(f.Src, f.SrcPort))
	if err != nil || !ok {
		return
	}
	if sock.PID == 0 && f.Proto == packet.ProtoTCP {
		nobody := netip.IPv4Unspecified()
		if f.Dst.Is6() {
			nobody = netip.IPv6Unspecified()
		}
		if listener, ok, err := a.Socket(f.Proto, local, netip.AddrPortFrom(nobody, 0)); err == nil && ok {
			sock.PID, sock.Process = listener.PID, listener.Process
		}
	}
	add.Socket = &sock
}
