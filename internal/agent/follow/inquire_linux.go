//go:build !pktrail_lite

package follow

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/probe/ask"
	"github.com/pktrail/pktrail/internal/trail"
)

// askPerSecond bounds the questions: each costs the kernel, and the packets
// that follow, some 50 us, and equal packets have equal answers.
const askPerSecond = 50

// answerKept is how long an answer stands for further packets.
const answerKept = time.Second

// asked remembers questions to the kernel and their answers.
type asked struct {
	mu      sync.Mutex
	askers  map[uint64]*ask.Asker // nil where the namespace cannot be asked
	answers map[askedKey]askedAnswer
	second  time.Time
	left    int
	// announce tells the kernel probe that questions are put, or were; nil
	// without one. Asking for a route makes the kernel look one up: what the
	// probe sees of that is no packet's way.
	announce func(asking bool) error
}

type askedKey struct {
	netns uint64
	what  string
	q     ask.Question
	addr  netip.AddrPort
}

type askedAnswer struct {
	at time.Time
	o  trail.Observation // what the answer adds
}

// inquire asks the kernel about an observation what it does not say itself,
// while the answer is still the same, and adds it.
func (s *session) inquire(o *trail.Observation, flow packet.Flow) {
	what, ask := s.question(o, flow)
	if what == "" {
		return
	}
	key := askedKey{netns: o.Point.Netns, what: what, q: questionOf(o, flow)}
	if o.Neighbour != nil {
		key.addr = netip.AddrPortFrom(o.Neighbour.Addr, 0)
	}
	if what == "socket" {
		key.addr = netip.AddrPortFrom(flow.Dst, flow.DstPort)
	}
	got, ok := s.asked.once(key, func() (add trail.Observation, ok bool) {
		a := s.asker(o.Point.Netns)
		if a == nil {
			return add, false
		}
		ask(a, key.q, o, &add)
		if what == "why" && logs(add.Settings) || what == "conntrack" && full(add.Settings) {
			add.Answers = append(add.Answers, s.complaints.about(flow.Src, flow.Dst)...)
		}
		return add, true
	})
	if !ok {
		return
	}
	o.Answers = append(o.Answers, got.Answers...)
	o.Settings = append(o.Settings, got.Settings...)
	switch {
	case o.Socket == nil:
		o.Socket = got.Socket
	case o.Socket.Process == "" && got.Socket != nil: // that it was delivered was observed all the same
		o.Socket.Process, o.Socket.PID = got.Socket.Process, got.Socket.PID
	}
	if o.Route != nil && got.Route != nil && agrees(o.Route, got.Route) {
		o.Route.Prefix, o.Route.Type = got.Route.Prefix, got.Route.Type
	}
}

// logs reports whether the kernel writes a line about what its source check
// refuses.
func logs(set []trail.Setting) bool {
	return slices.ContainsFunc(set, func(s trail.Setting) bool {
		return strings.HasSuffix(s.Name, ".log_martians") && s.Value != "0"
	})
}

// full reports whether connection tracking has room for no more.
func full(set []trail.Setting) bool {
	value := map[string]int{}
	for _, s := range set {
		value[s.Name], _ = strconv.Atoi(s.Value) // our own number
	}
	limit := value["net.netfilter.nf_conntrack_max"]
	return limit > 0 && value["net.netfilter.nf_conntrack_count"] >= limit
}

// agrees reports whether the route that the kernel names now is the one that
// it took then.
func agrees(then, now *trail.Route) bool {
	return then.Device == now.Device && (then.Gateway == now.Gateway || !then.Gateway.IsValid() && !now.Gateway.IsValid())
}

// inquiry asks and adds what it learns.
type inquiry func(a *ask.Asker, q ask.Question, o, add *trail.Observation)

