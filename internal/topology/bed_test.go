package topology

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/netstate"
)

// bed makes states by hand, in the words of ip and bridge.
type bed struct {
	t     *testing.T
	state *netstate.State
	inode uint64
}

func newBed(t *testing.T) *bed {
	t.Helper()
	return &bed{t: t, state: &netstate.State{}, inode: 4026532000}
}

// machine adds a node with its own namespace.
func (b *bed) machine(name string) *machineBed {
	b.t.Helper()
	m := &machineBed{bed: b, snap: &netstate.Snapshot{Version: netstate.Version, Node: name, Boot: "boot of " + name, ByteOrder: netstate.NativeOrder()}}
	b.state.Nodes = append(b.state.Nodes, m.snap)
	m.host = m.space("")
	m.host.Host = true
	return m
}

type machineBed struct {
	*bed
	snap *netstate.Snapshot
	host *spaceBed
}

// space adds a namespace; a name is that of a file in /run/netns.
func (m *machineBed) space(name string) *spaceBed {
	m.inode++
	ns := &netstate.Namespace{Inode: m.inode, Peers: map[int32]uint64{}}
	if name != "" {
		ns.Names = []string{"/run/netns/" + name}
	}
	m.snap.Namespaces = append(m.snap.Namespaces, ns)
	s := &spaceBed{Namespace: ns, m: m}
	s.link(1, "lo", "").Flags |= 8
	s.LinkByName("lo").Type = arphrdLoopback
	return s
}

// pod adds a pod's namespace and what the runtime says of it.
func (m *machineBed) pod(id string, containers ...string) *spaceBed {
	s := m.space("cni-" + strings.ReplaceAll(id, "/", "-"))
	namespace, name, _ := strings.Cut(id, "/")
	w := netstate.Workload{Namespace: namespace, Pod: name, UID: "uid of " + id, Netns: s.Inode, PID: 4000 + len(m.snap.Workloads), Runtime: "containerd", From: "cri"}
	for _, c := range containers {
		w.Containers = append(w.Containers, netstate.Container{ID: c + "-id", Name: c})
	}
	m.snap.Workloads = append(m.snap.Workloads, w)
	return s
}

// spaceBed is a namespace in the making.
type spaceBed struct {
	*netstate.Namespace
	m *machineBed
}

// link adds a device that is up, with an MTU of 1500 and a MAC made of its
// place.
func (s *spaceBed) link(index int, name, kind string) *netstate.Link {
	s.Links = append(s.Links, netstate.Link{
		Index: index, Name: name, Kind: kind, Type: arphrdEther, Flags: 1, MTU: 1500,
		Address: fmt.Sprintf("02:00:%02x:%02x:00:%02x", s.Inode>>8&0xff, s.Inode&0xff, index),
	})
	return &s.Links[len(s.Links)-1]
}

// get finds a link; pointers that link gave go stale.
func (s *spaceBed) get(name string) *netstate.Link {
	s.m.t.Helper()
	l := s.LinkByName(name)
	if l == nil {
		s.m.t.Fatalf("no link %s", name)
	}
	return l
}

// veth adds a pair: index and name here, index and name there.
func (s *spaceBed) veth(index int, name string, other *spaceBed, otherIndex int, otherName string) {
	l := s.link(index, name, "veth")
	l.Parent, l.ParentNSID = otherIndex, s.nsid(other)
	o := other.link(otherIndex, otherName, "veth")
	o.Parent, o.ParentNSID = index, other.nsid(s)
}

// nsid gives another namespace an id.
func (s *spaceBed) nsid(other *spaceBed) *int32 {
	if other == s {
		return nil
	}
	for id, inode := range s.Peers {
		if inode == other.Inode {
			return &id
		}
	}
	id := int32(len(s.Peers))
	s.Peers[id] = other.Inode
	return &id
}

// port makes links ports of a bridge, numbered in order.
func (s *spaceBed) port(bridge string, names ...string) {
	for i, name := range names {
		l := s.get(name)
		l.Master, l.PortKind = s.get(bridge).Index, "bridge"
		l.Port = &netstate.Port{Number: uint16(i + 1), State: 3}
	}
}

func (s *spaceBed) addr(name string, prefixes ...string) {
	for _, p := range prefixes {
		s.Addresses = append(s.Addresses, netstate.Address{Link: s.get(name).Index, Prefix: netip.MustParsePrefix(p)})
	}
}

