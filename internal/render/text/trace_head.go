package text

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pktrail/pktrail/internal/trail"
)

// Header writes what is true of a trace before any packet: how long it took to
// arm, where, and what is not visible. Notes are not in it: they are told when
// they come up.
func Header(w io.Writer, s *trail.Session, action string, style Style) error {
	p := page{style: style}
	p.header(s, action)
	_, err := io.WriteString(w, p.b.String())
	return err
}

func (p *page) header(s *trail.Session, action string) {
	text := "armed"
	if s.ArmedIn > 0 {
		text += fmt.Sprintf(" in %.1f s", s.ArmedIn.Seconds())
	}
	if len(s.Nodes) > 0 {
		text += " on " + someOf(s.Nodes)
	}
	if len(s.Blind) == 0 {
		text += "; nothing blind on this path"
	}
	if action != "" {
		text += "; " + action
	}
	p.put(spans{{text: text, tone: dim}}, 2)
	for _, b := range s.Blind {
		p.put(spans{{text: "not visible" + where(b.Node, b.Namespace) + ": ", tone: warn}, {text: because(b.What, b.Why)}}, 2)
	}
}

// someOf lists a few names and counts the others.
func someOf(list []string) string {
	const shown = 4
	if n := len(list) - shown; n > 1 {
		return strings.Join(list[:shown], ", ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(list, ", ")
}

func where(node, namespace string) string {
	switch {
	case namespace != "" && node != "" && namespace != node:
		return " in " + namespace + " on " + node
	case namespace != "":
		return " in " + namespace
	case node != "":
		return " on " + node
	}
	return ""
}

func because(what, why string) string {
	if why == "" {
		return what
	}
	return what + " (" + why + ")"
}

// headline is a packet and what became of it: "SYN  a -> b   delivered 214 us".
func (p *page) headline(f *Fold, prefix string) {
	t := f.Trail
	title, details := title(t)
	left := spans{{text: prefix + title, tone: strong}}
	if t.Flow.Src.IsValid() {
		left = append(left, span{text: "  " + t.Flow.String()})
	}
	if details != "" && f.count() == 1 {
		left = append(left, span{text: "  " + details, tone: dim})
	}
	if f.count() > 1 {
		left = append(left, span{text: "  " + Count(f.count(), "packet")})
	}
	p.pair(left, span{text: result(f), tone: toneOf(f.Verdict.Outcome)}, 4)
}

// title splits what a packet is from its numbers: "ICMP echo request", "seq 1".
// An id that the flow prints is left out; so is TCP before its flags.
func title(t *trail.Trail) (name, details string) {
	name, details, _ = strings.Cut(t.Packet, ", ")
	if name == "" {
		name = t.Flow.Proto.String()
	}
	if flags, ok := strings.CutPrefix(name, "TCP "); ok && strings.ToUpper(flags) == flags {
		name = flags
	}
	var keep []string
	for d := range strings.SplitSeq(details, ", ") {
		if d != "" && d != "0 bytes" && (t.Flow.ID == 0 || d != fmt.Sprintf("id %d", t.Flow.ID)) {
			keep = append(keep, d)
		}
	}
	return name, strings.Join(keep, " ")
}

// result is an outcome with its time, or with its node where nothing happened
// at a time.
func result(f *Fold) string {
	v := &f.Verdict
	word := string(v.Outcome)
	if v.Outcome == "" {
		word = string(trail.Unknown)
	}
	if v.Outcome != trail.Delivered {
		word = strings.ToUpper(word)
	}
	switch v.Outcome {
	case trail.Lost, trail.Unknown, "":
		if v.Node != "" {
			word += " on " + v.Node
		}
		return word
	}
	if i := decider(f.Trail, v); i >= 0 && f.Trail.Observations[i].Time != 0 {
		word += " " + since(after(f.Trail, f.Trail.Observations[i].Time))
	}
	return word
}

// since writes a time on a packet's way: microseconds, or a shorter word where
// it waited.
func since(ns int64) string {
	if ns < 0 {
		return "-" + since(-max(ns, -maxSpan))
	}
	if d := time.Duration(ns); d >= 100*time.Millisecond {
		return Duration(d)
	}
	return Micros(ns)
}

const maxSpan = 1<<63 - 1
