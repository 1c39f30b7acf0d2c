package text

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pktrail/pktrail/internal/trail"
)

// Points says in one or two lines where a capture listens.
func Points(points []trail.Point) string {
	var b strings.Builder
	for i, group := range byOwner(points) {
		if i > 0 {
			b.WriteByte('\n')
		}
		names := make([]string, len(group))
		for j, p := range group {
			names[j] = p.Interface
			if p.Role == trail.RolePod && p.Index == 0 {
				names[j] = "all interfaces"
			}
		}
		fmt.Fprintf(&b, "%s: %s", owner(group[0]), strings.Join(names, ", "))
	}
	return b.String()
}

// Details tells each point in a line of its own: its path, and what is known
// of the device.
func Details(points []trail.Point) string {
	rows := make([][]string, len(points))
	for i, p := range points {
		about := []string{string(p.Role), p.Kind}
		for _, n := range []struct {
			what  string
			value uint64
		}{{"index", uint64(max(p.Index, 0))}, {"mtu", uint64(max(p.MTU, 0))}, {"netns", p.Netns}} {
			if n.value > 0 {
				about = append(about, fmt.Sprintf("%s %d", n.what, n.value))
			}
		}
		about = append(about, p.MAC)
		rows[i] = []string{p.Path(), strings.Join(slices.DeleteFunc(about, func(s string) bool { return s == "" }), ", ")}
	}
	return Columns(rows)
}

// owner names the place, and the node beside it where that is another name.
func owner(p trail.Point) string {
	if p.Target != "" && p.Node != "" && p.Node != p.Target {
		return p.Target + " (" + p.Node + ")"
	}
	return p.Owner()
}

// byOwner groups points by target or node, in the order of their first.
func byOwner(points []trail.Point) [][]trail.Point {
	var groups [][]trail.Point
	at := map[string]int{}
	for _, p := range points {
		key := owner(p)
		i, ok := at[key]
		if !ok {
			i = len(groups)
			at[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], p)
	}
	return groups
}

// Totals is a capture's summary: a line per target, or per point where the
// points of one target were asked for one by one.
func Totals(totals []trail.PointTotal, perPoint bool) string {
	rows := make([][]string, 0, len(totals))
	sums := map[string]int{}
	var merged []trail.PointTotal
	for _, t := range totals {
		name := t.Point.Owner()
		if perPoint {
			name = t.Point.Path()
		}
		i, ok := sums[name]
		if !ok {
			i = len(merged)
			sums[name] = i
			merged = append(merged, trail.PointTotal{Point: t.Point})
			rows = append(rows, []string{name})
		}
		merged[i].Packets += t.Packets
		merged[i].Bytes += t.Bytes
		merged[i].Missed += t.Missed
	}
	for i, t := range merged {
		rows[i] = append(rows[i], Count(t.Packets, "packet"), Bytes(t.Bytes), fmt.Sprintf("missed %d", t.Missed))
	}
	return Columns(rows)
}

// Columns aligns rows on the left, two blanks apart. The last column is not
// padded.
func Columns(rows [][]string) string {
	var width []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", width[i]-len([]rune(cell))+2))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Live is the line that stands below a running capture.
func Live(elapsed time.Duration, packets, bytes int64, missed uint64, rate float64) string {
	return fmt.Sprintf("%s  %s  %s  missed %d  %.0f/s", Duration(elapsed.Truncate(time.Second)), Count(packets, "packet"), Bytes(bytes), missed, rate)
}
