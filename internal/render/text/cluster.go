package text

import (
	"fmt"
	"slices"
	"strings"
)

// Cluster is what will work on a cluster, and what will not be seen there.
type Cluster struct {
	// Name is the kubeconfig's context; empty inside of a cluster.
	Name, Version, Server string
	User                  string
	Groups, Networks      []string
	// Checks are the questions about rights, namespaces and the image.
	Checks []ClusterCheck
	Nodes  []ClusterNode
	Blind  []ClusterBlind
	// Unasked is what could not be asked.
	Unasked []string
	// Warning is what everybody should know who grants these rights.
	Warning string
}

// ClusterCheck is a question and its answer, with what is lost where the
// answer is only half a yes.
type ClusterCheck struct {
	Check
	Without []string
}

// ClusterNode is what will work on a node.
type ClusterNode struct {
	// Name; System is "linux/amd64"; Agent is "ok", "no" or "unknown", and Why
	// says why it is not "ok".
	Name, System, Kernel, Runtime, Agent, Why string
	// Lacks is what its kernel is too old for.
	Lacks []string
}

// ClusterBlind is something that is not seen.
type ClusterBlind struct {
	What, Where, Why string
	Sure             bool
}

// Doctor is a cluster's page: who we are, what works, the nodes, what is not
// visible, and what could not be asked.
func (c *Cluster) Doctor() string {
	var b strings.Builder
	c.head(&b)
	b.WriteByte('\n')
	for _, check := range c.Checks {
		check.write(&b, c.nameWidth())
	}
	if len(c.Nodes) > 0 {
		b.WriteByte('\n')
		b.WriteString(clusterNodes(c.Nodes))
	}
	if len(c.Blind) > 0 {
		b.WriteString("\nnot visible here\n")
		for _, x := range c.Blind {
			x.write(&b)
		}
	}
	if len(c.Unasked) > 0 {
		b.WriteString("\nnot known, for want of rights or answers\n")
		for _, line := range c.Unasked {
			indented(&b, "  ", clean(line))
		}
	}
	if c.Warning != "" {
		b.WriteByte('\n')
		indented(&b, "", "note: "+c.Warning)
	}
	return b.String()
}

func (c *Cluster) head(b *strings.Builder) {
	first := "cluster"
	if c.Name != "" {
		first += " " + clean(c.Name)
	}
	indented(b, "", first+", Kubernetes "+orUnknown(clean(c.Version))+", "+clean(c.Server))
	user := "user " + orUnknown(clean(c.User))
	if len(c.Groups) > 0 {
		user += " (" + clean(strings.Join(c.Groups, ", ")) + ")"
	}
	indented(b, "", user)
	if len(c.Networks) > 0 {
		indented(b, "", "network by "+clean(strings.Join(c.Networks, ", ")))
	}
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// nameWidth is that of the widest name of a check.
func (c *Cluster) nameWidth() int {
	n := 0
	for _, check := range c.Checks {
		n = max(n, width(check.Name))
	}
	return n
}

// stateWidth is that of the longest state, "unknown".
const stateWidth = 7

func (c *ClusterCheck) write(b *strings.Builder, nameWidth int) {
	head := fmt.Sprintf("%-*s  %-*s", stateWidth, c.State, nameWidth, c.Name)
	indent := strings.Repeat(" ", len(head)+2)
	for i, line := range wrap(clean(c.Detail), lineWidth-len(indent)) {
		if i > 0 {
			head += "\n" + indent
		} else {
			head += "  "
		}
		head += line
	}
	b.WriteString(strings.TrimRight(head, " ") + "\n")
	for _, w := range c.Without {
		indented(b, indent, "without "+clean(w))
	}
	if c.Hint != "" && c.State != "ok" {
		indented(b, indent, "hint: "+clean(c.Hint))
	}
}

func (x *ClusterBlind) write(b *strings.Builder) {
	head := clean(x.What)
	if x.Where != "" {
		head += ": " + clean(x.Where)
	}
	if !x.Sure {
		head += " (perhaps)"
	}
	indented(b, "  ", head)
	indented(b, "    ", clean(x.Why))
}

// indented writes a text in lines of at most lineWidth, those after the first
// two columns further in.
func indented(b *strings.Builder, indent, text string) {
	for i, line := range wrap(text, lineWidth-len(indent)-2) {
		if i > 0 {
			line = "  " + line
		}
		b.WriteString(indent + line + "\n")
	}
}

// clusterNodes is a table of nodes, those that are alike in one row.
func clusterNodes(nodes []ClusterNode) string {
	type group struct {
		ClusterNode
		names []string
	}
	var groups []group
	for _, n := range nodes {
		i := slices.IndexFunc(groups, func(g group) bool {
			return g.System == n.System && g.Kernel == n.Kernel && g.Runtime == n.Runtime && g.Agent == n.Agent && g.Why == n.Why
		})
		if i < 0 {
			groups = append(groups, group{ClusterNode: n})
			i = len(groups) - 1
		}
		groups[i].names = append(groups[i].names, n.Name)
	}
	rows := [][]string{{"NODES", "SYSTEM", "KERNEL", "RUNTIME", "AGENT"}}
	var below []string
	for _, g := range groups {
		names := fewNames(g.names)
		rows = append(rows, []string{names, g.System, clean(g.Kernel), clean(g.Runtime), clean(g.Agent)})
		if g.Why != "" {
			below = append(below, names+": "+clean(g.Why))
		}
		if len(g.Lacks) > 0 {
			below = append(below, fmt.Sprintf("kernel %s of %s is too old, by its number, for %s", clean(g.Kernel), names, strings.Join(g.Lacks, "; ")))
		}
	}
	var b strings.Builder
	for line := range strings.Lines(Columns(rows)) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	for _, l := range below {
		indented(&b, "  ", l)
	}
	return b.String()
}

// fewNames writes "a, b", "a and 11 more".
func fewNames(names []string) string {
	if len(names) <= 2 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", names[0], len(names)-1)
}
