package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/compare"
	"github.com/pktrail/pktrail/internal/trail"
)

// everything is a row per observation, with all that is known of it.
func everything(t *trail.Trail, v *trail.Verdict) []row {
	m := rowMaker{t: t, v: v, end: decider(t, v), start: start(t), exact: exactAfter(t.Observations)}
	var before *trail.Headers
	for i := range t.Observations {
		o := &t.Observations[i]
		at := m.open(i, o, verbosePlace(o))
		m.rows[at].from = []int{i}
		for _, r := range o.Rules {
			m.note(at, r.Table+" "+compare.Label(&r)+verdictWords(&r))
			if r.Text != "" {
				m.note(at, "  "+r.Text)
			}
			if r.Owner != "" {
				m.note(at, "  "+r.Owner)
			}
		}
		if w := o.Words(); w != "" && len(o.Rules) == 0 {
			m.note(at, strings.TrimPrefix(strings.TrimPrefix(w, "route: "), verbosePlace(o)+", "))
		}
		if o.Drop != nil && len(o.Drop.Stack) > 0 {
			m.note(at, "called by "+strings.Join(o.Drop.Stack, " < "))
		}
		for _, c := range o.Changes {
			m.note(at, c)
		}
		for _, a := range o.Answers {
			m.note(at, strings.TrimSpace("asked "+a.Question+": "+a.Text+" "+a.Error))
		}
		for _, s := range o.Settings {
			m.note(at, s.Name+" = "+s.Value)
		}
		m.rows[at].says = append(m.rows[at].says, say{text: details(o), tone: dim})
		if o.Seen.Flow.Src.IsValid() {
			for _, text := range seenWords(before, &o.Seen) {
				m.rows[at].says = append(m.rows[at].says, say{text: text, tone: dim})
			}
			before = &o.Seen
		}
	}
	if end := m.endRow(); end >= 0 {
		m.mark(end)
	}
	return m.rows
}

func verbosePlace(o *trail.Observation) string {
	switch o.Stage {
	case trail.StageCapture, trail.StageReceive, trail.StageQueue, trail.StageTransmit, "":
		return place(o)
	case trail.StageHook, trail.StageRules:
		if o.Hook != nil && o.Hook.Name != "" {
			return o.Hook.Name
		}
	case trail.StageDatapath:
		if o.Datapath != nil {
			return o.Datapath.Place()
		}
	}
	return string(o.Stage)
}

func verdictWords(r *trail.Rule) string {
	text := ""
	if r.Verdict != "" {
		text = ": " + r.Verdict
	}
	if r.To != "" {
		text += " " + r.To
	}
	return text
}

// details are the numbers of an observation: "receive, flight 12, cpu 2".
func details(o *trail.Observation) string {
	var out []string
	add := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	if o.Stage != "" {
		add("%s", o.Stage)
	}
	if o.Late {
		add("heard of late")
	}
	if o.Flight != 0 {
		add("flight %d", o.Flight)
	}
	if o.Copy != 0 {
		add("copy %d", o.Copy)
	}
	if o.CPU > 0 {
		add("cpu %d", o.CPU-1)
	}
	if o.Len > 0 {
		add("length %d", o.Len)
	}
	if o.Seen.TTL > 0 {
		add("ttl %d", o.Seen.TTL)
	}
	if o.Mark != 0 {
		add("mark %#x", o.Mark)
	}
	if o.Merged > 1 {
		add("%d in one", o.Merged)
	}
	if c := o.Conntrack; c != nil {
		text := "conntrack " + c.State
		if c.Reply {
			text += " reply"
		}
		if c.Status != 0 {
			text += fmt.Sprintf(" status %#x", c.Status)
		}
		add("%s", text)
	}
	if ifc := o.Point.Interface; ifc != "" && !strings.HasPrefix(verbosePlace(o), ifc) {
		add("dev %s", ifc)
	}
	return strings.Join(out, ", ")
}

// seenWords are the headers of a packet, where they are not those of before.
func seenWords(before, now *trail.Headers) []string {
	var out []string
	if before == nil || before.Flow != now.Flow {
		out = append(out, now.Flow.String())
	}
	if before != nil && slices.Equal(before.Tunnels, now.Tunnels) {
		return out
	}
	for i := range now.Tunnels {
		out = append(out, "in "+tunnelName(&now.Tunnels[i])+", "+now.Tunnels[i].Flow.String())
	}
	return out
}
