package text

import (
	"fmt"
	"strings"
	"time"

	"github.com/pktrail/pktrail/internal/trail"
)

// Trail is one packet's way: a row per point, below the node that it belongs
// to.
func Trail(t trail.Trail) string {
	if len(t.Observations) == 0 {
		return t.Packet + ": not seen\n"
	}
	first, last := t.Observations[0], t.Observations[len(t.Observations)-1]
	var b strings.Builder
	name, details := title(&t)
	fmt.Fprintf(&b, "%s  %s  seen at %s in %s\n", strings.TrimSpace(name+" "+details), t.Flow, Count(places(t.Observations), "point"), Micros(last.Time-first.Time))
	rows := make([][]string, len(t.Observations))
	where := ""
	for i, o := range t.Observations {
		w := o.Point.Node + "/" + namespace(o.Point)
		name = ""
		if w != where {
			where, name = w, namespace(o.Point)
		}
		rows[i] = []string{
			"  " + name, fmt.Sprintf("%9s", Micros(o.Time-first.Time)),
			o.Point.Interface + " " + strings.ToLower(o.Dir.String()), strings.Join(o.Changes, ", "),
		}
	}
	lines := strings.Split(Columns(rows), "\n")
	node := ""
	for i, o := range t.Observations {
		if o.Point.Node != node {
			node = o.Point.Node
			b.WriteString(node + "\n")
		}
		b.WriteString(strings.TrimRight(lines[i], " ") + "\n")
	}
	return b.String()
}

// namespace is the target, or "host" for the node's own.
func namespace(p trail.Point) string {
	if p.Target != "" {
		return p.Target
	}
	return "host"
}

// ownerName is namespace for a node and the owner of one of its namespaces.
func ownerName(node, owner string) string {
	if owner == node || owner == "" {
		return "host"
	}
	return owner
}

func places(all []trail.Observation) int {
	seen := map[string]bool{}
	for _, o := range all {
		seen[o.Point.Path()] = true
	}
	return len(seen)
}

// Micros writes nanoseconds in microseconds, the unit of a packet's way.
func Micros(ns int64) string {
	return fmt.Sprintf("%d us", time.Duration(ns).Microseconds())
}
