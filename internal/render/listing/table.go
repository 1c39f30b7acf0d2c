package listing

import (
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/render/text"
)

func table(w io.Writer, head string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := io.WriteString(w, text.Columns(append([][]string{strings.Fields(head)}, rows...)))
	return err
}

// ofNode prints what is known of a node as a whole.
func ofNode(w io.Writer, n *netstate.Snapshot, p netstate.Part, asJSON bool) error {
	if p == netstate.PartWorkloads {
		return workloads(w, n, asJSON)
	}
	names := namesOf(n)
	type row struct {
		Inode uint64   `json:"inode"`
		Host  bool     `json:"host,omitempty"`
		Name  string   `json:"name"`
		Paths []string `json:"paths,omitempty"`
		PID   int      `json:"pid,omitempty"`
		Links int      `json:"links"`
	}
	list := []row{}
	var rows [][]string
	for _, ns := range n.Namespaces {
		r := row{ns.Inode, ns.Host, names[ns.Inode], ns.Names, ns.PID, len(ns.Links)}
		if ns.Host {
			r.Name = "the node's own"
		}
		list = append(list, r)
		rows = append(rows, []string{strconv.FormatUint(r.Inode, 10), number(r.PID), strconv.Itoa(r.Links), r.Name, strings.Join(r.Paths, " ")})
	}
	if asJSON {
		return encode(w, list)
	}
	return table(w, "INODE PID LINKS NAME PATH", rows)
}

func number(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func workloads(w io.Writer, n *netstate.Snapshot, asJSON bool) error {
	if asJSON {
		return encode(w, append([]netstate.Workload{}, n.Workloads...))
	}
	var rows [][]string
	for i := range n.Workloads {
		k := &n.Workloads[i]
		name := k.Namespace + "/" + k.Pod
		if k.Pod == "" {
			name = "-"
		}
		var containers []string
		for _, c := range k.Containers {
			if c.Name != "" {
				containers = append(containers, c.Name)
			} else {
				containers = append(containers, c.ID[:min(12, len(c.ID))])
			}
		}
		netns := strconv.FormatUint(k.Netns, 10)
		if k.HostNetwork {
			netns = "host"
		}
		rows = append(rows, []string{name, netns, number(k.PID), strings.Join(containers, ","), strings.TrimSpace(k.Runtime + " " + k.From)})
	}
	return table(w, "POD NETNS PID CONTAINERS FROM", rows)
}

// programs prints what hangs at interfaces, as bpftool net does in its words.
func programs(w io.Writer, ns *netstate.Namespace, asJSON bool) error {
	if asJSON {
		return encode(w, append([]netstate.Program{}, ns.Programs...))
	}
	var rows [][]string
	for _, p := range ns.Programs {
		dev := "if" + strconv.Itoa(p.Link)
		if l := ns.Link(p.Link); l != nil {
			dev = l.Name
		}
		var more []string
		if p.Kind != "" {
			more = append(more, p.Kind)
		}
		if p.Priority != 0 {
			more = append(more, fmt.Sprintf("pref %d", p.Priority))
		}
		if p.Direct {
			more = append(more, "direct-action")
		}
		if p.LinkID != 0 {
			more = append(more, fmt.Sprintf("link_id %d", p.LinkID))
		}
		rows = append(rows, []string{dev, strings.ReplaceAll(p.Where, " ", "/"), number(int(p.ID)), dash(p.Name), strings.Join(more, " ")})
	}
	return table(w, "DEV WHERE ID NAME", rows)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// cluster prints the objects of the API server.
func cluster(w io.Writer, c *netstate.Cluster, asJSON bool) error {
	if c == nil {
		return &Error{"there is no cluster in it", "pktrail snapshot -A -o FILE takes one"}
	}
	if asJSON {
		return encode(w, c)
	}
	for _, u := range c.Unreadable {
		if _, err := fmt.Fprintf(w, "# unreadable: %s: %s\n", u.What, u.Why); err != nil {
			return err
		}
	}
	var rows [][]string
	for _, n := range c.Nodes {
		rows = append(rows, []string{"node", n.Name, join(n.Addresses), join(n.PodCIDRs)})
	}
	for i := range c.Pods {
		p := &c.Pods[i]
		where := p.Node
		if p.HostNetwork {
			where += " hostNetwork"
		}
		rows = append(rows, []string{"pod", p.Namespace + "/" + p.Name, join(p.Addresses), strings.TrimSpace(where + " " + p.Phase)})
	}
	for i := range c.Services {
		s := &c.Services[i]
		var ports []string
		for _, p := range s.Ports {
			text := fmt.Sprintf("%d/%s", p.Port, p.Proto)
			if p.NodePort != 0 {
				text = fmt.Sprintf("%d:%s", p.Port, strconv.Itoa(int(p.NodePort))+"/"+p.Proto)
			}
			ports = append(ports, text)
		}
		rows = append(rows, []string{"service", s.Namespace + "/" + s.Name, join(s.ClusterIPs), strings.Join(ports, ",") + " -> " + endpoints(s)})
	}
	for _, p := range c.Policies {
		rows = append(rows, []string{"policy", p.Namespace + "/" + p.Name, "", p.Spec})
	}
	return table(w, "KIND NAME ADDRESSES MORE", rows)
}

func join[T netip.Addr | netip.Prefix](list []T) string {
	var out []string
	for _, a := range list {
		out = append(out, fmt.Sprint(a))
	}
	return dash(strings.Join(out, ","))
}

func endpoints(s *netstate.Service) string {
	var out []string
	for _, e := range s.Endpoints {
		text := netip.AddrPortFrom(e.Addr, e.Port).String()
		if !e.Ready {
			text += "(not ready)"
		}
		out = append(out, text)
	}
	return dash(strings.Join(out, ","))
}
