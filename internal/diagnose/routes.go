package diagnose

import (
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// The kernel's errno for a lookup (linux/errno.h; fib_props of fib_trie.c).
const (
	errAccess  = 13  // a prohibit route
	errExdev   = 18  // the source is not valid by this interface
	errInvalid = 22  // a blackhole route
	errHost    = 113 // an unreachable route; for IPv6 also no route
)

// routeType is the type of the route that decided: as the kernel said when it
// was asked, else as the error of the lookup tells, else as the end of the
// packet does. It is "none" where there was no route, and empty where nothing
// tells.
func (q *inquiry) routeType() string {
	if a := q.asked(); a != nil && a.Route != nil && a.Route.Type != "" {
		return a.Route.Type
	}
	r := q.route()
	if r == nil {
		return q.typeByEnd()
	}
	if r.Type != "" {
		return r.Type
	}
	err := max(r.Err, -r.Err)
	switch {
	case err == 0 && (r.Table == tableLocal || r.Device == "lo"):
		return "local"
	case err == 0:
		return "unicast"
	case err == errAccess:
		return "prohibit"
	case err == errInvalid:
		return "blackhole"
	case err == errHost && r.Dst.Is4():
		return "unreachable"
	}
	return "none"
}

// typeByEnd tells the types of routes by how ip_error ends a packet: it gives
// the reason of what is no such route (net/ipv4/route.c).
func (q *inquiry) typeByEnd() string {
	d := q.dropping()
	if d == nil {
		return ""
	}
	switch at := function(d.At); {
	case at == "ip6_pkt_prohibit":
		return "prohibit"
	case at == "dst_discard", at == "dst_discard_out":
		return "blackhole"
	case at != "ip_error" || d.Reason != "NOT_SPECIFIED":
		return ""
	case q.told == nil:
		return "blackhole"
	case q.told.Type == 3 && q.told.Code == 13:
		return "prohibit"
	case q.told.Type == 3 && q.told.Code == 1:
		return "unreachable"
	}
	return ""
}

// asked is what the kernel said when it was asked for the packet's route; nil
// if it was not, or not for a packet that came in by an interface.
func (q *inquiry) asked() *trail.Answer {
	for _, i := range q.near() {
		for j := range q.t.Observations[i].Answers {
			a := &q.t.Observations[i].Answers[j]
			forwarded := q.ingress() != ""
			if forwarded == strings.Contains(a.Question, " iif ") && strings.Contains(a.Question+" ", "route get "+q.flow().Dst.String()+" ") {
				return a
			}
		}
	}
	return nil
}

// askedBack is what the kernel said when it was asked for the way back to the
// sender; nil if it was not.
func (q *inquiry) askedBack() *trail.Answer {
	for _, i := range q.near() {
		for j := range q.t.Observations[i].Answers {
			a := &q.t.Observations[i].Answers[j]
			if strings.Contains(a.Question+" ", "route get "+q.flow().Src.String()+" ") {
				return a
			}
		}
	}
	return nil
}

// getRoute is the command that asks for the packet's route as the kernel did.
func (q *inquiry) getRoute() string {
	f := q.flow()
	if q.tunnelled() {
		f = q.end.Seen.Tunnels[0].Flow
	}
	s := "ip route get " + f.Dst.String()
	if in := q.ingress(); in != "" && f.Src.IsValid() {
		s += " from " + f.Src.String() + " iif " + in
	}
	if q.end.Mark != 0 {
		s += " mark " + itoa(int(q.end.Mark))
	}
	return s
}

// ingress is the interface by which the packet came into the namespace where
// it ended; empty if it was made there.
func (q *inquiry) ingress() string {
	o := q.back(func(o *trail.Observation) bool {
		return q.here(o) && (o.Stage == trail.StageReceive || o.Stage == trail.StageCapture && o.Dir == trail.In)
	})
	if o == nil {
		return ""
	}
	return o.Point.Interface
}

// routing is the evidence of routing: the last lookup, and what the kernel
// said when it was asked again.
func (q *inquiry) routing() []trail.Evidence {
	var out []trail.Evidence
	if v := q.c.Conversation; v != nil && v.Error != "" {
		out = append(out, trail.Evidence{Text: "the sender's socket says: " + v.Error, Basis: trail.Observed})
	}
	if r := q.route(); r != nil {
		out = append(out, trail.Evidence{Text: "lookup: " + routeText(r), Basis: trail.Observed})
	}
	if a := q.asked(); a != nil {
		out = append(out, answerEvidence(a))
	}
	if d := q.dropping(); d != nil {
		out = append(out, dropEvidence(d))
	}
	if q.told != nil {
		out = append(out, q.toldEvidence())
	}
	return out
}

// toldEvidence is what the sender is told; q.told must not be nil.
func (q *inquiry) toldEvidence() trail.Evidence {
	who := "the sender"
	if q.tunnelled() {
		who = "the tunnel's own end"
	}
	return trail.Evidence{Text: who + " is told: " + refusalText(q.told), Basis: q.toldBasis()}
}

// toldBasis is how it is known what the sender was told.
func (q *inquiry) toldBasis() trail.Basis {
	if q.end.Refusal != nil {
		return trail.Observed
	}
	return trail.Inferred
}

// answerEvidence quotes an answer of the kernel.
func answerEvidence(a *trail.Answer) trail.Evidence {
	text := oneLine(a.Text)
	if a.Error != "" {
		text = a.Error
	}
	return trail.Evidence{Text: a.Question + ": " + text, Basis: trail.Observed}
}

// shown is how many lines of an answer are quoted.
const shown = 8

// oneLine puts an answer's lines into one, and no more of them than a person
// reads.
func oneLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if more := len(lines) - shown; more > 0 {
		lines = append(lines[:shown], "and "+itoa(more)+" more")
	}
	return strings.Join(lines, "; ")
}

// dropEvidence quotes a drop.
func dropEvidence(d *trail.Drop) trail.Evidence {
	return trail.Evidence{Text: strings.TrimSpace(d.Reason + " at " + d.At), Basis: trail.Observed}
}

// setting is the value of a sysctl that was read where the packet ended; empty
// if it was not.
func (q *inquiry) setting(name string) string {
	for _, i := range q.near() {
		for _, s := range q.t.Observations[i].Settings {
			// A device's dots are slashes there, as sysctl(8) has them.
			if strings.ReplaceAll(s.Name, "/", ".") == strings.ReplaceAll(name, "/", ".") {
				return s.Value
			}
		}
	}
	return ""
}

// ipVersion is "ipv4" or "ipv6", as sysctls have it.
func ipVersion(a netip.Addr) string {
	if a.Is6() {
		return "ipv6"
	}
	return "ipv4"
}

// ipCommand is "ip" or "ip -6".
func ipCommand(a netip.Addr) string {
	if a.Is6() {
		return "ip -6"
	}
	return "ip"
}
