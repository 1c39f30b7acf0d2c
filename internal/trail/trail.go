package trail

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
)

// Trail is one packet's way: its observations in the order of the way.
type Trail struct {
	// Number counts the trails of one run from 1, in the order of their start.
	Number int `json:"number,omitempty"`
	// Packet is what it is, in words: "ICMP echo request, id 7, seq 1".
	Packet string `json:"packet"`
	// Flow at the first observation.
	Flow packet.Flow `json:"flow,omitzero"`
	// AnswerTo is the Number of the trail that this one answers: a reply, a
	// reset, an ICMP error. Valid iff not 0.
	AnswerTo int `json:"answerTo,omitempty"`
	// Repeats is the Number of the trail that carried the same before: TCP sent
	// it again. Valid iff not 0.
	Repeats      int           `json:"repeats,omitempty"`
	Observations []Observation `json:"observations"`
	// Ended is true if the last observation ends a way, or nothing more was
	// seen for as long as a packet lives.
	Ended bool `json:"ended,omitempty"`
}

// Start is when the packet was first seen, ns since 1970-01-01 UTC; 0 if it
// never was. What was heard of it late happened before that.
func (t *Trail) Start() int64 {
	for i := range t.Observations {
		if o := &t.Observations[i]; !o.Late && o.Time != 0 {
			return o.Time
		}
	}
	if len(t.Observations) == 0 {
		return 0
	}
	return t.Observations[0].Time
}

// Outcome is what became of a packet.
type Outcome string

// The outcomes, from good to bad, and unknown.
const (
	Delivered Outcome = "delivered" // a socket or a process has it, or it left what pktrail sees on its way
	Parked    Outcome = "parked"    // it waits: for ARP, in a queue
	Rejected  Outcome = "rejected"  // somebody refused it and told the sender
	Dropped   Outcome = "dropped"   // it was freed with a reason
	Lost      Outcome = "lost"      // last seen at one place, expected at the next, and not seen there
	Unknown   Outcome = "unknown"   // pktrail cannot say, and says why
)

// Verdict is what became of a packet, where and why. It is data: render has
// the layout.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	// Node, Namespace and At say where: the node's name, the namespace's owner
	// (a pod, or the node again) and the place in it ("filter FORWARD", "eth0
	// out", "routing decision after PREROUTING").
	Node      string `json:"node,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	At        string `json:"at,omitempty"`
	// Observation is the index of the one that decided, in its trail; -1 is
	// none.
	Observation int `json:"-"`
	// Reason is the kernel's word for it, "NETFILTER_DROP".
	Reason string `json:"reason,omitempty"`
	// Rule is the text of the rule that decided, Route that of the route.
	Rule  string `json:"rule,omitempty"`
	Route string `json:"route,omitempty"`
	// Text is the whole in one sentence.
	Text  string `json:"text"`
	Basis Basis  `json:"basis,omitempty"`
	// Findings are the causes, the most likely first.
	Findings []Finding `json:"findings,omitempty"`
	// Missed counts what pktrail itself did not catch, by source ("kernel
	// ring", "nft trace"); an outcome that rests on absence is Unknown if this
	// is not empty.
	Missed map[string]uint64 `json:"missed,omitempty"`
}

// Finding is a cause, with its evidence.
type Finding struct {
	// ID is its name in docs/findings: "reverse-path-filter".
	ID string `json:"id"`
	// Cause is one sentence: "192.168.235.13 is routed by enp3s0, it came in
	// by enp5s0".
	Cause string `json:"cause"`
	// Why explains it in one or two sentences to somebody who does not know
	// this part of the kernel.
	Why   string `json:"why,omitempty"`
	Basis Basis  `json:"basis"`
	// Evidence are facts, each with its basis.
	Evidence []Evidence `json:"evidence,omitempty"`
	// Check are commands that show it, Fix commands or changes that mend it.
	Check []string `json:"check,omitempty"`
	Fix   []string `json:"fix,omitempty"`
}

// Evidence is one fact of a Finding.
type Evidence struct {
	Text  string `json:"text"`
	Basis Basis  `json:"basis"`
}

// Conversation is how a probe went, as the application that sent it saw it.
type Conversation struct {
	// Flow of the first packet, from the probe's socket.
	Flow packet.Flow `json:"flow,omitzero"`
	// Result is one of the constants below.
	Result Result `json:"result"`
	// Error is the system's, "connection refused"; empty without one.
	Error string `json:"error,omitempty"`
	// Refusal is the ICMP error that ended it, and From who sent that; valid
	// iff not nil.
	Refusal *Refusal   `json:"refusal,omitempty"`
	From    netip.Addr `json:"from,omitzero"`
	// RTT from the first packet to the answer, ns; valid iff Result is
	// ResultAnswered, ResultRefused or ResultICMP.
	RTT int64 `json:"rtt,omitempty"`
	// Started is when the first packet was sent, ns since 1970-01-01 UTC.
	Started int64 `json:"started,omitempty"`
}

// Result of a conversation.
type Result string

// The results.
const (
	ResultAnswered Result = "answered" // SYN-ACK, an echo reply, a datagram
	ResultRefused  Result = "refused"  // RST
	ResultICMP     Result = "icmp"     // an ICMP error
	ResultNothing  Result = "nothing"  // no answer in time; for UDP that may be as it should
	ResultFailed   Result = "failed"   // it could not be sent at all: no route, EPERM
)

// Blind is something that pktrail cannot see here, and why. Nothing is
// concluded from not seeing it.
type Blind struct {
	// Node and Namespace it is true of; empty for all.
	Node      string `json:"node,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	// What is not visible: "rules of iptables-legacy".
	What string `json:"what"`
	// Why in a few words.
	Why string `json:"why"`
}
