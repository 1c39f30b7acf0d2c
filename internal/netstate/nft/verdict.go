package nft

import "github.com/pktrail/pktrail/internal/netstate/xt"

// Counter is the first counter of the rule; nil if it does not count.
func (r *Rule) Counter() *Counter {
	for _, e := range r.Exprs {
		if c, ok := e.(*Counter); ok {
			return c
		}
	}
	return nil
}

// Verdict says what the rule does with a packet that matches, in the words of
// trail.Rule, and the chain that a jump or goto leads to. "" is a verdict map:
// it depends on the packet.
func (r *Rule) Verdict() (verdict, to string) {
	for _, e := range r.Exprs {
		switch e := e.(type) {
		case *Immediate:
			if e.Verdict != nil {
				return e.Verdict.words()
			}
		case *Reject:
			return "reject", ""
		case *NAT:
			return [...]string{"snat", "dnat"}[e.Type&1], ""
		case *Masq:
			return "masquerade", ""
		case *Redir:
			return "dnat", ""
		case *TProxy:
			return "accept", ""
		case *Queue:
			return "queue", ""
		case *Fwd, *Synproxy:
			return "stolen", ""
		case *Lookup:
			if e.HasDreg && e.Dreg == 0 {
				return "", ""
			}
		case *Target:
			t := xt.Target{Name: e.Name}
			return t.Verdict()
		}
	}
	return "continue", ""
}

func (v *Verdict) words() (string, string) {
	switch v.Code {
	case 0:
		return "drop", ""
	case 1:
		return "accept", ""
	case 3:
		return "queue", ""
	case -3:
		return "jump", v.Chain
	case -4:
		return "goto", v.Chain
	case -5:
		return "return", ""
	}
	return "continue", ""
}
