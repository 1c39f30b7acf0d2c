package trail

// Stage is the part of a packet's way that an observation is of.
type Stage string

// The stages. A way through one namespace has them in about this order; which
// of them are seen depends on what is armed.
const (
	// StageCapture: a packet socket on the interface saw it.
	StageCapture Stage = "capture"
	// StageReceive: it came up from the interface (net:netif_receive_skb).
	StageReceive Stage = "receive"
	// StageHook: it passed a netfilter hook at the Hook's priority.
	StageHook Stage = "hook"
	// StageRules: Rules of netfilter that it met at one hook.
	StageRules Stage = "rules"
	// StageRoute: a routing table was asked for it; see Route.
	StageRoute Stage = "route"
	// StageNeighbour: the link address of the next hop was needed; see
	// Neighbour. It may be parked until the answer comes.
	StageNeighbour Stage = "neighbour"
	// StageQueue: it was handed to the interface, after all translation
	// (net:net_dev_queue).
	StageQueue Stage = "queue"
	// StageTransmit: the driver took it, or refused it; see Transmit.
	StageTransmit Stage = "transmit"
	// StageRefuse: the stack answered the sender instead; see Refusal.
	StageRefuse Stage = "refuse"
	// StageDrop: it was freed with a reason; see Drop.
	StageDrop Stage = "drop"
	// StageConsume: it was freed as one that did its work (skb:consume_skb).
	StageConsume Stage = "consume"
	// StageDeliver: a process read it (skb:skb_copy_datagram_iovec), or its
	// socket took it; see Socket.
	StageDeliver Stage = "deliver"
	// StageSocketFull: the socket had no room for it.
	StageSocketFull Stage = "socketFull"
	// StageRetransmit: TCP sends it, or what it carried, once more.
	StageRetransmit Stage = "retransmit"
	// StageDatapath: a datapath of BPF programs saw it at a point of its own;
	// see Datapath.
	StageDatapath Stage = "datapath"
	// StagePolicy: network policies decided about it; see Policy.
	StagePolicy Stage = "policy"
)

// Basis says how a statement is known.
type Basis string

// The two: seen by pktrail, or concluded from what was seen.
const (
	Observed Basis = "observed"
	Inferred Basis = "inferred"
)
