//go:build !pktrail_lite

package ask

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/packet"
)

// getConnection is NFNL_SUBSYS_CTNETLINK<<8 | IPCTNL_MSG_CT_GET
// (linux/netfilter/nfnetlink_conntrack.h).
const getConnection = 1<<8 | 1

// Conntrack looks up what connection tracking holds of a packet's flow, in a
// zone (0 is the default): false if there is nothing. Reply tells whether the
// flow is that of the answers. For ICMP only echoes are looked for. It needs
// CAP_NET_ADMIN.
func (a *Asker) Conntrack(f packet.Flow, zone uint16) (Connection, bool, error) {
	c, err := a.conn(unix.NETLINK_NETFILTER)
	if err != nil {
		return Connection{}, false, fmt.Errorf("look up connection %s: %w", f, err)
	}
	f.Src, f.Dst = f.Src.Unmap(), f.Dst.Unmap()
	types := []uint8{0}
	switch f.Proto {
	case packet.ProtoICMP:
		types = []uint8{packet.ICMPv4Echo, packet.ICMPv4EchoReply}
	case packet.ProtoICMPv6:
		types = []uint8{packet.ICMPv6Echo, packet.ICMPv6Echo + 1}
	}
	for _, t := range types {
		b, err := c.first(getConnection, tupleRequest(f, t, zone))
		if refusal(err) == unix.ENOENT {
			continue
		}
		if err != nil {
			return Connection{}, false, fmt.Errorf("look up connection %s: %w", f, err)
		}
		found, err := decodeConnection(b)
		found.Reply = found.Answer == f && found.Original != f || t != types[0]
		return found, err == nil, err
	}
	return Connection{}, false, nil
}

// ConntrackCount is how many connections the namespace tracks, and how many
// there may be at most (net.netfilter.nf_conntrack_max; 0 is no limit). It
// returns false where connection tracking is not loaded.
func (a *Asker) ConntrackCount() (count, limit int, ok bool, err error) {
	set, missing, err := a.Settings("net.netfilter.nf_conntrack_count", "net.netfilter.nf_conntrack_max")
	if err != nil || len(missing) > 0 {
		return 0, 0, false, err
	}
	if count, err = strconv.Atoi(set[0].Value); err == nil {
		limit, err = strconv.Atoi(set[1].Value)
	}
	return count, limit, err == nil, wrap("read conntrack's count", err)
}
