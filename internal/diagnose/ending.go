package diagnose

import (
	"maps"
	"slices"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// ending is how one copy of a packet ended.
type ending struct {
	outcome trail.Outcome
	basis   trail.Basis
	// at is the index of the observation that decided, -1 if none did.
	at int
	// way are the indices up to it.
	way []int
	// full and left are as in inquiry.
	full, left bool
	// next is where it should have been seen next; why is why the outcome is
	// not known.
	next, why string
	// told is what the sender is told of it; nil if nothing.
	told *trail.Refusal
	// open is true if no observation is an end.
	open bool
}

// ending finds the end of the packet: that of the copy which got furthest.
func (q *inquiry) ending() ending {
	ways := q.ways()
	if len(ways) == 0 {
		return q.unseen()
	}
	if e, name, broken := q.brokenPiece(ways); broken {
		q.piece = name
		return e
	}
	best, rank := ending{}, -1
	for i, way := range ways {
		e := q.endOf(way)
		if e.open {
			e = q.openEnd(e)
		}
		if r := q.rank(&e, i == 0); r > rank {
			best, rank = e, r
		}
	}
	return best
}

// ways sorts the observations by copies, the packet itself first. Copies that
// went nowhere are left out: a packet socket's.
func (q *inquiry) ways() [][]int {
	by := map[int][]int{}
	moves := map[int]bool{}
	for i := range q.t.Observations {
		o := &q.t.Observations[i]
		if q.looped(o) {
			continue
		}
		by[o.Copy] = append(by[o.Copy], i)
		if o.Copy == 0 || o.Stage != trail.StageConsume && !Benign(o) {
			moves[o.Copy] = true
		}
	}
	maps.DeleteFunc(by, func(k int, _ []int) bool { return !moves[k] })
	keys := make([]int, 0, len(by))
	for k := range by {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if len(keys) > 1 && q.cutUp() {
		keys = keys[1:]
	}
	out := make([][]int, 0, len(keys))
	for _, k := range keys {
		out = append(out, by[k])
	}
	return out
}

// cutUp says whether the packet itself ended to go on in parts (fragments,
// segments): it was freed before any copy was seen. A flooded packet has its
// copies made first.
func (q *inquiry) cutUp() bool {
	freed, copied := -1, -1
	for i := range q.t.Observations {
		o := &q.t.Observations[i]
		if o.Copy == 0 && o.Stage == trail.StageConsume {
			freed = i
		}
		if o.Copy > 0 && copied < 0 && (o.Stage == trail.StageQueue || o.Stage == trail.StageReceive) {
			copied = i
		}
	}
	return freed >= 0 && freed < copied
}

// rank orders the ends of copies: an arrival counts most, the death of a copy
// that was never meant for that place least; then what was observed, then the
// packet itself.
func (q *inquiry) rank(e *ending, itself bool) int {
	var r int
	switch {
	case e.outcome == trail.Delivered && !e.left:
		r = 5
	case e.at >= 0 && (isBenign(q.t, e.at) || isOtherHost(q.t, e.at)):
		r = 0
	case e.outcome == trail.Rejected, e.outcome == trail.Dropped:
		r = 4
	case e.outcome == trail.Delivered:
		r = 3
	default:
		r = 2
	}
	r *= 4
	if e.basis == trail.Observed {
		r += 2
	}
	if itself {
		r++
	}
	return r
}

func isBenign(t *trail.Trail, i int) bool { return Benign(&t.Observations[i]) }

func isOtherHost(t *trail.Trail, i int) bool {
	d := t.Observations[i].Drop
	return d != nil && d.Reason == "OTHERHOST"
}

// endOf looks for the observation that ends one copy.
func (q *inquiry) endOf(way []int) ending {
	e := ending{at: -1, basis: trail.Observed}
	parked, ruled := -1, -1
	for pos, i := range way {
		o := &q.t.Observations[i]
		e.at, e.way = i, way[:pos+1]
		switch o.Stage {
		case trail.StageDeliver:
			e.outcome = trail.Delivered
			return e
		case trail.StageRefuse:
			if o.Refusal == nil || advice(o.Refusal) || !q.refuses(way[:pos+1]) {
				break
			}
			e.outcome, e.told = trail.Rejected, o.Refusal
			if len(o.Seen.Tunnels) > 0 {
				e.outcome = trail.Dropped // only the tunnel's own end is told
			}
			return e
		case trail.StageSocketFull:
			e.full = true
		case trail.StageDrop:
			if done := q.dropped(&e, o, ruled); done {
				return e
			}
		case trail.StageConsume:
			if q.local(way[:pos+1]) && !q.isPiece(way[:pos+1]) {
				e.outcome = trail.Delivered
				return e
			}
		case trail.StageNeighbour:
			if o.Neighbour != nil && o.Neighbour.Parked {
				parked = pos
			}
		case trail.StageRules:
			if r, _ := lastVerdict(o.Rules); r != nil {
				ruled = pos
			}
		}
	}
	return q.openOf(e, way, parked, ruled)
}

// dropped fills in the end that a drop is; false if it is none.
func (q *inquiry) dropped(e *ending, o *trail.Observation, ruled int) bool {
	if Benign(o) {
		if !arrived(o) {
			return false
		}
		e.outcome = trail.Delivered
		return true
	}
	e.outcome = trail.Dropped
	if e.told = implied(o); e.told != nil {
		e.outcome, e.basis = trail.Rejected, trail.Inferred
		return true
	}
	if ruled >= 0 {
		rules := q.t.Observations[e.way[ruled]].Rules
		if r, _ := lastVerdict(rules); r != nil && verdictOf(r) == "reject" && ruled >= len(e.way)-2 {
			e.outcome = trail.Rejected
		}
	}
	return true
}

// openOf ends a way without an end: by a rule as the last thing seen, or by
// waiting.
func (q *inquiry) openOf(e ending, way []int, parked, ruled int) ending {
	last := len(way) - 1
	for last > 0 && (isBenign(q.t, way[last]) || q.t.Observations[way[last]].Stage == trail.StageRetransmit) {
		last--
	}
	e.at, e.way = way[last], way[:last+1]
	switch {
	case e.full:
		e.outcome = trail.Dropped
	case ruled >= 0 && ruled == last:
		r, basis := lastVerdict(q.t.Observations[way[ruled]].Rules)
		e.outcome, e.basis = trail.Dropped, basis
		if verdictOf(r) == "reject" {
			e.outcome = trail.Rejected
		}
	case parked >= 0 && (parked == last || parked == last-1 && !sent(&q.t.Observations[way[last]])):
		e.outcome, e.at, e.way = trail.Parked, way[parked], way[:parked+1]
	default:
		e.open = true
	}
	return e
}

// sent says whether a device has a packet: whoever waited for a neighbour has
// its answer then.
func sent(o *trail.Observation) bool {
	return o.Stage == trail.StageQueue || o.Stage == trail.StageTransmit
}

// advice says whether a message to the sender leaves the packet on its way: an
// ICMP redirect.
func advice(r *trail.Refusal) bool {
	return r.Kind == "icmp" && r.Type == packet.ICMPv4Redirect || r.Kind == "icmpv6" && r.Type == packet.ICMPv6Redirect
}
