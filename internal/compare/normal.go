package compare

import (
	"regexp"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

var (
	// hash at the end of a chain's name: base32 as kube-proxy and kube-router
	// write it, hex as CNI plugins do, base64 as Calico does.
	hash = regexp.MustCompile(`\b((?:KUBE|CNI|cali)-[\w-]*?-)(_?[A-Z2-7]{16}|[0-9a-f]{16,}|_[\w-]{16})($|[^\w-])`)
	// instance is an interface that stands for one pod: a prefix and a hash.
	instance = regexp.MustCompile(`\b(veth|cali|lxc|tap|azv|eni|gke|cilium_lxc|vif|nic)[0-9a-f]{5,}\b`)
)

// device is an interface's name without what stands for one pod.
func device(name string) string {
	return instance.ReplaceAllString(name, "${1}*")
}

// chain is a chain's name without the hash that stands for one endpoint.
func chain(name string) string {
	name = hash.ReplaceAllString(name, "${1}*${3}")
	if kind, _, ok := strings.Cut(name, "-"); ok && (kind == "service" || kind == "endpoint") { // kube-proxy's nft mode
		return kind + "-*"
	}
	return device(name)
}

// class is what an interface is on the way, whatever its name.
func class(p *trail.Point) string {
	switch {
	case p.Role == trail.RoleHost, p.Kind == "veth" && p.Target == "":
		return "host end"
	case p.Role == trail.RoleUplink, p.Role == trail.RoleOverlay, p.Role == trail.RoleBridge:
		return string(p.Role)
	case p.Kind == "bridge":
		return string(trail.RoleBridge)
	case p.Kind == "vxlan", p.Kind == "geneve", p.Kind == "ipip", p.Kind == "gre", p.Kind == "wireguard":
		return string(trail.RoleOverlay)
	}
	return device(p.Interface)
}
