package action

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/kube/find"
)

// kubeletPort is the kubelet's, by which the API server carries exec
// (k8s.io/kubernetes/pkg/cluster/ports).
const kubeletPort = 10250

// ownStream is a filter for what carries our own stream, as a node sees it:
// between its kubelet and the API server, and from us to the API server where
// that is on this node.
func (c *crew) ownStream(n *find.Node) string {
	var parts []string
	if n == nil {
		return ""
	}
	for _, a := range n.Addresses {
		parts = append(parts, fmt.Sprintf("tcp and host %s and port %d", a, kubeletPort))
	}
	if host, port, ok := c.server(); ok {
		for _, a := range n.Addresses {
			if a == host {
				parts = append(parts, fmt.Sprintf("tcp and host %s and port %d", host, port))
			}
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, ") or (") + ")"
}

// server is the API server's address, where the configuration has one.
func (c *crew) server() (netip.Addr, uint16, bool) {
	u, err := url.Parse(c.cluster.Config.Host)
	if err != nil || u.Host == "" {
		return netip.Addr{}, 0, false
	}
	host, port := u.Host, "443"
	if h, p, err := net.SplitHostPort(u.Host); err == nil {
		host, port = h, p
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	n, portErr := strconv.ParseUint(port, 10, 16)
	return a, uint16(n), err == nil && portErr == nil
}
