package skbtrace

import "strconv"

// reasons name the kernel's enum skb_drop_reason and enum sk_rst_reason, which
// are numbered anew from kernel to kernel: the names come from its BTF. The
// zero value knows only numbers.
type reasons struct {
	drops, resets map[uint32]string
	// hasDrops is false before Linux 5.17, where there are no reasons.
	hasDrops bool
}

// Subsystems of include/net/dropreason.h, in the upper 16 bits.
const (
	subsystemMAC80211    = 1
	subsystemOpenvswitch = 2
)

func (r reasons) drop(n uint32) string {
	if !r.hasDrops {
		return ""
	}
	if s, ok := r.drops[n]; ok {
		return s
	}
	switch n >> 16 {
	case subsystemMAC80211:
		return "mac80211:" + strconv.FormatUint(uint64(n&0xffff), 10)
	case subsystemOpenvswitch:
		return "openvswitch:" + strconv.FormatUint(uint64(n&0xffff), 10)
	}
	return strconv.FormatUint(uint64(n), 10)
}

func (r reasons) reset(n uint32) string {
	if n == noReason {
		return ""
	}
	if s, ok := r.resets[n]; ok {
		return s
	}
	return strconv.FormatUint(uint64(n), 10)
}

// noReason is what the programs say where the tracepoint has none.
const noReason = 0xffffffff