// question says what to ask about an observation; empty for nothing.
func (s *session) question(o *trail.Observation, flow packet.Flow) (string, inquiry) {
	switch {
	case o.Route != nil && !o.Route.ReversePath && o.Route.Dst.IsValid():
		return "route", askRoute
	case o.Neighbour != nil && o.Neighbour.Parked:
		return "neighbour", askNeighbour
	case o.Drop != nil && (o.Drop.Reason == "NEIGH_FAILED" || o.Drop.Reason == "NEIGH_QUEUEFULL"):
		return "next hop", askNextHop
	case o.Drop != nil && o.Drop.Reason == "NETFILTER_DROP":
		return "conntrack", askConntrack
	case o.Drop != nil && (o.Drop.Reason == "NO_SOCKET" || o.Drop.Reason == "OTHERHOST"), o.Refusal != nil && closed(o.Refusal):
		return "listening", askListening
	case o.Drop != nil && routed(o.Drop.Reason), o.Refusal != nil && o.Refusal.Kind != "reset":
		return "why", askWhy
	case o.Stage == trail.StageDeliver && o.Socket != nil && o.Socket.Process == "":
		return "socket", askSocket
	case o.Stage == trail.StageConsume && flow.Proto == packet.ProtoTCP && s.isEnd(o.Point.Netns):
		return "socket", askSocket
	}
	return "", nil
}

// isEnd reports whether a namespace is one that sockets are looked up in: not
// a node that packets only pass.
func (s *session) isEnd(netns uint64) bool {
	return slices.ContainsFunc(s.ends[:], func(e end) bool { return e.Netns == netns && netns != 0 }) || s.ends[1].ns == nil
}

// routed reports whether a drop's reason is about routes and addresses.
func routed(reason string) bool {
	return strings.HasPrefix(reason, "IP_") || reason == "NOT_SPECIFIED" || reason == "PKT_TOO_BIG"
}

// closed reports whether a refusal says that nothing listens.
func closed(r *trail.Refusal) bool {
	return r.Kind == "reset" || r.Kind == "icmp" && r.Type == 3 && r.Code == 3 || r.Kind == "icmpv6" && r.Type == 1 && r.Code == 4
}

// questionOf is the routing question about a packet where it was seen.
func questionOf(o *trail.Observation, flow packet.Flow) ask.Question {
	q := ask.Question{Dst: flow.Dst, Src: flow.Src, Mark: o.Mark}
	if r := o.Route; r != nil {
		q = ask.Question{Dst: r.Dst, Src: r.Src, In: r.In, Mark: r.Mark, TOS: r.TOS}
		if q.In == "lo" {
			q.In = ""
		}
		if q.Src.IsUnspecified() {
			q.Src = netip.Addr{}
		}
		return q
	}
	if incoming(o) {
		q.In = o.Point.Interface
	}
	return q
}

// incoming reports whether a packet was on its way in, as far as the function
// that ended it tells.
func incoming(o *trail.Observation) bool {
	at, hook := "", ""
	if o.Drop != nil {
		at, hook = o.Drop.At, o.Drop.Hook
	}
	return hook != "OUTPUT" && hook != "POSTROUTING" && !strings.Contains(at, "_out") && o.Dir != trail.Out
}

// once gives the answer to a question that was asked a moment ago, or asks. It
// returns false where there was enough asking.
func (a *asked) once(key askedKey, ask func() (trail.Observation, bool)) (trail.Observation, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if have, ok := a.answers[key]; ok && now.Sub(have.at) < answerKept {
		return have.o, true
	}
	if now.Sub(a.second) >= time.Second {
		a.second, a.left = now, askPerSecond
		clear(a.answers)
	}
	if a.left == 0 {
		return trail.Observation{}, false
	}
	a.left--
	a.tell(true)
	o, ok := ask()
	a.tell(false)
	if ok {
		a.answers[key] = askedAnswer{at: now, o: o}
	}
	return o, ok
}

// tell says to the kernel probe whether questions are put just now. A probe
// that has been closed sees none.
func (a *asked) tell(asking bool) {
	if a.announce != nil {
		_ = a.announce(asking)
	}
}

// answersQuestion reports whether a drop is the end of the packet that the
// kernel makes to look up a route for somebody who asks.
func answersQuestion(d *trail.Drop) bool {
	return d != nil && (strings.HasPrefix(d.At, "inet_rtm_getroute") || strings.HasPrefix(d.At, "inet6_rtm_getroute"))
}

// asker opens a namespace for questions, once.
func (s *session) asker(netns uint64) *ask.Asker {
	if a, ok := s.asked.askers[netns]; ok {
		return a
	}
	var a *ask.Asker
	if at := s.places.known(netns); at != nil && at.ns != nil {
		if opened, err := ask.Open(at.ns.File()); err == nil {
			a = opened
		}
	}
	s.asked.askers[netns] = a
	return a
}

func (a *asked) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, asker := range a.askers {
		if asker != nil {
			_ = asker.Close() // read only: nothing is lost
		}
	}
}
