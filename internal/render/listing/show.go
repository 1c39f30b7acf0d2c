package listing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/render/iproute"
)

// Show prints what a query wants. An *Error says that it is not there.
func Show(w io.Writer, s *netstate.State, q Query) error {
	parts, err := q.parts()
	if err != nil {
		return err
	}
	nodes, err := q.nodes(s)
	if err != nil {
		return err
	}
	if len(parts) == 0 {
		return summary(w, s, nodes, q.JSON)
	}
	for _, p := range parts {
		if err := q.part(w, s, nodes, p, len(parts) > 1); err != nil {
			return err
		}
	}
	return nil
}

// part prints one part of all places that are wanted.
func (q *Query) part(w io.Writer, s *netstate.State, nodes []*netstate.Snapshot, p netstate.Part, several bool) error {
	switch p {
	case netstate.PartCluster:
		return cluster(w, s.Cluster, q.JSON)
	case netstate.PartNamespaces, netstate.PartWorkloads:
		for _, n := range nodes {
			sec := section{w: w, json: q.JSON, node: n.Node, part: p, titled: several || len(nodes) > 1}
			if err := sec.print(n.Unreadable, func(w io.Writer) error { return ofNode(w, n, p, q.JSON) }); err != nil {
				return err
			}
		}
		return nil
	default:
	}
	places, err := q.places(s)
	if err != nil {
		return err
	}
	for _, at := range places {
		sec := section{w: w, json: q.JSON, node: at.node.Node, ns: at.ns, name: at.name, part: p, titled: several || len(places) > 1}
		if err := sec.print(at.ns.Unreadable, func(w io.Writer) error { return q.ofNamespace(w, at, p) }); err != nil {
			return err
		}
	}
	return nil
}

// section is one part of one place.
type section struct {
	w          io.Writer
	json       bool
	node, name string
	ns         *netstate.Namespace
	part       netstate.Part
	// titled is true where there is more than one: then each says what it is.
	titled bool
}

// print prints the section, and what of it could not be read.
func (s *section) print(unreadable []netstate.Unreadable, body func(io.Writer) error) error {
	var missing []netstate.Unreadable
	for _, u := range unreadable {
		if u.Part == s.part || u.Part == netstate.PartChains && (s.part == partNft || s.part == partIptables) {
			missing = append(missing, u)
		}
	}
	if !s.json {
		return s.text(missing, body)
	}
	if !s.titled && len(missing) == 0 {
		return body(s.w)
	}
	var data bytes.Buffer
	if err := body(&data); err != nil {
		return err
	}
	line := struct {
		Node       string                `json:"node"`
		Netns      uint64                `json:"netns,omitempty"`
		Name       string                `json:"name,omitempty"`
		Part       netstate.Part         `json:"part"`
		Unreadable []netstate.Unreadable `json:"unreadable,omitempty"`
		Data       json.RawMessage       `json:"data"`
	}{Node: s.node, Name: s.name, Part: s.part, Unreadable: missing, Data: data.Bytes()}
	if s.ns != nil {
		line.Netns = s.ns.Inode
	}
	return encode(s.w, line)
}

func (s *section) text(missing []netstate.Unreadable, body func(io.Writer) error) error {
	if s.titled {
		title := "# " + s.node
		if s.name != "" {
			title += " " + s.name
		}
		if _, err := fmt.Fprintf(s.w, "%s %s\n", title, s.part); err != nil {
			return err
		}
	}
	for _, u := range missing {
		what := ""
		if u.What != "" {
			what = u.What + ": "
		}
		if _, err := fmt.Fprintf(s.w, "# unreadable: %s%s\n", what, u.Why); err != nil {
			return err
		}
	}
	return body(s.w)
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// ofNamespace prints a part of a namespace.
func (q *Query) ofNamespace(w io.Writer, at place, p netstate.Part) error {
	o := iproute.Options{JSON: q.JSON, Details: q.Details, Stats: q.Stats, Family: q.Family, Netns: iproute.NetnsNames(at.node, at.ns)}
	var b []byte
	switch p {
	case netstate.PartLinks:
		b = iproute.Links(at.ns, o)
	case netstate.PartAddresses:
		b = iproute.Addresses(at.ns, o)
	case netstate.PartNeighbours:
		b = iproute.Neighbours(at.ns, o)
	case netstate.PartFDB:
		b = iproute.FDB(at.ns, o)
	case netstate.PartRoutes:
		b = iproute.Routes(at.ns, o)
	case netstate.PartRules:
		b = rules(at.ns, o)
	case netstate.PartNexthops:
		b = iproute.Nexthops(at.ns, o)
	case netstate.PartPrograms:
		return programs(w, at.ns, q.JSON)
	case netstate.PartChains:
		return q.rules(w, at, "")
	case partNft, partIptables:
		return q.rules(w, at, string(p))
	case netstate.PartSets:
		return sets(w, at.ns, q.JSON)
	case netstate.PartConntrack, netstate.PartIPVS, netstate.PartListeners, netstate.PartSysctls:
		return q.sockets(w, at.ns, p)
	default:
		return fmt.Errorf("show %s: nothing prints it", p)
	}
	_, err := w.Write(b)
	return err
}

// sockets prints what no tool prints as JSON: that is ours then.
func (q *Query) sockets(w io.Writer, ns *netstate.Namespace, p netstate.Part) error {
	var b []byte
	var v any
	switch p {
	case netstate.PartConntrack:
		v, b = ns.Conntrack, iproute.Connections(ns)
		if ns.Conntrack.Max > 0 {
			b = append(fmt.Appendf(nil, "# %d of at most %d connections\n", ns.Conntrack.Count, ns.Conntrack.Max), b...)
		}
	case netstate.PartIPVS:
		v, b = append([]netstate.IPVS{}, ns.IPVS...), iproute.IPVS(ns)
	case netstate.PartListeners:
		v, b = append([]netstate.Listener{}, ns.Listeners...), iproute.Listeners(ns)
	default:
		v, b = ns.AllSysctls(), iproute.Sysctls(ns)
	}
	if q.JSON {
		return encode(w, v)
	}
	_, err := w.Write(b)
	return err
}

// rules are those of both families, one after the other: `ip rule` is of IPv4
// alone, and who asks for rules wants to see all.
func rules(ns *netstate.Namespace, o iproute.Options) []byte {
	if o.Family != "" {
		return iproute.Rules(ns, o)
	}
	o.Family = "inet"
	four := iproute.Rules(ns, o)
	o.Family = "inet6"
	six := iproute.Rules(ns, o)
	if !o.JSON {
		return append(four, six...)
	}
	var a, b []json.RawMessage
	if json.Unmarshal(four, &a) != nil || json.Unmarshal(six, &b) != nil {
		return four
	}
	all, err := json.Marshal(append(a, b...))
	if err != nil {
		return four
	}
	return append(all, '\n')
}
