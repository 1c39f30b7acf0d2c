package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/topology"
)

// wayName is what people call a way.
func wayName(w *topology.Way) string {
	switch w.Kind {
	case topology.WayPeer, topology.WayBack:
		return "iflink"
	case topology.WayRoute:
		return "route"
	}
	ask := "ARP"
	if w.Addr.Is6() {
		ask = "NDP"
	}
	switch {
	case w.MAC != "" && w.Bridge != "":
		return ask + " + fdb"
	case w.MAC != "":
		return ask
	case w.Bridge != "":
		return "fdb"
	}
	return ask + " + fdb"
}

// byWords says by what a host end was found and what the other ways say: "by
// iflink; ARP + fdb, route say the same; NDP: no neighbour entry".
func byWords(i *topology.Interface) string {
	var same, other, unknown, none []string
	put := func(list *[]string, s string) {
		if !slices.Contains(*list, s) {
			*list = append(*list, s)
		}
	}
	by := ""
	for n := range i.Ways {
		w := &i.Ways[n]
		name := wayName(w)
		if w.Kind == i.By && by == "" && w.State == topology.WayFound {
			by = name
			continue
		}
		switch {
		case name == by:
		case w.State == topology.WayUnknown:
			put(&unknown, name)
		case w.State == topology.WayNone:
			if s := firstWords(w.Detail); s != "no neighbour entry" || !w.Addr.Is6() {
				put(&none, s)
			}
		case w.Agrees:
			put(&same, name)
			if w.Kind == topology.WayFDB && w.MAC == "" && w.Addr.Is4() {
				put(&none, firstWords(w.Detail))
			}
		default:
			put(&other, name+" says "+w.Device)
		}
	}
	parts := []string{"by " + by}
	if len(same) > 0 {
		verb := "say"
		if len(same) == 1 && !strings.Contains(same[0], "+") {
			verb = "says"
		}
		parts = append(parts, strings.Join(same, ", ")+" "+verb+" the same")
	}
	parts = append(append(parts, other...), none...)
	if len(unknown) > 0 {
		parts = append(parts, strings.Join(unknown, ", ")+" unknown")
	}
	return strings.Join(parts, "; ")
}

// firstWords is a detail up to its first semicolon.
func firstWords(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return s
}

// ways lists each way and its answer.
func (p *page) ways(i *topology.Interface) {
	rows := [][]string{}
	for n := range i.Ways {
		w := &i.Ways[n]
		answer := string(w.State)
		switch {
		case w.State == topology.WayFound && w.Agrees:
			answer = w.Device
		case w.State == topology.WayFound:
			answer = w.Device + " (differs)"
		}
		rows = append(rows, []string{"  " + string(w.Kind), clean(answer), clean(w.Detail)})
	}
	for line := range strings.Lines(Columns(rows)) {
		p.put(spans{{text: strings.TrimRight(line, " \n"), tone: dim}}, 6)
	}
	if i.MTU > 0 {
		p.put(spans{{text: fmt.Sprintf("  largest packet to other nodes  %d bytes", i.MTU), tone: dim}}, 6)
	}
}

// podPorts lists what is translated to the pod, and what that means for filters.
func (p *page) podPorts(pod *topology.Pod) {
	rows := [][]string{}
	for n := range pod.Ports {
		o := &pod.Ports[n]
		state := ""
		if !o.Ready {
			state = "not ready"
		}
		rows = append(rows, []string{"  " + clean(o.String()), clean(o.Name), state, clean(strings.Join(o.Rules, ", "))})
	}
	if len(rows) == 0 {
		return
	}
	p.put(spans{{text: "ports"}}, 2)
	for line := range strings.Lines(Columns(rows)) {
		p.put(spans{{text: strings.TrimRight(line, " \n")}}, 6)
	}
	p.put(spans{{text: "  hint  "}, {text: pod.Hint()}}, 8)
}
