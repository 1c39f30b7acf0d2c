package text

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/topology"
	"github.com/pktrail/pktrail/internal/trail"
)

// MapPod is where one pod hangs, as a tree from its interfaces to the uplinks.
// With verbose, each way that was tried and all evidence stand below.
func MapPod(pod *topology.Pod, verbose bool, style Style) string {
	p := &page{style: style}
	p.podHead(pod)
	if pod.HostNetwork {
		p.put(spans{{text: "it is in the network namespace of its node: its interfaces are " + pod.Node + "'s"}}, 2)
	}
	t := treeOf(pod)
	for n := range pod.Interfaces {
		i := &pod.Interfaces[n]
		t.interfaceRows(p, pod, i, n == 0)
		for _, note := range i.Notes {
			p.put(spans{{text: "  note  "}, {text: note}}, 8)
		}
		if verbose {
			p.ways(i)
		}
	}
	p.podPorts(pod)
	if verbose && len(pod.CNI.Evidence) > 0 {
		p.put(spans{{text: "cni " + pod.CNI.String() + " because  "}, {text: strings.Join(pod.CNI.Evidence, "; "), tone: dim}}, 2)
	}
	for i := range pod.Warnings {
		p.warning("", &pod.Warnings[i], 0)
	}
	return p.b.String()
}

// podHead says who it is: name, addresses, node, containers, CNI.
func (p *page) podHead(pod *topology.Pod) {
	line := spans{{text: pod.ID(), tone: strong}}
	if a := addresses(pod.Addresses, len(pod.Addresses)); a != "" {
		line = append(line, span{text: "  " + a})
	}
	line = append(line, span{text: "  " + pod.Node})
	if len(pod.Containers) > 0 {
		s := "   " + plural(len(pod.Containers), "container") + " " + strings.Join(pod.Containers, ", ")
		if pod.Runtime != "" {
			s += " (" + pod.Runtime + ")"
		}
		line = append(line, span{text: s})
	}
	if pod.PID > 0 {
		line = append(line, span{text: fmt.Sprintf("   pid %d", pod.PID)})
	}
	if pod.CNI.Name != "" {
		line = append(line, span{text: "   cni " + pod.CNI.String()})
	}
	p.put(line, 2)
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// tree is the widths of its columns.
type tree struct{ name, index, mtu, what int }

// treeOf measures all interfaces of a pod, so that they stand below each other.
func treeOf(pod *topology.Pod) *tree {
	t := &tree{}
	for n := range pod.Interfaces {
		i := &pod.Interfaces[n]
		for s := range i.Path {
			step := &i.Path[s]
			t.name = max(t.name, 2*depth(i, s)+width(step.Name))
			t.index = max(t.index, len(fmt.Sprint(step.Index)))
			t.mtu = max(t.mtu, width(mtuOf(&step.Device)))
			t.what = max(t.what, min(width(what(step)), 28))
		}
	}
	return t
}

// depth is how many steps lead to this one.
func depth(i *topology.Interface, s int) int {
	n := 0
	for after := i.Path[s].After; after >= 0 && after < len(i.Path) && n < len(i.Path); after = i.Path[after].After {
		n++
	}
	return n
}

// interfaceRows writes the steps of a path, each below the one that leads to it.
func (t *tree) interfaceRows(p *page, pod *topology.Pod, i *topology.Interface, first bool) {
	var write func(s int)
	write = func(s int) {
		step := &i.Path[s]
		indent := strings.Repeat(" ", 2*depth(i, s))
		line := fmt.Sprintf("%s%s %*d  %-*s", pad(indent+clean(step.Name), t.name), "", t.index, step.Index, t.mtu, mtuOf(&step.Device))
		w, rest := what(step), rest(pod, i, s, first)
		if w != "" || rest != "" {
			line += "  " + pad(w, t.what)
		}
		if rest != "" {
			line += "   " + rest
		}
		l := spans{{text: strings.TrimRight(line, " ")}}
		if !step.Up {
			l = append(l, span{text: "  down", tone: bad})
		}
		p.put(l, len(indent)+4)
		for next := range i.Path {
			if next > s && i.Path[next].After == s {
				write(next)
			}
		}
	}
	write(0)
}

func mtuOf(d *topology.Device) string {
	switch {
	case d.MTU <= 0:
		return "mtu ?"
	case d.RouteMTU > 0 && d.RouteMTU < d.MTU:
		return fmt.Sprintf("mtu %d (route %d)", d.MTU, d.RouteMTU)
	}
	return fmt.Sprintf("mtu %d", d.MTU)
}

// what is the most useful thing to say of a step.
func what(s *topology.Step) string {
	switch s.Role {
	case trail.RolePod:
		return s.MAC
	case trail.RoleHost:
		if s.Master != "" && s.Port > 0 {
			return fmt.Sprintf("port %d of %s", s.Port, s.Master)
		}
		if s.Master != "" {
			return "port of " + s.Master
		}
	case trail.RoleOverlay:
		if s.Overlay != nil {
			return overlayWords(s.Overlay)
		}
	}
	return prefixes(s.Addresses, 1)
}

// overlayWords is "vxlan 1, udp 8472".
func overlayWords(o *topology.Overlay) string {
	s := o.Kind
	if o.VNI != 0 || o.Kind == "vxlan" && !o.External {
		s += fmt.Sprintf(" %d", o.VNI)
	}
	if o.Port != 0 {
		s += fmt.Sprintf(", udp %d", o.Port)
	}
	return s
}

// prefixes writes the first n addresses with their lengths, IPv4 first.
func prefixes(list []netip.Prefix, n int) string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b netip.Prefix) int { return a.Addr().BitLen() - b.Addr().BitLen() })
	var out []string
	for _, a := range list[:min(n, len(list))] {
		out = append(out, a.String())
	}
	return strings.Join(out, ", ")
}

// rest is what stands at the end of a step's line.
func rest(pod *topology.Pod, i *topology.Interface, s int, first bool) string {
	step := &i.Path[s]
	switch {
	case s == 0 && first && pod.Netns.Inode != 0:
		name := ""
		if pod.Netns.Path != "" {
			name = path.Base(pod.Netns.Path) + " "
		}
		return fmt.Sprintf("netns %s(%d)", name, pod.Netns.Inode)
	case s == i.Host && s > 0:
		return byWords(i)
	case step.Role == trail.RoleOverlay && step.Overlay != nil:
		return endWords(step.Overlay)
	case step.Role == trail.RoleUplink:
		return "uplink"
	}
	return ""
}

// mostEnds is how many other ends of an overlay stand on its line.
const mostEnds = 3

// endWords is "local 10.99.0.12; node-a is 10.99.0.11".
func endWords(o *topology.Overlay) string {
	var parts []string
	if o.Local.IsValid() {
		parts = append(parts, "local "+o.Local.String())
	}
	for n, e := range o.Ends {
		if n == mostEnds {
			parts = append(parts, fmt.Sprintf("%d more", len(o.Ends)-n))
			break
		}
		if e.Node == "" {
			parts = append(parts, "other end "+e.Addr.String())
			continue
		}
		parts = append(parts, e.Node+" is "+e.Addr.String())
	}
	return strings.Join(parts, "; ")
}
