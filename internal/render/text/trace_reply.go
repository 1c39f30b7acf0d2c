package text

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// reply says in one line that the answer came back the same way.
func (p *page) reply(f *Fold) {
	a := f.Answer
	name, _ := title(a.Trail)
	text := name + " delivered"
	if i := decider(a.Trail, &a.Verdict); i >= 0 && len(f.Trail.Observations) > 0 {
		text += " after " + since(after(f.Trail, a.Trail.Observations[i].Time))
	}
	text += ", same points in reverse"
	if src, ok := restored(f.Trail, a.Trail); ok {
		text += ", source again " + src
	}
	p.put(spans{{text: "reply  "}, {text: text, tone: good}}, 7)
}

// restored is the address that the request went to, if the answer comes from
// there again though another one answered.
func restored(request, answer *trail.Trail) (string, bool) {
	all := answer.Observations
	if len(all) == 0 {
		return "", false
	}
	first, last := answer.Flow, answer.Flow
	for i := range all {
		if fl := all[i].Seen.Flow; fl.Src.IsValid() {
			last = fl
		}
	}
	if last.Src == first.Src && last.SrcPort == first.SrcPort || last.Src != request.Flow.Dst || last.SrcPort != request.Flow.DstPort {
		return "", false
	}
	if last.HasPorts() {
		return netip.AddrPortFrom(last.Src, last.SrcPort).String(), true
	}
	return last.Src.String(), true
}

// mirrored says whether an answer passed the places of its request, and
// arrives as the sender expects it: from where it sent.
func mirrored(request, answer *trail.Trail) bool {
	a, b := devices(request), devices(answer)
	if len(a) == 0 || len(a) != len(b) {
		return false
	}
	for k := range a {
		if !b[k] {
			return false
		}
	}
	return true
}

// devices are the interfaces that a packet was seen at.
func devices(t *trail.Trail) map[string]bool {
	out := map[string]bool{}
	for i := range t.Observations {
		switch o := &t.Observations[i]; o.Stage {
		case trail.StageCapture, trail.StageReceive, trail.StageQueue, "":
			out[o.Point.Path()] = true
		}
	}
	return out
}

// conversation says how the probe went, unless the answer that is shown says
// it already.
func (p *page) conversation(s *trail.Session, folds []Fold) {
	if s == nil || s.Conversation == nil {
		return
	}
	c := s.Conversation
	if c.Result == trail.ResultAnswered {
		for i := range folds {
			if folds[i].Answer != nil {
				return
			}
		}
	}
	after := ""
	if c.RTT > 0 {
		after = " after " + since(c.RTT)
	}
	text, t := "", bad
	switch c.Result {
	case trail.ResultAnswered:
		text, t = "answered"+after, good
	case trail.ResultRefused:
		text = "refused by a reset" + after
	case trail.ResultICMP:
		text = "ended by an ICMP error"
		if c.Refusal != nil {
			text = "ended by " + strings.TrimPrefix(c.Refusal.Words(), "refused: ")
		}
		if c.From.IsValid() {
			text += " from " + c.From.String()
		}
		text += after
	case trail.ResultNothing:
		text, t = "no answer", warn
	case trail.ResultFailed:
		text = "could not be sent"
	default:
		text, t = string(c.Result), warn
	}
	if c.Error != "" {
		text += fmt.Sprintf(" (%s)", c.Error)
	}
	p.put(spans{{text: "probe  "}, {text: text, tone: t}}, 7)
}
