package trail

import (
	"fmt"
	"net/netip"
	"strings"
)

// Words says in one line what was decided at this observation, as the comment
// of a packet in Wireshark; empty where a packet was only seen.
func (o *Observation) Words() string {
	switch {
	case o.Drop != nil:
		return o.Drop.Words()
	case o.Refusal != nil:
		return o.Refusal.Words()
	case o.Policy != nil:
		return o.Policy.Words()
	case o.Datapath != nil:
		return o.Datapath.Words()
	case len(o.Rules) > 0:
		return rulesWords(o)
	case o.Route != nil:
		return "route: " + o.Route.Words()
	case o.Neighbour != nil:
		return o.Neighbour.Words()
	case o.Socket != nil:
		return o.Socket.Words()
	case o.Hook != nil && o.Stage == StageHook:
		return fmt.Sprintf("%s at priority %d", o.Hook.Name, o.Hook.Priority)
	case o.Transmit != nil && o.Transmit.Code != 0:
		return fmt.Sprintf("refused by the device, code %d", o.Transmit.Code)
	case o.Stage == StageSocketFull:
		return "the socket's queue is full"
	case o.Stage == StageRetransmit:
		return "TCP sends this again"
	case o.Stage == StageConsume:
		return "done with"
	}
	return ""
}

func rulesWords(o *Observation) string {
	var b strings.Builder
	if o.Hook != nil {
		b.WriteString(o.Hook.Name)
	}
	for i := range o.Rules {
		if i > 0 {
			b.WriteString(" >")
		}
		b.WriteString(" " + o.Rules[i].Words())
	}
	return strings.TrimSpace(b.String())
}

// Words is "nat KUBE-SERVICES 9: jump KUBE-SVC-X", or a rule's text where its
// place is not known.
func (r *Rule) Words() string {
	text := strings.TrimSpace(r.Table + " " + r.Chain)
	switch {
	case text == "": // a log tells that a rule matched, and not where it stands
		return r.Text
	case r.Kind == RulePolicy:
		text += " policy"
	case r.Kind == RuleReturn:
		text += " end"
	case r.Number > 0:
		text += fmt.Sprintf(" %d", r.Number)
	case r.Handle > 0:
		text += fmt.Sprintf(" handle %d", r.Handle)
	}
	what := r.Verdict
	if r.To != "" {
		what += " " + r.To
	}
	if r.Text != "" && r.To == "" {
		what = r.Text
	}
	if what == "" {
		return text
	}
	return text + ": " + what
}

// Words is "10.244.2.0/24 via 10.244.2.0 dev flannel.1 (table main)".
func (r *Route) Words() string {
	dst := r.Dst.String()
	if r.Prefix.IsValid() {
		dst = prefixWords(r.Prefix)
	}
	switch {
	case r.ReversePath && r.Err != 0:
		return fmt.Sprintf("no way back to %s (table %s)", r.Dst, TableName(r.Table))
	case r.Err != 0:
		return fmt.Sprintf("none for %s (table %s)", r.Dst, TableName(r.Table))
	}
	text := dst
	if r.Type != "" && r.Type != "unicast" {
		text = r.Type + " " + dst
	}
	if r.Gateway.IsValid() {
		text += " via " + r.Gateway.String()
	}
	if r.Device != "" {
		text += " dev " + r.Device
	}
	text += " (table " + TableName(r.Table) + ")"
	if r.ReversePath {
		text = "way back: " + text
	}
	return text
}

func prefixWords(p netip.Prefix) string {
	if p.Bits() == 0 {
		return "default"
	}
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// TableName is the name of a routing table as iproute2 knows it without a
// file (rt_tables), else its number.
func TableName(n uint32) string {
	switch n {
	case 253:
		return "default"
	case 254:
		return "main"
	case 255:
		return "local"
	}
	return fmt.Sprint(n)
}

// Words is "dropped: NETFILTER_DROP in FORWARD at nf_hook_slow+0xa4".
func (d *Drop) Words() string {
	text := "dropped"
	if d.Reason != "" {
		text += ": " + d.Reason
	}
	if d.Hook != "" {
		text += " in " + d.Hook
	}
	if d.At != "" {
		text += " at " + d.At
	}
	return text
}

// Words is "refused: ICMP 3/3 port unreachable".
func (r *Refusal) Words() string {
	if r.Kind == "reset" {
		return strings.TrimSpace("refused: TCP reset " + r.Reason)
	}
	return strings.TrimSpace(fmt.Sprintf("refused: %s %d/%d %s", strings.ToUpper(r.Kind), r.Type, r.Code, r.Text))
}

// Words is "10.1.2.3 on eth0 is INCOMPLETE: the packet waits".
func (n *Neighbour) Words() string {
	text := fmt.Sprintf("neighbour %s on %s is %s", n.Addr, n.Device, n.State)
	if n.Parked {
		text += ": the packet waits"
	}
	return text
}

// Words is "socket of nginx (pid 4711)".
func (s *Socket) Words() string {
	text := "socket"
	if s.Process != "" {
		text += " of " + s.Process
	}
	if s.PID > 0 {
		text += fmt.Sprintf(" (pid %d)", s.PID)
	}
	if s.Local.IsValid() {
		text += " at " + s.Local.String()
	}
	return text
}
