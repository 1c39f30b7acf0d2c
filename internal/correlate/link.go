package correlate

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/pktrail/pktrail/internal/packet"
)

// linker finds the packet that another one answers, or repeats. It remembers
// the last ones only.
type linker struct {
	seed      maphash.Seed
	now, last map[uint64]linked
}

// linked is a way, by its id+1, and when it began.
type linked struct {
	start int64
	id    int32
	data  bool // it carried data, or was the last that did
	taken bool // data came back for it
}

const maxLinks = 1 << 18

// What of a packet its answer, or its repetition, shows again.
type link uint8

const (
	linkEnd    link = iota // TCP: the number that is acknowledged next
	linkAck                // TCP: the acknowledgement, which is the number of a reset
	linkEcho               // ICMP: the sequence number of an echo
	linkOpen               // a datagram without an answer
	linkQuoted             // any: the identification, as an ICMP error quotes it
	linkSame               // TCP: sequence number, and length below
	linkHidden             // what an answer shows, but for whom it is for
)

func (l *linker) sum(f *packet.Flow, kind link, a, b uint32) uint64 {
	if l.now == nil {
		l.seed, l.now = maphash.MakeSeed(), map[uint64]linked{}
	}
	var buf [52]byte
	src, dst := f.Src.As16(), f.Dst.As16()
	copy(buf[:], src[:])
	copy(buf[16:], dst[:])
	binary.BigEndian.PutUint16(buf[32:], f.SrcPort)
	binary.BigEndian.PutUint16(buf[34:], f.DstPort)
	binary.BigEndian.PutUint16(buf[36:], f.ID)
	buf[38], buf[39] = byte(f.Proto), byte(kind)
	binary.BigEndian.PutUint32(buf[40:], a)
	binary.BigEndian.PutUint32(buf[44:], b)
	return maphash.Bytes(l.seed, buf[:])
}

func (l *linker) put(sum uint64, w *way) {
	if len(l.now) >= maxLinks {
		l.last, l.now = l.now, make(map[uint64]linked, maxLinks)
	}
	l.now[sum] = linked{start: w.start, id: int32(w.id) + 1, data: hasData(&w.key)}
}

// hasData reports whether a TCP packet carries data or ends it.
func hasData(k *packet.Key) bool {
	return k.Proto == packet.ProtoTCP && (k.Len > 0 || packet.TCPFlags(k.Type)&packet.FIN != 0)
}

// acknowledged looks up what a TCP packet acknowledges. Each packet of a
// connection acknowledges something: one with data is an answer to data only,
// and the first one to that.
func (l *linker) acknowledged(w *way, f *packet.Flow) int32 {
	sum := l.sum(f, linkEnd, w.key.B, 0)
	if !hasData(&w.key) || packet.TCPFlags(w.key.Type)&(packet.SYN|packet.RST) != 0 {
		return l.get(sum, w)
	}
	id := l.get(sum, w)
	k, book := l.now[sum], l.now
	if k.id == 0 {
		k, book = l.last[sum], l.last
	}
	if id == 0 || !k.data || k.taken {
		return 0
	}
	k.taken = true
	book[sum] = k
	return id
}

// get looks up a way that began before w; 0 is none.
func (l *linker) get(sum uint64, w *way) int32 {
	k, ok := l.now[sum]
	if !ok {
		k = l.last[sum]
	}
	if int(k.id) == w.id+1 || k.start > w.start {
		return 0
	}
	return k.id
}

