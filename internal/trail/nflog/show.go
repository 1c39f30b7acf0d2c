package nflog

import (
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Show gives the packet's bytes and its length where the line tells them
// surely, else what tells it apart all the same. Of a packet that leaves, the
// link header is that which it came with, and left out.
func (l *Line) Show(leaves bool, bytes func(link packet.LinkType, data []byte, n int), words func(packet.Key, trail.Headers)) {
	if l.ARP != nil || l.Exact() {
		data, link, n := make([]byte, 0, 96), packet.LinkRaw, l.Len
		if leaves && l.ARP == nil {
			data = l.Append(data)
		} else {
			var ethernet bool
			if data, ethernet = l.AppendFrame(data); ethernet {
				link, n = packet.LinkEthernet, n+EtherLen
				if l.HasVLAN {
					n += 4
				}
			}
		}
		var p packet.Packet
		p.DecodeLen(link, data, max(n, len(data)))
		if _, ok := p.Identity(); ok {
			bytes(link, data, max(n, len(data)))
			return
		}
	}
	h := trail.Headers{Flow: l.Flow(), TTL: l.TTL}
	if b := l.AppendLink(nil); len(b) >= EtherLen && !leaves {
		h.DstMAC, h.SrcMAC = packet.MAC(b[:6]).String(), packet.MAC(b[6:12]).String()
		if l.HasVLAN {
			h.VLANs = []uint16{l.VLAN}
		}
	}
	words(l.Key(), h)
}
