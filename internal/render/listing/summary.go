package listing

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/render/text"
)

// nodeSummary is what a snapshot holds of a node.
type nodeSummary struct {
	Node       string         `json:"node"`
	Taken      time.Time      `json:"taken"`
	Seconds    float64        `json:"seconds"`
	Kernel     string         `json:"kernel,omitempty"`
	Machine    string         `json:"machine,omitempty"`
	Tool       string         `json:"tool,omitempty"`
	Counts     map[string]int `json:"counts"`
	Unreadable []string       `json:"unreadable,omitempty"`
	Changed    []string       `json:"changed,omitempty"`
}

func summarize(n *netstate.Snapshot) nodeSummary {
	out := nodeSummary{
		Node: n.Node, Taken: n.Taken, Seconds: n.Took.Seconds(), Kernel: n.Kernel, Machine: n.Machine, Tool: n.Tool,
		Counts: map[string]int{"namespaces": len(n.Namespaces), "workloads": len(n.Workloads)},
	}
	miss := func(list []netstate.Unreadable) {
		for _, u := range list {
			line := strings.TrimSpace(string(u.Part)+" "+u.What) + ": " + u.Why
			if !slices.Contains(out.Unreadable, line) {
				out.Unreadable = append(out.Unreadable, line)
			}
		}
	}
	miss(n.Unreadable)
	names := namesOf(n)
	for _, ns := range n.Namespaces {
		for part, count := range map[netstate.Part]int{
			netstate.PartLinks: len(ns.Links), netstate.PartAddresses: len(ns.Addresses), netstate.PartRoutes: len(ns.Routes),
			netstate.PartRules: len(ns.Rules), netstate.PartNexthops: len(ns.Nexthops), netstate.PartNeighbours: len(ns.Neighbours),
			netstate.PartFDB: len(ns.FDB), netstate.PartPrograms: len(ns.Programs), netstate.PartSets: len(ns.IPSets),
			netstate.PartIPVS: len(ns.IPVS), netstate.PartListeners: len(ns.Listeners), netstate.PartConntrack: max(0, ns.Conntrack.Count),
			"nft rules": len(ns.Ruleset.Rules), "legacy tables": len(ns.Ruleset.Legacy),
		} {
			out.Counts[string(part)] += count
		}
		miss(ns.Unreadable)
		for _, p := range ns.Changed {
			name := names[ns.Inode]
			if ns.Host {
				name = n.Node
			}
			out.Changed = append(out.Changed, fmt.Sprintf("%s of %s", p, name))
		}
	}
	return out
}

// counted are the keys of Counts in their order, and the words for one and for
// several.
func counted() [][3]string {
	return [][3]string{
		{"namespaces", "namespace", "namespaces"},
		{"workloads", "pod", "pods"},
		{"links", "link", "links"},
		{"addresses", "address", "addresses"},
		{"routes", "route", "routes"},
		{"rules", "routing rule", "routing rules"},
		{"nexthops", "nexthop", "nexthops"},
		{"neigh", "neighbour", "neighbours"},
		{"fdb", "fdb entry", "fdb entries"},
		{"programs", "program", "programs"},
		{"nft rules", "nft rule", "nft rules"},
		{"legacy tables", "legacy table", "legacy tables"},
		{"sets", "ipset", "ipsets"},
		{"conntrack", "connection", "connections"},
		{"ipvs", "ipvs service", "ipvs services"},
		{"listeners", "listener", "listeners"},
	}
}

// summary says what a file holds.
func summary(w io.Writer, s *netstate.State, nodes []*netstate.Snapshot, asJSON bool) error {
	list := make([]nodeSummary, 0, len(nodes))
	for _, n := range nodes {
		list = append(list, summarize(n))
	}
	if asJSON {
		return encode(w, list)
	}
	var b strings.Builder
	for _, n := range list {
		fmt.Fprintf(&b, "%s  taken %s in %s", n.Node, n.Taken.Local().Format("2006-01-02 15:04:05"), text.Duration(time.Duration(n.Seconds*float64(time.Second))))
		if n.Tool != "" {
			fmt.Fprintf(&b, " by %s", n.Tool)
		}
		if n.Kernel != "" {
			fmt.Fprintf(&b, ", Linux %s %s", n.Kernel, n.Machine)
		}
		b.WriteByte('\n')
		var parts []string
		for _, c := range counted() {
			switch count := n.Counts[c[0]]; count {
			case 0:
			case 1:
				parts = append(parts, "1 "+c[1])
			default:
				parts = append(parts, fmt.Sprintf("%d %s", count, c[2]))
			}
		}
		fmt.Fprintf(&b, "  %s\n", strings.Join(parts, ", "))
		for _, u := range n.Unreadable {
			fmt.Fprintf(&b, "  unreadable: %s\n", u)
		}
		for _, c := range n.Changed {
			fmt.Fprintf(&b, "  changed while it was read: %s\n", c)
		}
	}
	if c := s.Cluster; c != nil {
		fmt.Fprintf(&b, "cluster %s\n  %s, %s, %s, %d network policies\n", strings.TrimSpace(c.Context+" "+c.Version), text.Count(len(c.Nodes), "node"),
			text.Count(len(c.Pods), "pod"), text.Count(len(c.Services), "service"), len(c.Policies))
		for _, u := range c.Unreadable {
			fmt.Fprintf(&b, "  unreadable: %s: %s\n", u.What, u.Why)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
