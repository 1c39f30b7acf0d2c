package correlate

import "github.com/pktrail/pktrail/internal/trail"

// stage is a trail.Stage as a number.
type stage uint8

// The stages, in about the order of a way.
const (
	stageOther stage = iota
	stageReceive
	stageCapture
	stageRetransmit
	stageHook
	stageRules
	stageRoute
	stageNeighbour
	stageDatapath
	stagePolicy
	stageQueue
	stageTransmit
	stageRefuse
	stageDeliver
	stageSocketFull
	stageConsume
	stageDrop
)

var stages = [...]trail.Stage{
	"", trail.StageReceive, trail.StageCapture, trail.StageRetransmit, trail.StageHook, trail.StageRules,
	trail.StageRoute, trail.StageNeighbour, trail.StageDatapath, trail.StagePolicy, trail.StageQueue, trail.StageTransmit, trail.StageRefuse,
	trail.StageDeliver, trail.StageSocketFull, trail.StageConsume, trail.StageDrop,
}

func stageOf(name trail.Stage) stage {
	if name == "" {
		return stageCapture
	}
	for i, s := range stages {
		if s == name {
			return stage(i)
		}
	}
	return stageOther
}

func (s stage) name() trail.Stage { return stages[s] }

// final reports whether the stage ends a way.
func (s stage) final() bool { return s >= stageDeliver }

// Ranks say where a stage stands within one stay of a packet in a namespace:
// from the first time it is seen there to the queue of a device, or its end.
// Those of hooks have room for priorities (linux/netfilter_ipv4.h, enum
// nf_ip_hook_priorities) on both sides.
const (
	rankReceive     = 0
	rankCaptureIn   = 100
	rankIngress     = 200
	rankPrerouting  = 1000
	rankRoute       = 2000
	rankInput       = 3000
	rankForward     = 3000
	rankOutput      = 4000
	rankReroute     = 4600
	rankPostrouting = 5000
	rankNeighbour   = 6000
	rankEgress      = 6500
	rankQueue       = 7000
	rankCaptureOut  = 7500
	rankTransmit    = 8000
	rankRefuse      = 8900
	rankEnd         = 9000
)

// rank of a sight.
func (s *sight) rank() int {
	switch s.stage {
	case stageReceive:
		return rankReceive
	case stageCapture:
		if s.dir == trail.Out {
			return rankCaptureOut
		}
		return rankCaptureIn
	case stageHook, stageRules:
		return s.hookRank()
	case stageRetransmit, stageRoute, stageOther:
		return rankRoute
	case stageNeighbour:
		return rankNeighbour
	case stageDatapath, stagePolicy:
		return s.datapathRank()
	case stageQueue:
		return rankQueue
	case stageTransmit:
		return rankTransmit
	case stageRefuse:
		return rankRefuse
	}
	return rankEnd + int(s.stage)
}

func (s *sight) hookRank() int {
	if s.hook == nil {
		return rankRoute
	}
	r := 0
	switch s.hook.Name {
	case "INGRESS":
		r = rankIngress
	case "PREROUTING":
		r = rankPrerouting
	case "INPUT", "FORWARD":
		r = rankInput
	case "OUTPUT":
		r = rankOutput
	case "POSTROUTING":
		r = rankPostrouting
	case "EGRESS":
		return rankEgress
	default:
		return rankRoute
	}
	return r + max(-450, min(s.priority(), 450))
}

// priority is that of a hook, or of the table whose rules were met: those of
// iptables are fixed, and the chains that nft suggests by name have the same.
func (s *sight) priority() int {
	if s.stage == stageHook || s.hook.Priority != 0 || s.more == nil || len(s.more.rules) == 0 {
		return s.hook.Priority
	}
	switch s.more.rules[0].Table {
	case "raw":
		return -300
	case "mangle":
		return -150
	case "nat":
		if s.hook.Name == "POSTROUTING" || s.hook.Name == "INPUT" {
			return 100
		}
		return -100
	case "security":
		return 50
	}
	return 0
}

// placeOf tells apart what a packet meets at one point and stage; 0 where
// there is nothing to tell apart.
func placeOf(s *sight) uint32 {
	if m := s.more; m != nil && m.datapath != nil {
		return fnv(fnvStart, m.datapath.Point) | 1
	}
	if s.hook == nil {
		return 0
	}
	h := fnv(fnv(fnvStart, s.hook.Name), s.hook.Family)
	h = (h ^ uint32(uint16(s.hook.Priority))) * fnvPrime
	if s.more != nil && len(s.more.rules) > 0 {
		r := &s.more.rules[0]
		h = fnv(fnv(fnv(h, r.Family), r.Table), r.Chain)
	}
	return h | 1
}

// FNV-1a, with the end of a string as one more byte.
const (
	fnvStart = 2166136261
	fnvPrime = 16777619
)

func fnv(h uint32, s string) uint32 {
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * fnvPrime
	}
	return (h ^ 0xff) * fnvPrime
}
