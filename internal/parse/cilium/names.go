package cilium

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/trail"
)

// names keeps one copy of each word and address: those of a log repeat.
type names struct {
	words map[string]string
	addrs map[string]netip.Addr
}

const maxNames = 1 << 14

func (n *names) word(b []byte) string {
	if s, ok := n.words[string(b)]; ok {
		return s
	}
	if n.words == nil || len(n.words) >= maxNames {
		n.words = map[string]string{}
	}
	s := string(b)
	n.words[s] = s
	return s
}

// addr is an address; invalid for what is none.
func (n *names) addr(b []byte) netip.Addr {
	if a, ok := n.addrs[string(b)]; ok {
		return a
	}
	a, err := netip.ParseAddr(string(b))
	if err != nil {
		return netip.Addr{}
	}
	if n.addrs == nil || len(n.addrs) >= maxNames {
		n.addrs = map[string]netip.Addr{}
	}
	a = a.Unmap()
	n.addrs[string(b)] = a
	return a
}

// Reserved is the name of a reserved identity (cilium/cilium,
// pkg/identity/numericidentity.go); empty for all others.
func Reserved(n uint32) string {
	reserved := [...]string{
		"", "host", "world", "unmanaged", "health", "init", "remote-node", "kube-apiserver", "ingress",
		"world-ipv4", "world-ipv6", "encrypted-overlay",
	}
	if n < uint32(len(reserved)) {
		return reserved[n]
	}
	return ""
}

// reservedNumber is the number of a reserved identity's name; 0 for others.
func reservedNumber(name string) uint32 {
	for n := uint32(1); Reserved(n) != ""; n++ {
		if Reserved(n) == name {
			return n
		}
	}
	return 0
}

// Direction is that of a packet at a point of Cilium's, as the node's own stack
// sees it.
func Direction(point string) trail.Direction {
	switch point {
	case "from-endpoint", "from-network", "from-overlay", "from-crypto", "to-stack", "to-host", "to-proxy":
		return trail.In
	case "to-endpoint", "to-network", "to-overlay", "to-crypto", "from-stack", "from-host", "from-proxy":
		return trail.Out
	}
	return trail.DirUnknown
}

// Tracked is what the word for a connection's state stands for; nil for those
// that say nothing.
func Tracked(state string) *trail.Conntrack {
	switch state {
	case "new", "established", "related":
		return &trail.Conntrack{State: state}
	case "reply":
		return &trail.Conntrack{State: "established", Reply: true}
	}
	return nil
}

// sourceFile is the name of a file of Cilium's datapath by its number in a drop.
// Those of the programs themselves keep theirs from version to version; headers
// (from 101 on) do not.
func sourceFile(n uint64) string {
	files := [...]string{"", "bpf_host.c", "bpf_lxc.c", "bpf_overlay.c", "bpf_xdp.c", "bpf_sock.c"}
	if n < uint64(len(files)) {
		return files[n]
	}
	return ""
}
