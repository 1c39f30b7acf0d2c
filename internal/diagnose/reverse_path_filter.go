package diagnose

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// reversePathFilter: the sender is routed by another interface than the one it
// came in by.
func reversePathFilter(q *inquiry) *trail.Finding {
	f := &trail.Finding{ID: "reverse-path-filter"}
	in := q.ingress()
	asked := q.asked()
	switch {
	case q.v.Reason == "IP_RPFILTER":
		f.Basis = trail.Observed
	case q.rule != nil && rpfilterRule(q.rule):
		f.Basis = q.ruleBasis()
		f.Evidence = append(f.Evidence, trail.Evidence{Text: ruleText(q.rule), Basis: q.ruleBasis()})
	case q.v.Outcome != trail.Delivered && asked != nil && (asked.Errno == errExdev || asked.Errno == errInvalid && q.suspectsReversePath(in)):
		f.Basis = trail.Observed
	case q.suspectsReversePath(in):
		f.Basis = trail.Inferred
	default:
		return nil
	}
	src := q.flow().Src
	back, known := q.wayBack()
	switch {
	case !known:
		f.Cause = fmt.Sprintf("%s came in by %s, which is not where it is routed", src, in)
	case back == "":
		f.Cause = fmt.Sprintf("%s came in by %s, and there is no route back to it", src, in)
	default:
		f.Cause = fmt.Sprintf("%s is routed by %s, it came in by %s", src, back, in)
	}
	f.Why = "The reverse-path filter drops a packet whose sender would be answered by another interface." +
		" `ip route get` as the packet came says \"Invalid argument\" then (before Linux 6.14: \"Invalid cross-device link\")."
	if d := q.dropping(); d != nil {
		f.Evidence = append(f.Evidence, dropEvidence(d))
	}
	q.reversePathEvidence(f, in, asked)
	f.Check = []string{
		fmt.Sprintf("sysctl net.ipv4.conf.all.rp_filter net.ipv4.conf.%s.rp_filter   # the larger counts", sysctlName(in)),
		fmt.Sprintf("ip route get from %s to %s iif %s", src, q.flow().Dst, in),
		"  \"Invalid argument\" (before Linux 6.14 \"Invalid cross-device link\") confirms it",
	}
	f.Fix = []string{
		fmt.Sprintf("give %s a route back by %s, or masquerade on the sender's side", src, in),
		fmt.Sprintf("sysctl -w net.ipv4.conf.%s.rp_filter=2   # loose: any route back will do", sysctlName(in)),
	}
	if back == "" && known {
		f.Fix = f.Fix[:1]
	}
	return f
}

// rpfilterRule says whether a rule does in netfilter what rp_filter does.
func rpfilterRule(r *trail.Rule) bool {
	return strings.Contains(r.Text, "-m rpfilter") || strings.Contains(r.Text, "fib saddr")
}

// suspectsReversePath: it vanished in routing, and the way back is by another
// interface.
func (q *inquiry) suspectsReversePath(in string) bool {
	if q.v.Outcome != trail.Lost || !strings.HasPrefix(q.v.At, "routing") || in == "" {
		return false
	}
	back, known := q.wayBack()
	return known && back != in
}

// asksBack says whether a lookup of the way back is for this packet's sender:
// what came out of a tunnel was in an outer packet, which had its own.
func (q *inquiry) asksBack(r *trail.Route) bool {
	src := q.flow().Src
	if q.tunnelled() {
		src = q.end.Seen.Tunnels[0].Flow.Src
	}
	return !r.Dst.IsValid() || r.Dst == src
}

// sysctlName is a device's name inside of a sysctl's: its dots are slashes.
func sysctlName(device string) string { return strings.ReplaceAll(device, ".", "/") }

// wayBack is the interface by which the kernel would answer the sender, empty
// if it has no route; false if it is not known.
func (q *inquiry) wayBack() (string, bool) {
	o := q.back(func(o *trail.Observation) bool {
		return q.here(o) && o.Route != nil && o.Route.ReversePath && q.asksBack(o.Route)
	})
	if o != nil {
		if o.Route.Err != 0 {
			return "", true
		}
		return o.Route.Device, true
	}
	a := q.askedBack()
	switch {
	case a == nil:
		return "", false
	case a.Route != nil:
		return a.Route.Device, true
	}
	return "", a.Errno != 0
}

func (q *inquiry) reversePathEvidence(f *trail.Finding, in string, asked *trail.Answer) {
	o := q.back(func(o *trail.Observation) bool {
		return q.here(o) && o.Route != nil && o.Route.ReversePath && q.asksBack(o.Route)
	})
	if o != nil {
		f.Evidence = append(f.Evidence, trail.Evidence{Text: o.Route.Words(), Basis: trail.Observed})
	}
	for _, a := range []*trail.Answer{asked, q.askedBack()} {
		if a != nil {
			f.Evidence = append(f.Evidence, answerEvidence(a))
		}
	}
	all, own := q.setting("net.ipv4.conf.all.rp_filter"), q.setting("net.ipv4.conf."+in+".rp_filter")
	if all == "" && own == "" {
		return
	}
	mode := "off"
	switch larger(all, own) {
	case 1:
		mode = "strict"
	case 2:
		mode = "loose"
	}
	f.Evidence = append(f.Evidence, trail.Evidence{
		Text:  fmt.Sprintf("rp_filter: all %s, %s %s: the larger counts, %s", orText(all, "?"), in, orText(own, "?"), mode),
		Basis: trail.Observed,
	})
}

// larger is the larger of two numbers in text; what is no number counts 0.
func larger(a, b string) int {
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	return max(x, y)
}
