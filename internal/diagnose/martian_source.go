package diagnose

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// martianSource: an address that cannot come by this interface.
func martianSource(q *inquiry) *trail.Finding {
	if q.has("hairpin-not-masqueraded") {
		return nil
	}
	in := q.ingress()
	src, dst := q.flow().Src, q.flow().Dst
	f := &trail.Finding{ID: "martian-source", Basis: trail.Observed}
	switch q.v.Reason {
	case "IP_LOCAL_SOURCE":
		f.Cause = fmt.Sprintf("%s came in by %s %s, which has that address itself", src, in, on(q.end.Point))
		f.Fix = []string{"give one of the two another address: the same one is in use twice", "or see who sends with this node's address: ip neigh, bridge fdb show"}
	case "IP_INVALID_SOURCE":
		f.Cause = fmt.Sprintf("%s is no address that a packet can come from", src)
		f.Fix = []string{"mend the sender: a multicast, broadcast or unset address stands as the source"}
	case "IP_LOCALNET":
		f.Cause = fmt.Sprintf("%s -> %s: a loopback address came in by %s", src, dst, in)
		f.Fix = []string{"send to the node's own address and not to 127.0.0.1, or masquerade what is translated to it", "sysctl -w net.ipv4.conf." + sysctlName(in) + ".route_localnet=1   # only if such traffic is meant to be"}
	case "IP_INVALID_DEST":
		f.Cause = fmt.Sprintf("%s is no address that a packet can go to", dst)
		f.Fix = []string{"mend the sender or the translation that set this destination"}
	default:
		if !q.martianLine() || q.v.Outcome == trail.Delivered || q.v.Reason == "IP_RPFILTER" {
			return nil
		}
		f.Cause = fmt.Sprintf("the kernel log calls %s a martian source on %s", src, in)
		f.Basis = trail.Inferred
		f.Fix = []string{"see the reverse-path filter and the addresses of " + in}
	}
	f.Why = "The kernel calls an address martian that cannot be where the packet came from, and drops it without telling anybody."
	if d := q.dropping(); d != nil {
		f.Evidence = append(f.Evidence, dropEvidence(d))
	}
	for _, a := range q.logLines("martian") {
		f.Evidence = append(f.Evidence, answerEvidence(&a))
	}
	f.Check = []string{fmt.Sprintf("ip route get %s from %s iif %s", dst, src, in), "sysctl net.ipv4.conf.all.log_martians   # at 1, dmesg has a line for each"}
	return f
}

// logLines are lines of the kernel log that were quoted where the packet
// ended, and hold a word.
func (q *inquiry) logLines(word string) []trail.Answer {
	var out []trail.Answer
	for _, i := range q.near() {
		for _, a := range q.t.Observations[i].Answers {
			if (strings.HasPrefix(a.Question, "dmesg") || strings.HasPrefix(a.Question, "journalctl")) && strings.Contains(strings.ToLower(a.Text), word) {
				out = append(out, a)
			}
		}
	}
	return out
}

func (q *inquiry) martianLine() bool { return len(q.logLines("martian")) > 0 }
