package correlate

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
)

// A datapath hands packets to the kernel's stack, which may masquerade them
// where nobody looks: the answer comes to an address that the request was not
// seen with. It is told by what else it shows of the request: the identifier and
// sequence number of an echo, the number that TCP acknowledges as it begins.

// hiddenSum stands for a request by what its answer shows of it, but for the
// address that it came from; 0 for packets that have no such thing. f is the
// flow of the answer.
func (l *linker) hiddenSum(f packet.Flow, number uint32) uint64 {
	f.Dst, f.DstPort = netip.Addr{}, 0
	return l.sum(&f, linkHidden, number, 0)
}

// noteHidden remembers a request that a datapath saw. Where two are alike but
// for the source, neither is found.
func (l *linker) noteHidden(w *way, f packet.Flow) {
	k := &w.key
	if w.flags&points == 0 || k.Bare != 0 || k.Fragment&fragmentOffset != 0 {
		return
	}
	var sum uint64
	switch {
	case k.Proto == packet.ProtoTCP && packet.TCPFlags(k.Type)&packet.SYN != 0:
		sum = l.hiddenSum(f.Reverse(), endOf(k))
	case k.Proto == packet.ProtoICMP && k.Type == packet.ICMPv4Echo:
		sum = l.hiddenSum(f.Reverse(), k.B)
	default:
		return
	}
	have, ok := l.now[sum]
	if !ok {
		have, ok = l.last[sum]
	}
	l.put(sum, w)
	if ok && int(have.id) != w.id+1 && w.repeat == 0 {
		have = l.now[sum]
		have.taken = true
		l.now[sum] = have
	}
}

// hidden looks up the request of an answer that a datapath saw: by the other
// flows that it was seen with, as it is translated back on its way, and then by
// what does not change.
func (l *linker) hidden(w *way) int32 {
	if w.flags&points == 0 {
		return 0
	}
	for i := range w.heads {
		if int16(i) == w.first || !w.heads[i].flow.Src.IsValid() {
			continue
		}
		if id := l.answered(w, &w.heads[i].flow); id != 0 {
			return id
		}
	}
	k, f := &w.key, w.heads[w.first].flow
	var sum uint64
	switch {
	case k.Bare != 0:
		return 0
	case k.Proto == packet.ProtoTCP && packet.TCPFlags(k.Type)&packet.ACK != 0 && packet.TCPFlags(k.Type)&(packet.SYN|packet.RST) != 0:
		sum = l.hiddenSum(f, k.B)
	case k.Proto == packet.ProtoICMP && k.Type == packet.ICMPv4EchoReply:
		sum = l.hiddenSum(f, k.B)
	default:
		return 0
	}
	if have, ok := l.now[sum]; ok && have.taken || !ok && l.last[sum].taken {
		return 0
	}
	return l.get(sum, w)
}
