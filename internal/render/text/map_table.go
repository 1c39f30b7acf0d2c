package text

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/topology"
	"github.com/pktrail/pktrail/internal/trail"
)

// Map is one line per pod, what is wrong, and how much there is. pods are those
// to show; nil for all.
func Map(m *topology.Map, pods []*topology.Pod, style Style) string {
	if pods == nil {
		for i := range m.Pods {
			pods = append(pods, &m.Pods[i])
		}
	}
	p := &page{style: style}
	rows := [][]string{{"NODE", "POD", "IP", "HOST-IF", "BRIDGE/PORT", "VIA", "CNI", "WARN"}}
	for _, pod := range pods {
		rows = append(rows, podRows(pod)...)
	}
	if len(rows) > 1 {
		p.table(rows)
	}
	p.mapWarnings(m, pods)
	p.put(spans{{text: mapSummary(m, pods)}}, 2)
	return p.b.String()
}

// podRows is a row for each interface of a pod.
func podRows(pod *topology.Pod) [][]string {
	base := []string{pod.Node, pod.ID(), "-", "-", "-", "-", orDash(pod.CNI.String()), orDash(strings.Join(warningKinds(pod), ","))}
	switch {
	case pod.HostNetwork:
		base[2], base[3] = orDash(addresses(pod.Addresses, 1)), "host network"
		return [][]string{base}
	case len(pod.Interfaces) == 0:
		base[2] = orDash(addresses(pod.Addresses, 1))
		return [][]string{base}
	}
	var rows [][]string
	for n := range pod.Interfaces {
		i := &pod.Interfaces[n]
		row := slices.Clone(base)
		row[2] = orDash(interfaceIP(i))
		if h := i.HostEnd(); h != nil {
			row[3] = h.Name
			if h.Master != "" {
				row[4] = h.Master
				if h.Port > 0 {
					row[4] += "/" + strconv.Itoa(h.Port)
				}
			}
		}
		row[5] = orDash(leavesBy(i))
		if n > 0 { // what is the pod's stands in its first row
			row[6], row[7] = "-", "-"
		}
		rows = append(rows, row)
	}
	return rows
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// interfaceIP is the first address of an interface, IPv4 if there is one.
func interfaceIP(i *topology.Interface) string {
	var list []netip.Addr
	for _, p := range i.Device().Addresses {
		list = append(list, p.Addr())
	}
	return addresses(list, 1)
}

// addresses writes the first n addresses, IPv4 first.
func addresses(list []netip.Addr, n int) string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b netip.Addr) int { return cmp.Compare(a.BitLen(), b.BitLen()) })
	var out []string
	for _, a := range list[:min(n, len(list))] {
		out = append(out, a.String())
	}
	return strings.Join(out, ", ")
}

// leavesBy is the device by which packets go to other nodes: the first overlay, else
// the first uplink.
func leavesBy(i *topology.Interface) string {
	for _, role := range []trail.Role{trail.RoleOverlay, trail.RoleUplink} {
		for _, s := range i.Path {
			if s.Role == role {
				return s.Name
			}
		}
	}
	return ""
}

// warningKinds are the kinds of a pod's warnings, each once.
func warningKinds(pod *topology.Pod) []string {
	var out []string
	for _, w := range pod.Warnings {
		if !slices.Contains(out, string(w.Kind)) {
			out = append(out, string(w.Kind))
		}
	}
	return out
}

// table writes rows below their head. Where they are too wide, the node's name
// and its CNI stand on a line above its pods instead.
func (p *page) table(rows [][]string) {
	if tableWidth(rows) <= p.columns() {
		p.rows(rows)
		return
	}
	head := slices.Concat(rows[0][1:6], rows[0][7:])
	for i := 1; i < len(rows); {
		n := i
		for n < len(rows) && rows[n][0] == rows[i][0] {
			n++
		}
		cni, alike := "-", true
		for _, r := range rows[i:n] {
			if cni == "-" {
				cni = r[6]
			}
			alike = alike && (r[6] == cni || r[6] == "-")
		}
		line := spans{{text: rows[i][0], tone: strong}}
		if alike && cni != "-" {
			line = append(line, span{text: "  " + cni})
		}
		p.put(line, 2)
		group := [][]string{head}
		for _, r := range rows[i:n] {
			row := slices.Concat(r[1:6], r[7:])
			if !alike && r[6] != "-" {
				row[4] += " (" + r[6] + ")"
			}
			group = append(group, row)
		}
		p.rows(group)
		i = n
	}
}

