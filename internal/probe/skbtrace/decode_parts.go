package skbtrace

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

func (d *decoder) drop(b []byte) *trail.Drop {
	le := binary.LittleEndian
	out := &trail.Drop{Reason: d.reasons.drop(le.Uint32(b[8:])), Socket: b[112] != 0}
	if d.symbols == nil {
		return out
	}
	table := d.symbols()
	if table == nil {
		return out
	}
	location := le.Uint64(b)
	name, offset := table.find(location)
	if name != "" {
		out.At = name + "+0x" + strconv.FormatUint(offset, 16)
	}
	frames := min(max(0, int(int32(le.Uint32(b[12:])))), 8*stackDepth) / 8
	var stack []string
	for i := range frames {
		if s, _ := table.find(le.Uint64(b[16+8*i:])); s != "" {
			stack = append(stack, s)
		}
	}
	out.Stack = afterFree(stack, name)
	out.Hook = hookOf(out.Stack)
	return out
}

// afterFree leaves out what the tracepoint itself put on the stack: the frames
// before the function that freed the packet.
func afterFree(stack []string, at string) []string {
	for i, s := range stack {
		if s == at {
			return stack[i:]
		}
	}
	return stack
}

// question tells from the stack of a lookup whether it answers a question: from
// the inside out, the function that does that comes before an interrupt.
func (d *decoder) question(frames byte, b []byte) bool {
	if frames == 0 || d.symbols == nil {
		return false
	}
	table := d.symbols()
	if table == nil {
		return false
	}
	for i := range min(int(frames), questionDepth, len(b)/8) {
		name, _ := table.find(binary.LittleEndian.Uint64(b[8*i:]))
		switch base(name) {
		case "inet_rtm_getroute", "inet6_rtm_getroute":
			return true
		case "handle_softirqs", "__do_softirq", "__softirqentry_text_start", "net_rx_action", "run_timer_softirq":
			return false
		}
	}
	return false
}

func routeOf(flags byte, b []byte, device string) *trail.Route {
	le := binary.LittleEndian
	family := b[24]
	r := &trail.Route{
		Table: le.Uint32(b), Err: -int(int32(le.Uint32(b[4:]))),
		Mark: le.Uint32(b[16:]), TOS: b[25] &^ 3, In: text(b[80:96]),
		Src: addr(family, b[32:]), Dst: addr(family, b[48:]), Gateway: addr(b[27], b[64:]), Device: device,
	}
	if r.Err == 0 && family == afInet6 {
		r.Err = routeError(b[28])
	}
	if r.In == "" && le.Uint32(b[12:]) == 1 {
		r.In = "lo"
	}
	// The kernel asks the other way round for the way back to the sender, and
	// leaves protocol and ports out.
	r.ReversePath = flags&flagSwapped != 0 && b[26] == 0
	return r
}

// routeError is the errno that a type of route stands for (RTN_* of
// linux/rtnetlink.h), as ip6_rt_type_to_error has it.
func routeError(typ byte) int {
	switch typ {
	case 6: // blackhole
		return 22 // EINVAL
	case 7: // unreachable
		return 113 // EHOSTUNREACH
	case 8: // prohibit
		return 13 // EACCES
	case 9: // throw
		return 11 // EAGAIN
	}
	return 0
}

func neighbourOf(b []byte, device string) *trail.Neighbour {
	n := &trail.Neighbour{Addr: addr(b[24], b), Device: device, State: neighbourState(b[25]), Parked: b[26] != 0}
	if mac := b[16:22]; [6]byte(mac) != [6]byte{} {
		n.MAC = net.HardwareAddr(mac).String()
	}
	return n
}

// neighbourState names NUD_* of linux/neighbour.h as iproute2 does.
func neighbourState(s byte) string {
	switch s {
	case 0x01:
		return "INCOMPLETE"
	case 0x02:
		return "REACHABLE"
	case 0x04:
		return "STALE"
	case 0x08:
		return "DELAY"
	case 0x10:
		return "PROBE"
	case 0x20:
		return "FAILED"
	case 0x40:
		return "NOARP"
	case 0x80:
		return "PERMANENT"
	}
	return "NONE"
}

// endpointOf reads a socket; its state counts for TCP.
func endpointOf(b []byte, tcp bool) *trail.Socket {
	s := &trail.Socket{Basis: trail.Observed}
	if a := addr(b[0], b[4:]); a.IsValid() {
		s.Local = netip.AddrPortFrom(a.Unmap(), binary.LittleEndian.Uint16(b[2:]))
	}
	if tcp {
		s.State = tcpState(b[1])
	}
	return s
}

// tcpState names the states of net/tcp_states.h as ss and /proc do.
func tcpState(s byte) string {
	names := [...]string{
		1: "ESTABLISHED", 2: "SYN_SENT", 3: "SYN_RECV", 4: "FIN_WAIT1", 5: "FIN_WAIT2", 6: "TIME_WAIT",
		7: "CLOSE", 8: "CLOSE_WAIT", 9: "LAST_ACK", 10: "LISTEN", 11: "CLOSING", 12: "NEW_SYN_RECV",
	}
	if int(s) < len(names) {
		return names[s]
	}
	return strconv.Itoa(int(s))
}

// bracket names a netfilter program by where it is attached.
type bracket struct {
	netns               uint32
	family, hook, index uint8
}

func (d *decoder) hook(netns uint32, b []byte) *trail.Hook {
	h := &trail.Hook{Name: hookName(b[0]), Family: "ip"}
	if b[1] == nfprotoIPv6 {
		h.Family = "ip6"
	}
	if d.priority != nil {
		h.Priority, _ = d.priority(bracket{netns, b[1], b[0], b[2]})
	}
	return h
}

// Families of linux/netfilter.h.
const (
	nfprotoIPv4 = 2
	nfprotoIPv6 = 10
)

// conntrackOf reads what conntrack knows of a packet.
func conntrackOf(b []byte) *trail.Conntrack {
	le := binary.LittleEndian
	c := &trail.Conntrack{Status: le.Uint32(b[4:]), Original: tupleFlow(b[8:48]), Answer: tupleFlow(b[48:88])}
	// enum ip_conntrack_info of linux/netfilter/nf_conntrack_common.h.
	switch info := le.Uint32(b); info {
	case 0, 3:
		c.State, c.Reply = "established", info == 3
	case 1, 4:
		c.State, c.Reply = "related", info == 4
	case 2, 5:
		c.State, c.Reply = "new", info == 5
	case 7:
		c.State = "untracked"
	}
	return c
}

// tupleFlow reads a struct nf_conntrack_tuple (net/netfilter/nf_conntrack_tuple.h).
func tupleFlow(b []byte) packet.Flow {
	family := byte(binary.LittleEndian.Uint16(b[18:]))
	f := packet.Flow{Proto: packet.Proto(b[38]), Src: addr(family, b), Dst: addr(family, b[20:])}
	sport, dport := binary.BigEndian.Uint16(b[16:]), binary.BigEndian.Uint16(b[36:])
	switch {
	case f.HasPorts():
		f.SrcPort, f.DstPort = sport, dport
	case f.Proto == packet.ProtoICMP || f.Proto == packet.ProtoICMPv6:
		f.ID = sport
	}
	return f
}
