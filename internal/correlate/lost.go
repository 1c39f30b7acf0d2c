package correlate

import "github.com/pktrail/pktrail/internal/trail"

// placeLost finds slots where nothing but late messages came from a namespace:
// by time, which is the order in which they were heard, and by TTL, which only
// falls.
func (o *ordering) placeLost(lost []int32) []slot {
	var out []slot
	for from := 0; from < len(lost); {
		to, ttl := o.group(lost, from)
		at := len(o.timed) - 1
		for ; at >= 0; at-- {
			k := &o.w.sights[o.timed[at]]
			if o.time(o.timed[at]) <= o.time(lost[to-1]) && (ttl == 0 || k.head < 0 || k.cut || o.w.heads[k.head].ttl >= ttl) {
				break
			}
		}
		// Ranks begin anew in each group.
		stay := (1 + from) << 20
		for _, i := range lost[from:to] {
			out = append(out, slot{at, stay + o.w.sights[i].rank(), i})
		}
		from = to
	}
	return out
}

// group is the sights of one stay from number from on, up to to.
func (o *ordering) group(lost []int32, from int) (to int, ttl uint8) {
	a := &o.w.sights[lost[from]]
	for to = from; to < len(lost); to++ {
		b := &o.w.sights[lost[to]]
		if o.t.points[a.point].Netns != o.t.points[b.point].Netns || o.t.clockOf(a) != o.t.clockOf(b) || a.cut != b.cut {
			break
		}
		if b.head >= 0 && !b.cut {
			ttl = max(ttl, o.w.heads[b.head].ttl)
		}
	}
	return to, ttl
}

// station numbers the places on the way out of a pod, and on into another,
// where a frame was captured.
func (t *Trails) station(s *sight) int {
	if s.stage != stageCapture {
		return 4
	}
	switch t.points[s.point].Role {
	case trail.RolePod:
		return pick(s.dir, 0, 9)
	case trail.RoleHost:
		return pick(s.dir, 8, 1)
	case trail.RoleBridge:
		return pick(s.dir, 7, 2)
	case trail.RoleOverlay:
		return pick(s.dir, 3, 6)
	case trail.RoleUplink:
		return pick(s.dir, 4, 5)
	}
	return 4
}

func pick(d trail.Direction, out, in int) int {
	if d == trail.Out {
		return out
	}
	return in
}
