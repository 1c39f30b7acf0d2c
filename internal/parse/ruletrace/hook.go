package ruletrace

import (
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// hookOf is the hook of a base chain: as the ruleset has it, or as the chain's
// name says, where it is one that people and tools give by the hook.
func (t *Traces) hookOf(p *pass) *trail.Hook {
	if t.Hook != nil {
		if h, ok := t.Hook(p.family, p.table, p.chain); ok {
			return &h
		}
	}
	h := &trail.Hook{Family: p.family, Name: hookByName(p)}
	if nflog.BuiltIn(p.chain) && (p.family == "ip" || p.family == "ip6") {
		h.Priority = nflog.TablePriority(p.table, h.Name)
	}
	return h
}

func hookByName(p *pass) string {
	name := strings.ToUpper(p.chain)
	for _, hook := range []string{"PREROUTING", "POSTROUTING", "FORWARD", "INPUT", "OUTPUT", "INGRESS", "EGRESS"} {
		if strings.Contains(name, hook) {
			return hook
		}
	}
	in, out := p.words.In != "", p.words.Out != ""
	for i := range p.rules {
		switch r := &p.rules[i]; {
		case r.Verdict == "dnat" && in && !out:
			return "PREROUTING"
		case r.Verdict == "dnat" && out && !in:
			return "OUTPUT"
		case (r.Verdict == "snat" || r.Verdict == "masquerade") && out:
			return "POSTROUTING"
		}
	}
	return ""
}
