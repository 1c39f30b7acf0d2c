package agent

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/trail"
)

// What is excluded is left out where a node's packets pass, and nowhere else.
func TestExpression(t *testing.T) {
	node := &place{in: &netns.Namespace{}, point: trail.Point{Node: "n", Interface: "any"}}
	uplink := &place{point: trail.Point{Node: "n", Interface: "eth0", Role: trail.RoleUplink}}
	host := &place{point: trail.Point{Node: "n", Interface: "veth1", Role: trail.RoleHost}}
	pod := &place{point: trail.Point{Node: "n", Target: "web", Interface: "any", Role: trail.RolePod}}
	inPod := &place{point: trail.Point{Node: "n", Target: "web", Interface: "eth0"}}
	for _, c := range []struct {
		q    Capture
		at   *place
		want string
	}{
		{Capture{}, uplink, ""},
		{Capture{Filter: "icmp"}, uplink, "icmp"},
		{Capture{Exclude: "port 6443 or port 10250"}, uplink, "not (port 6443 or port 10250)"},
		{Capture{Filter: "tcp or udp", Exclude: "port 6443"}, node, "(tcp or udp) and not (port 6443)"},
		{Capture{Filter: "tcp", Exclude: "port 6443"}, host, "tcp"},
		{Capture{Filter: "tcp", Exclude: "port 6443"}, pod, "tcp"},
		{Capture{Exclude: "port 6443"}, inPod, ""},
	} {
		if got := c.q.expression(c.at); got != c.want {
			t.Errorf("%q without %q at %s: %q, want %q", c.q.Filter, c.q.Exclude, c.at.point.Path(), got, c.want)
		}
	}
	q := Request{Version: Version, Capture: &Capture{Targets: []string{"host"}, Exclude: "port ("}}
	if err := q.check(); err == nil || !strings.Contains(err.Error(), "exclude: ") {
		t.Error(err)
	}
}

// A node talks by itself, as an agent does, and a pod of it uses the same port:
// only the node's own packets are left out.
func TestExclude(t *testing.T) {
	l := labtest.Lab(t, lab.Options{Flavour: lab.Flannel, Nodes: 2, Pods: 2})
	from, to := l.Pods[0], l.Pods[len(l.Pods)-1]
	nodes := map[string]lab.Node{}
	for _, n := range l.Nodes {
		nodes[n.Name] = n
	}
	q := Capture{
		Targets: []string{"netns:" + from.Name}, Points: []string{"path"},
		Filter: "udp port 7000 or udp port 8472", Exclude: "udp port 7000",
	}
	s, r := capture(t, q, func() {
		for namespace, b := range map[string]netip.Addr{from.Name: to.IPv4, from.Node: nodes[to.Node].IPv4} {
			end := to.Name
			if namespace == from.Node {
				end = to.Node
			}
			heard := labtest.ListenPacket(t, end, "udp", netip.AddrPortFrom(b, 7000).String())
			send(t, labtest.Dial(t, namespace, "udp", netip.AddrPortFrom(b, 7000).String()), "x")
			hear(t, heard)
		}
	})
	for _, p := range r.points() {
		frames := s.at(p.Target, p.Interface)
		if len(frames) != 1 {
			t.Errorf("%s (%s): %d frames, want the pod's alone", p.Path(), p.Role, len(frames))
		}
	}
	if len(r.points()) < 5 {
		t.Errorf("%+v", r.points())
	}
}

// Pods of one name in two namespaces of a cluster are told apart, and only
// they have the longer names.
func TestTwins(t *testing.T) {
	const uid = "1e6c7f2a-5b0d-4c3e-9a8b-7d6e5f4c3b2"
	got := twins([]string{
		"kube:shop/web-0@" + uid + "a", "kube:shop/db-0@" + uid + "b", "kube:test/web-0@" + uid + "c",
		"kube:shop/db-0@" + uid + "d", "netns:web-0", "nonsense",
	})
	if strings.Join(got, " ") != "web-0" {
		t.Errorf("%q", got)
	}
}
