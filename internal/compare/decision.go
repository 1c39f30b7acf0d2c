package compare

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

func (r *reader) rules(i int, o *trail.Observation) {
	for _, w := range Walks(o.Rules) {
		last, decided := Decision(w)
		if !decided && (last.Kind != trail.RuleMatched || last.Verdict != "") {
			continue
		}
		hook := w[0].Chain
		if o.Hook != nil && o.Hook.Name != "" {
			hook = o.Hook.Name
		}
		s := r.open(i, o, last.Table+" "+hook, "rules/"+last.Table+"/"+hook)
		s.translates = last.Table == "nat" || Terminal(last.Verdict) && strings.Contains(last.Text, "nat to ")
		r.add(Fact{Kind: KindRule, Value: Label(&last) + " " + strings.ToUpper(last.Verdict), same: sameRule(&last)})
	}
}

// Label names a rule by chain and place: "KUBE-FORWARD 3", "svc handle 5",
// "FORWARD policy".
func Label(r *trail.Rule) string {
	switch {
	case r.Kind == trail.RulePolicy:
		return r.Chain + " policy"
	case r.Kind == trail.RuleReturn:
		return r.Chain + " return"
	case r.Number > 0:
		return r.Chain + " " + strconv.Itoa(r.Number)
	case r.Handle > 0:
		return r.Chain + " handle " + strconv.FormatUint(r.Handle, 10)
	}
	return r.Chain
}

// sameRule tells rules apart by chain and verdict; their numbers differ from
// node to node, and count where there is no verdict.
func sameRule(r *trail.Rule) string {
	what := r.Verdict
	if what == "" {
		what = strconv.Itoa(r.Number)
	}
	return chain(r.Chain) + " " + string(r.Kind) + " " + what
}

func (r *reader) route(i int, o *trail.Observation) {
	q := o.Route
	if q == nil || q.Err == eagain && !r.last(i) {
		return
	}
	place := "route"
	if q.ReversePath {
		place = "route back"
	}
	s := r.open(i, o, place, place)
	s.soft, s.dst, s.failed = soft(o), q.Dst, q.Err != 0
	if len(s.Facts) > 0 && s.Observation != i { // asked again: the last answer counts
		s.Facts = nil
	}
	r.add(plain(KindTable, "table "+trail.TableName(q.Table)))
	if q.Err != 0 {
		r.add(plain(KindRoute, RouteError(q)))
		return
	}
	if q.Type != "" && q.Type != "unicast" {
		r.add(plain(KindRoute, q.Type))
	}
	if q.Prefix.IsValid() {
		r.add(Fact{Kind: KindRoute, Value: q.Prefix.String(), exact: q.Prefix.String()})
	}
	if q.Device != "" {
		r.add(Fact{Kind: KindDevice, Value: "dev " + q.Device, same: device(q.Device)})
	}
	gateway := Fact{Kind: KindGateway, Value: "on link", same: "on link", exact: "on link"}
	if q.Gateway.IsValid() && !q.Gateway.IsUnspecified() {
		gateway = Fact{Kind: KindGateway, Value: "via " + q.Gateway.String(), same: "via", exact: q.Gateway.String()}
	}
	r.add(gateway)
}

// RouteError says in words why a lookup gave no route: "prohibit (error 13,
// permission denied)"; empty where it gave one. The numbers are those of
// asm-generic/errno.h; fib_props of the kernel's IPv4 gives each type of route
// its own. A type that the kernel named itself goes before the one that the
// number stands for.
func RouteError(q *trail.Route) string {
	kind, meaning := "", ""
	switch q.Err {
	case 0:
		return ""
	case eagain:
		kind, meaning = "throw", "no route in this table"
		if q.Type != "throw" {
			return fmt.Sprintf("%s (error %d)", meaning, q.Err)
		}
	case 13:
		kind, meaning = "prohibit", "permission denied"
	case 18:
		kind, meaning = "refused", "invalid cross-device link"
	case 22:
		kind, meaning = "blackhole", "invalid argument"
	case 101:
		kind, meaning = "no route", "network is unreachable"
	case 113:
		kind, meaning = "unreachable", "no route to host"
	default:
		return fmt.Sprintf("error %d", q.Err)
	}
	if q.Type != "" && q.Type != "unicast" && q.Type != "local" {
		kind = q.Type
	}
	return fmt.Sprintf("%s (error %d, %s)", kind, q.Err, meaning)
}

// last says whether no other lookup follows in this namespace.
func (r *reader) last(i int) bool {
	here := &r.t.Observations[i].Point
	for _, o := range r.t.Observations[i+1:] {
		if o.Point.Node == here.Node && o.Point.Target == here.Target && o.Stage == trail.StageRoute {
			return false
		}
	}
	return true
}

// soft says whether a lookup is one that sockets and tunnels keep the answer
// of: for a packet of our own, for us, or around another.
func soft(o *trail.Observation) bool {
	q := o.Route
	outer := len(o.Seen.Tunnels) > 0 && o.Seen.Tunnels[0].Flow.Dst == q.Dst
	return q.Err == 0 && (outer || q.ReversePath || q.In == "" || q.In == "lo" || q.Device == "lo" || q.Device == q.In || q.Type == "local")
}

const eagain = 11 // asm-generic/errno-base.h

func plain(k Kind, v string) Fact { return Fact{Kind: k, Value: v, same: v} }
