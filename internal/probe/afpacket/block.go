package afpacket

import (
	"encoding/binary"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Offsets and sizes in linux/if_packet.h: struct tpacket_block_desc with
// tpacket_hdr_v1, struct tpacket3_hdr, and struct sockaddr_ll behind it. All
// fields are in host byte order.
const (
	blockStatus = 8  // hdr.bh1.block_status
	blockCount  = 12 // hdr.bh1.num_pkts
	blockFirst  = 16 // hdr.bh1.offset_to_first_pkt
	blockHeader = 48

	slotNext    = 0  // tp_next_offset
	slotSec     = 4  // tp_sec
	slotNsec    = 8  // tp_nsec
	slotSnap    = 12 // tp_snaplen
	slotLen     = 16 // tp_len
	slotStatus  = 20 // tp_status
	slotMac     = 24 // tp_mac
	slotTCI     = 32 // hv1.tp_vlan_tci
	slotTPID    = 36 // hv1.tp_vlan_tpid
	slotIfindex = 52 // sll_ifindex
	slotHatype  = 56 // sll_hatype
	slotPkttype = 58 // sll_pkttype
	slotHeader  = 68 // TPACKET3_HDRLEN

	statusUser      = 1 << 0 // TP_STATUS_USER
	statusLosing    = 1 << 2 // TP_STATUS_LOSING
	statusVLAN      = 1 << 4 // TP_STATUS_VLAN_VALID
	statusVLANProto = 1 << 6 // TP_STATUS_VLAN_TPID_VALID

	packetOutgoing = 4 // PACKET_OUTGOING

	arpEther    = 1   // ARPHRD_ETHER, linux/if_arp.h
	arpLoopback = 772 // ARPHRD_LOOPBACK, with Ethernet headers

	etherVLAN = 0x8100 // ETH_P_8021Q
	macs      = 12     // the two addresses in front of the tag
	tagLen    = 4
)

// device is what the kernel says with each frame about the interface: the
// index in the upper bits, the ARPHRD_ type in the lower 16.
type device uint64

func newDevice(index int, hatype uint16) device {
	return device(uint32(index))<<16 | device(hatype)
}

func (d device) index() int { return int(int32(d >> 16)) }

// link is LinkEthernet, or LinkRaw for devices without a link header, such as
// tun and ipip.
func (d device) link() packet.LinkType { return linkOf(uint16(d)) }

func linkOf(hatype uint16) packet.LinkType {
	if hatype == arpEther || hatype == arpLoopback {
		return packet.LinkEthernet
	}
	return packet.LinkRaw
}

// block walks over the frames of one block. The kernel wrote it, but a ring
// is shared memory: nothing is read twice, and nothing past its end.
type block struct {
	b    []byte
	off  uint32 // of the next frame
	left uint32 // frames not yet read
	warm byte
}

// begin starts the walk; b is the whole block.
func (k *block) begin(b []byte) {
	k.b, k.off, k.left = b, 0, 0
	if len(b) < blockHeader {
		return
	}
	k.left = binary.NativeEndian.Uint32(b[blockCount:])
	k.off = binary.NativeEndian.Uint32(b[blockFirst:])
}

// next decodes a frame into f, all but Point and Missed, and returns its
// device. At the end of the block, or where it is malformed, ok is false and
// left counts the frames that could not be read.
func (k *block) next(f *trail.Frame, snap uint32) (dev device, ok bool) {
	if k.left == 0 || uint64(k.off)+slotHeader > uint64(len(k.b)) {
		return 0, false
	}
	b := k.b[k.off:]
	h := b[:slotHeader]
	cut := binary.NativeEndian.Uint32(h[slotSnap:])
	mac := uint32(binary.NativeEndian.Uint16(h[slotMac:]))
	end := uint64(mac) + uint64(cut)
	if mac < slotHeader || end > uint64(len(b)) {
		return 0, false
	}
	f.Time = int64(binary.NativeEndian.Uint32(h[slotSec:]))*1e9 + int64(binary.NativeEndian.Uint32(h[slotNsec:]))
	f.Dir = trail.In
	if h[slotPkttype] == packetOutgoing {
		f.Dir = trail.Out
	}
	f.Data = b[mac:end:end]
	f.Len = int(max(binary.NativeEndian.Uint32(h[slotLen:]), cut) & (1<<31 - 1))
	dev = device(binary.NativeEndian.Uint32(h[slotIfindex:]))<<16 | device(binary.NativeEndian.Uint16(h[slotHatype:]))
	status := binary.NativeEndian.Uint32(h[slotStatus:])
	if status&statusVLAN != 0 && dev.link() == packet.LinkEthernet {
		k.restoreTag(f, mac, cut, snap, status)
	}
	next := binary.NativeEndian.Uint32(h[slotNext:])
	if next < slotHeader || uint64(next) > uint64(len(b)) {
		next = uint32(len(b)) // 0 in the last frame
	}
	k.off += next
	k.left--
	// Another CPU has written the next header: fetch it while this frame is
	// worked on. Nobody reads warm; it keeps the loads from being dropped.
	if ahead := k.b[k.off:]; len(ahead) >= slotHeader {
		k.warm = ahead[0] + ahead[slotHeader-1]
	}
	return dev, true
}

// restoreTag puts the VLAN tag from the metadata back behind the addresses.
// Only these move, 4 bytes forward, into the end of the sockaddr_ll: what
// stood there has been read.
func (k *block) restoreTag(f *trail.Frame, mac, cut, snap, status uint32) {
	f.Len += tagLen
	if cut < macs {
		return // the snap length ends before the tag
	}
	b := k.b[k.off:]
	tci := binary.NativeEndian.Uint32(b[slotTCI:])
	tpid := uint16(etherVLAN) // kernels before 3.14 do not tell
	if status&statusVLANProto != 0 {
		tpid = binary.NativeEndian.Uint16(b[slotTPID:])
	}
	start, end := mac-tagLen, mac+cut
	copy(b[start:start+macs], b[mac:mac+macs])
	binary.BigEndian.PutUint16(b[start+macs:], tpid)
	binary.BigEndian.PutUint16(b[start+macs+2:], uint16(tci))
	end = min(end, start+snap)
	f.Data = b[start:end:end]
}
