package ask

// search finds the route of one table that serves a packet, as fib_table_lookup
// and fib6_table_lookup do: of those that can, the one with the longest
// prefix, then the lowest metric. The routes are handed in one by one.
type search struct {
	q Question
	// out is the index of the device that the packet must leave by; 0 is any.
	out int
	// skipDown is net.ipv4.conf.*.ignore_routes_with_linkdown, by device.
	skipDown func(index int) bool

	best  Entry
	found bool
}

// add looks at one route.
func (s *search) add(e Entry) {
	if s.serves(e) && (!s.found || e.before(s.best)) {
		s.best, s.found = e, true
	}
}

// noMetric is that of the kernel's own entry for "there is none"
// (ip6_null_entry).
const noMetric = 1<<32 - 1

func (s *search) serves(e Entry) bool {
	switch {
	case e.Flags&flagCloned != 0, e.isIPv6 != s.q.Dst.Is6(), !e.Dst.Contains(s.q.Dst):
		return false
	case e.Src.IsValid() && e.Src.Bits() > 0 && !e.Src.Contains(s.q.Src):
		return false
	case e.TOS != 0 && e.TOS != s.q.TOS&^3:
		return false
	case e.isIPv6 && e.hasMetric && e.Metric == noMetric:
		return false
	}
	if len(e.Hops) == 0 {
		return true // blackhole and its like, or a nexthop object that is one
	}
	for _, h := range e.Hops {
		if h.Flags&flagDead != 0 || h.Flags&flagLinkDown != 0 && s.skipDown != nil && s.skipDown(h.Index) {
			continue
		}
		if s.out == 0 || h.Index == s.out {
			return true
		}
	}
	return false
}

// before is the order in which the kernel prefers two routes that both serve:
// prefix, source prefix, TOS, metric.
func (e Entry) before(o Entry) bool {
	switch {
	case e.Dst.Bits() != o.Dst.Bits():
		return e.Dst.Bits() > o.Dst.Bits()
	case srcBits(e) != srcBits(o):
		return srcBits(e) > srcBits(o)
	case e.TOS != o.TOS:
		return e.TOS > o.TOS
	}
	return e.Metric < o.Metric
}

func srcBits(e Entry) int {
	if !e.Src.IsValid() {
		return 0
	}
	return e.Src.Bits()
}