// note remembers a packet by one of its flows.
func (l *linker) note(w *way, f packet.Flow) {
	if !f.Src.IsValid() || w.flags&weak != 0 {
		return
	}
	k := &w.key
	if k.Fragment&fragmentOffset == 0 {
		quoted := packet.Flow{Proto: f.Proto, Src: f.Src, Dst: f.Dst, SrcPort: f.SrcPort, DstPort: f.DstPort, ID: f.ID}
		l.put(l.sum(&quoted, linkQuoted, l.quotedID(k), 0), w)
	}
	l.noteHidden(w, f)
	back := f.Reverse()
	if k.Bare != 0 && k.Proto == packet.ProtoTCP {
		if flags := packet.TCPFlags(k.Type); flags&(packet.SYN|packet.ACK) == packet.SYN {
			l.put(l.sum(&back, linkOpen, 0, 0), w)
		}
		return
	}
	switch k.Proto {
	case packet.ProtoTCP:
		if end := endOf(k); end != k.A {
			l.put(l.sum(&back, linkEnd, end, 0), w)
		}
		if packet.TCPFlags(k.Type)&packet.ACK != 0 {
			l.put(l.sum(&back, linkAck, k.B, 0), w)
		}
	case packet.ProtoICMP:
		if k.Type == packet.ICMPv4Echo {
			l.put(l.sum(&back, linkEcho, k.B, 0), w)
		}
	case packet.ProtoICMPv6:
		if k.Type == packet.ICMPv6Echo {
			l.put(l.sum(&back, linkEcho, k.B, 0), w)
		}
	default:
		if w.answer == 0 {
			l.put(l.sum(&back, linkOpen, w.dns, 0), w)
		}
	}
}

// quotedID is what tells a packet in an ICMP error: TCP's sequence number, or
// the identification.
func (l *linker) quotedID(k *packet.Key) uint32 {
	if k.Proto == packet.ProtoTCP {
		return k.A
	}
	return k.ID
}

// endOf is the sequence number behind a packet.
func endOf(k *packet.Key) uint32 {
	end := k.A + k.Len
	if packet.TCPFlags(k.Type)&packet.SYN != 0 {
		end++
	}
	if packet.TCPFlags(k.Type)&packet.FIN != 0 {
		end++
	}
	return end
}

// resolve looks up what a packet answers and repeats, by its first flow.
func (l *linker) resolve(w *way) {
	if w.first < 0 {
		return
	}
	f := &w.heads[w.first].flow
	if w.answer == 0 {
		w.answer = l.answered(w, f)
	}
	if w.answer == 0 {
		w.answer = l.hidden(w)
	}
	if w.key.Proto == packet.ProtoTCP && w.repeat == 0 && w.flags&weak == 0 {
		w.repeat = l.repeated(w, f)
	}
}

func (l *linker) repeated(w *way, f *packet.Flow) int32 {
	end, flags := endOf(&w.key), packet.TCPFlags(w.key.Type)
	if end == w.key.A || flags&packet.RST != 0 || w.key.Bare != 0 && flags&packet.SYN == 0 {
		return 0
	}
	sum := l.sum(f, linkSame, w.key.A, end)
	first := l.get(sum, w)
	if first == 0 {
		l.put(sum, w)
	}
	return first
}

func (l *linker) answered(w *way, f *packet.Flow) int32 {
	k := &w.key
	var sum uint64
	switch {
	case w.more != nil && w.more.refused.Src.IsValid():
		sum = l.sum(&w.more.refused, linkQuoted, w.more.quoted, 0)
	case k.Proto == packet.ProtoTCP && k.Bare != 0:
		if packet.TCPFlags(k.Type)&(packet.SYN|packet.RST) == 0 {
			return 0
		}
		sum = l.sum(f, linkOpen, 0, 0)
	case k.Proto == packet.ProtoTCP && packet.TCPFlags(k.Type)&packet.ACK != 0:
		return l.acknowledged(w, f)
	case k.Proto == packet.ProtoTCP && packet.TCPFlags(k.Type)&packet.RST != 0:
		sum = l.sum(f, linkAck, k.A, 0)
	case k.Proto == packet.ProtoICMP && k.Type == packet.ICMPv4EchoReply,
		k.Proto == packet.ProtoICMPv6 && k.Type == packet.ICMPv6EchoReply:
		sum = l.sum(f, linkEcho, k.B, 0)
	case w.flags&weak != 0, k.Proto == packet.ProtoTCP, k.Proto == packet.ProtoICMP, k.Proto == packet.ProtoICMPv6, k.Version == 0:
		return 0
	default:
		sum = l.sum(f, linkOpen, w.dns, 0)
		id := l.get(sum, w)
		if id != 0 {
			delete(l.now, sum)
			delete(l.last, sum)
		}
		return id
	}
	return l.get(sum, w)
}