func tableWidth(rows [][]string) int {
	n := 0
	for line := range strings.Lines(Columns(rows)) {
		n = max(n, width(strings.TrimRight(line, " \n")))
	}
	return n
}

// rows writes a table as it is, however wide: a name that is cut is no name.
func (p *page) rows(rows [][]string) {
	for _, row := range rows {
		for i := range row {
			row[i] = clean(row[i])
		}
	}
	first := true
	for line := range strings.Lines(Columns(rows)) {
		s := span{text: strings.TrimRight(line, " \n")}
		if first {
			s.tone = dim
		}
		first = false
		p.raw(spans{s})
	}
}

// mostWarnings is how many different warnings stand below a table.
const mostWarnings = 12

// mapWarnings lists warnings, those that are alike once with their number.
func (p *page) mapWarnings(m *topology.Map, pods []*topology.Pod) {
	type group struct {
		topology.Warning
		pods int
	}
	var groups []group
	add := func(list []topology.Warning) {
		for _, w := range list {
			i := slices.IndexFunc(groups, func(g group) bool { return g.Kind == w.Kind && g.Text == w.Text && g.Node == w.Node })
			if i < 0 {
				groups = append(groups, group{Warning: w})
				i = len(groups) - 1
			}
			groups[i].pods++
		}
	}
	add(m.Warnings)
	for i := range m.Nodes {
		if slices.ContainsFunc(pods, func(o *topology.Pod) bool { return o.Node == m.Nodes[i].Name }) || len(pods) == len(m.Pods) {
			add(m.Nodes[i].Warnings)
		}
	}
	for _, o := range pods {
		add(o.Warnings)
	}
	for i, g := range groups {
		if i == mostWarnings {
			p.put(spans{{text: fmt.Sprintf("and %d more warnings: --json has all", len(groups)-i), tone: warn}}, 2)
			break
		}
		where := g.Pod
		switch {
		case g.pods > 1:
			where = fmt.Sprintf("%s: %s", g.Node, Count(g.pods, "pod"))
		case where == "":
			where = g.Node
		}
		p.warning(where, &g.Warning, 0)
	}
}

// warning writes a warning with its cause below.
func (p *page) warning(where string, w *topology.Warning, indent int) {
	blank := strings.Repeat(" ", indent)
	line := spans{{text: blank}, {text: string(w.Kind), tone: warn}, {text: "  "}}
	if where != "" {
		line = append(line, span{text: where + ": "})
	}
	p.put(append(line, span{text: w.Text}), indent+2)
	if w.Why != "" {
		p.put(spans{{text: blank + "  why  " + w.Why}, {text: "  inferred", tone: dim}}, indent+7)
	}
}

// mapSummary counts what was found.
func mapSummary(m *topology.Map, pods []*topology.Pod) string {
	parts := []string{Count(len(m.Nodes), "node"), Count(len(pods), "pod")}
	if len(m.Tunnels) > 0 {
		parts = append(parts, Count(len(m.Tunnels), "tunnel"))
	}
	s := strings.Join(parts, ", ")
	n := 0
	for _, o := range pods {
		if len(o.Warnings) > 0 {
			n++
		}
	}
	if len(pods) < len(m.Pods) {
		s = Count(len(pods), "pod") + fmt.Sprintf(" of %d", len(m.Pods))
	}
	if n > 0 {
		s += "; warnings at " + Count(n, "pod")
	}
	return s
}
