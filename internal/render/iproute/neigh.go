package iproute

import (
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

// Flags and states of neighbours (NTF_*, NUD_* of linux/neighbour.h).
const (
	neighSelf     = 1 << 1
	neighMaster   = 1 << 2
	neighProxy    = 1 << 3
	neighExternal = 1 << 4
	neighOffload  = 1 << 5
	neighSticky   = 1 << 6
	neighRouter   = 1 << 7

	neighManaged = 1 << 0 // NTF_EXT_MANAGED

	stateReachable = 0x02
	stateStale     = 0x04
	stateNoARP     = 0x40
	statePermanent = 0x80
)

// userHZ is in how many parts of a second the kernel counts (USER_HZ).
const userHZ = 100

// Neighbours lists the neighbours, as `ip neigh` does, which leaves out those
// that need no resolution and those without a state; with AllStates as `ip
// neigh show nud all`.
func Neighbours(ns *netstate.Namespace, o Options) []byte {
	return neighbours(ns, o, func(n *netstate.Neighbour) bool {
		shown := n.State&^stateNoARP != 0 || n.Flags&neighExternal != 0 || o.AllStates
		return shown && n.Flags&neighProxy == 0
	})
}

// ProxyNeighbours lists the addresses that are answered for others, as `ip
// neigh show proxy` does.
func ProxyNeighbours(ns *netstate.Namespace, o Options) []byte {
	return neighbours(ns, o, func(n *netstate.Neighbour) bool { return n.Flags&neighProxy != 0 })
}

func neighbours(ns *netstate.Namespace, o Options, wanted func(*netstate.Neighbour) bool) []byte {
	w, names := &writer{json: o.JSON}, devicesOf(ns)
	w.openArray("")
	for i := range ns.Neighbours {
		n := &ns.Neighbours[i]
		is6 := n.IP.Is6()
		if wanted(n) && (o.Family == "" || is6 == (o.Family == "inet6")) {
			w.open("")
			neighbour(w, names, n, o.Stats)
			w.close()
		}
	}
	w.closeArray()
	w.end()
	return w.b
}

func neighbour(w *writer, names devices, n *netstate.Neighbour, stats bool) {
	if n.IP.IsValid() {
		w.str("dst", "", hostText(n.IP), " ")
	}
	if n.Link != 0 {
		w.str("dev", "dev ", names.name(n.Link), " ")
	}
	if n.MAC != "" {
		w.str("lladdr", "lladdr ", n.MAC, " ")
	}
	for _, f := range [...]struct {
		is   bool
		name string
	}{
		{n.Flags&neighRouter != 0, "router"},
		{n.Flags&neighProxy != 0, "proxy"},
		{n.ExtFlags&neighManaged != 0, "managed"},
		{n.Flags&neighExternal != 0, "extern_learn"},
		{n.Flags&neighOffload != 0, "offload"},
	} {
		if f.is {
			w.null(f.name, f.name+" ")
		}
	}
	if stats {
		neighbourStats(w, n)
	}
	if n.State != 0 {
		neighbourState(w, n.State)
	}
	if n.Protocol != 0 {
		w.str("protocol", "proto ", protocolName(n.Protocol), " ")
	}
	w.text("\n")
}

func neighbourState(w *writer, state uint16) {
	w.openArray("state")
	for bit, name := range [...]string{
		"INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "NOARP", "PERMANENT",
	} {
		if state&(1<<bit) != 0 {
			w.str("", "", name, " ")
		}
	}
	w.closeArray()
}

func neighbourStats(w *writer, n *netstate.Neighbour) {
	s := sentWriter{w, n.Sent}
	if s.has(rtnl.NeighCache) {
		if n.Refs != 0 {
			w.unum("refcnt", " ref ", uint64(n.Refs), "")
		}
		w.unum("used", " used ", uint64(n.Used/userHZ), "")
		w.unum("confirmed", "/", uint64(n.Confirmed/userHZ), "")
		w.unum("updated", "/", uint64(n.Updated/userHZ), "")
	}
	s.num(rtnl.NeighProbes, "probes", "probes", uint64(n.Probes))
}