// route adds a route in the words of ip route.
func (s *spaceBed) route(text string) *netstate.Route {
	s.m.t.Helper()
	r := netstate.Route{Family: "inet", Table: tableMain, Type: typeUnicast, Protocol: 3}
	words := strings.Fields(text)
	for i, kind := range []string{"", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw"} {
		if words[0] == kind {
			r.Type, words = uint8(i), words[1:]
			break
		}
	}
	var hop netstate.Hop
	switch {
	case words[0] == "default":
		r.Dst = netip.MustParsePrefix("0.0.0.0/0")
	case strings.Contains(words[0], "/"):
		r.Dst = netip.MustParsePrefix(words[0])
	default:
		a := netip.MustParseAddr(words[0])
		r.Dst = netip.PrefixFrom(a, a.BitLen())
	}
	for i := 1; i+1 < len(words); i += 2 {
		n, _ := strconv.Atoi(words[i+1])
		switch words[i] {
		case "via":
			hop.Gateway = netip.MustParseAddr(words[i+1])
		case "dev":
			hop.Link = s.get(words[i+1]).Index
		case "scope":
			r.Scope = map[string]uint8{"link": 253, "host": 254}[words[i+1]]
		case "proto":
			r.Protocol = map[string]uint8{"kernel": 2, "bird": 12}[words[i+1]]
		case "table":
			r.Table = uint32(n)
		case "mtu":
			r.Metrics = map[uint16]uint32{metricMTU: uint32(n)}
		case "metric":
			r.Metric = uint32(n)
		default:
			s.m.t.Fatalf("route %q: what is %s", text, words[i])
		}
	}
	if r.Dst.Addr().Is6() {
		r.Family = "inet6"
	}
	if hop.Link != 0 {
		r.Hops = []netstate.Hop{hop}
	}
	s.Routes = append(s.Routes, r)
	return &s.Routes[len(s.Routes)-1]
}

func (s *spaceBed) routes(texts ...string) {
	s.m.t.Helper()
	for _, text := range texts {
		s.route(text)
	}
}

// usualRules are those that every namespace has.
func (s *spaceBed) usualRules() {
	for _, r := range []netstate.Rule{{Priority: 0, Table: tableLocal}, {Priority: 32766, Table: tableMain}, {Priority: 32767, Table: tableDefault}} {
		r.Family, r.Action = "inet", ruleTable
		s.Rules = append(s.Rules, r)
	}
}

// neigh adds a reachable neighbour.
func (s *spaceBed) neigh(ip, dev, mac string) *netstate.Neighbour {
	s.Neighbours = append(s.Neighbours, netstate.Neighbour{Link: s.get(dev).Index, IP: netip.MustParseAddr(ip), MAC: mac, State: 2})
	return &s.Neighbours[len(s.Neighbours)-1]
}

// learn adds what a bridge has learnt.
func (s *spaceBed) learn(mac, port string) {
	l := s.get(port)
	s.FDB = append(s.FDB, netstate.FDBEntry{MAC: mac, Link: l.Index, Master: l.Master, State: 2, Flags: 4})
}

// remote adds another end of a vxlan.
func (s *spaceBed) remote(mac, dev, dst string) {
	s.FDB = append(s.FDB, netstate.FDBEntry{MAC: mac, Link: s.get(dev).Index, Dst: netip.MustParseAddr(dst), State: 0x80, Flags: 2})
}

func (s *spaceBed) unreadable(parts ...netstate.Part) {
	for _, p := range parts {
		s.Unreadable = append(s.Unreadable, netstate.Unreadable{Part: p, Why: "operation not permitted"})
	}
}

func (b *bed) find() *Map { return Find(b.state) }

// pod finds a pod of the map by its ID.
func (m *Map) pod(t *testing.T, id string) *Pod {
	t.Helper()
	for i := range m.Pods {
		if m.Pods[i].ID() == id {
			return &m.Pods[i]
		}
	}
	t.Fatalf("no pod %s in %s", id, m.brief())
	return nil
}

// brief lists what a map has.
func (m *Map) brief() string {
	var b strings.Builder
	for _, n := range m.Nodes {
		fmt.Fprintf(&b, "node %s [%s]\n", n.Name, n.CNI)
	}
	for i := range m.Pods {
		fmt.Fprintf(&b, "pod %s on %s\n", m.Pods[i].ID(), m.Pods[i].Node)
	}
	return b.String()
}

// path writes an interface's path: "eth0 > vetha > cni0 > flannel.1 > eth0", a
// step that comes after another than the one before it in brackets with that
// one.
func (i *Interface) path() string {
	var b strings.Builder
	for n, s := range i.Path {
		switch {
		case n == 0:
		case s.After == n-1:
			b.WriteString(" > ")
		default:
			fmt.Fprintf(&b, " [%s]> ", i.Path[s.After].Name)
		}
		b.WriteString(s.Name)
	}
	return b.String()
}

// answers writes the ways: "iflink vetha +", "route none: no route".
func (i *Interface) answers() []string {
	var out []string
	for _, w := range i.Ways {
		s := string(w.Kind) + " "
		switch {
		case w.State != WayFound:
			s += string(w.State)
		case w.Agrees:
			s += w.Device + " +"
		default:
			s += w.Device + " -"
		}
		out = append(out, s+": "+w.Detail)
	}
	return out
}

func kinds(list []Warning) []string {
	var out []string
	for _, w := range list {
		out = append(out, string(w.Kind)+": "+w.Text)
	}
	return out
}

func addrOf(s string) netip.Addr { return netip.MustParseAddr(s) }

func prefixesOf(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// byText compares addresses.
func byText() []cmp.Option {
	return []cmp.Option{
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	}
}
