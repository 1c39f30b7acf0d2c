package pcapng

import (
	"encoding/binary"
	"fmt"
)

// Option codes of the EPB.
const (
	OptFlags    = 2
	OptHash     = 3
	OptDrops    = 4
	OptPacketID = 5
	OptQueue    = 6
	OptVerdict  = 7
)

// Bits of epb_flags: the direction.
const (
	FlagInbound  = 1
	FlagOutbound = 2
	// DirectionMask are the bits of the direction; 0 is not known.
	DirectionMask = 3
)

// Packet is a packet of any of the three packet blocks.
type Packet struct {
	// Interface counts the section's interfaces from 0.
	Interface int
	// Ticks is the time stamp in the unit of the interface; written as it is.
	Ticks uint64
	// Time is nanoseconds since 1970-01-01 UTC, 0 in an SPB, which has none;
	// not written.
	Time int64
	// Len is the packet's length on the wire in bytes.
	Len int
	// Data is what was kept of it, in place.
	Data []byte
	// Flags is epb_flags; 0 if there are none.
	Flags uint32
	// Drops is epb_dropcount: packets lost between the one before on the same
	// interface and this one; 0 if there were none.
	Drops uint64
	// Options are all options, Flags and Drops among them, in place. Append
	// writes Flags and Drops from their fields and the others from here.
	Options Options
}

const epbHead = 28 // up to the data, with type and length

// packet reads b, which holds a packet, into p.
func (r *Reader) packet(b *Block, p *Packet) error {
	body, o := b.Body(), b.order()
	switch b.Type {
	case TypePacket:
		if len(body) < 20 {
			return b.bad("%d bytes are too few for a packet", len(body))
		}
		p.Interface = int(o.u32(body))
		p.Drops = 0
	case TypeOldPacket:
		if len(body) < 20 {
			return b.bad("%d bytes are too few for a packet", len(body))
		}
		p.Interface = int(o.u16(body))
		if p.Drops = uint64(o.u16(body[2:])); p.Drops == 0xFFFF {
			p.Drops = 0 // not known
		}
	case TypeSimplePacket:
		return r.simplePacket(b, p)
	default:
		return b.bad("not a packet")
	}
	if uint(p.Interface) >= uint(len(r.ifaces)) {
		return b.bad("a packet of interface %d, of which there are %d", p.Interface, len(r.ifaces))
	}
	n := o.u32(body[12:])
	if uint64(n) > uint64(len(body)-20) {
		return b.bad("a packet of %d bytes in a block of %d", n, len(b.Raw))
	}
	p.Ticks = o.split64(body[4:])
	p.Time = r.ifaces[p.Interface].clock.time(p.Ticks)
	p.Len = int(o.u32(body[16:]))
	p.Data = body[20 : 20+n : 20+n]
	p.Flags = 0
	p.Options = Options{body[min(20+pad4(int(n)), len(body)):], o}
	if p.Options.Len() > 0 {
		p.scan(b.Type)
	}
	return nil
}

// scan takes the two options out that every reader of packets wants. A list
// that is broken costs the options after the break, not the packet.
func (p *Packet) scan(t BlockType) {
	l := p.Options
	for o, ok := l.Next(); ok; o, ok = l.Next() {
		switch {
		case o.Code == OptFlags && len(o.Value) == 4:
			p.Flags = l.o.u32(o.Value)
		case o.Code == OptDrops && len(o.Value) == 8 && t == TypePacket:
			p.Drops = l.o.u64(o.Value)
		}
	}
}

// simplePacket reads an SPB: interface 0, no time; the data's length is not
// told but follows from the packet's, the snap length and the block.
func (r *Reader) simplePacket(b *Block, p *Packet) error {
	body := b.Body()
	if len(body) < 4 {
		return b.bad("%d bytes are too few for a packet", len(body))
	}
	if len(r.ifaces) == 0 {
		return b.bad("a packet before the first interface")
	}
	n := b.order().u32(body)
	*p = Packet{Len: int(n), Options: Options{nil, b.order()}}
	if snap := r.ifaces[0].SnapLen; snap != 0 {
		n = min(n, snap)
	}
	if uint64(n) > uint64(len(body)-4) {
		return b.bad("a packet of %d bytes in a block of %d", n, len(b.Raw))
	}
	p.Data = body[4 : 4+n : 4+n]
	return nil
}

// size is how many bytes Append appends at most.
func (p *Packet) size() int { return epbHead + pad4(len(p.Data)) + 8 + 12 + p.Options.Len() + 4 + 4 }

// Append appends the packet to dst as an Enhanced Packet Block. It allocates
// only to grow dst. A block above MaxBlock is ErrTooLong.
func (p *Packet) Append(dst []byte) ([]byte, error) {
	if p.size() > MaxBlock {
		return dst, fmt.Errorf("packet of %d bytes: %w", len(p.Data), ErrTooLong)
	}
	if int64(p.Interface) != int64(uint32(p.Interface)) || int64(p.Len) != int64(uint32(p.Len)) {
		return dst, fmt.Errorf("packet of interface %d, length %d: not to be written", p.Interface, p.Len)
	}
	start := len(dst)
	if cap(dst)-start < p.size() {
		grown := make([]byte, start, start+p.size())
		copy(grown, dst)
		dst = grown
	}
	le := binary.LittleEndian
	n := len(p.Data)
	end := epbHead + pad4(n)
	b := dst[start : start+p.size()]
	_ = b[epbHead+24]
	le.PutUint32(b, uint32(TypePacket))
	le.PutUint32(b[8:], uint32(p.Interface))
	le.PutUint32(b[12:], uint32(p.Ticks>>32))
	le.PutUint32(b[16:], uint32(p.Ticks))
	le.PutUint32(b[20:], uint32(n))
	le.PutUint32(b[24:], uint32(p.Len))
	le.PutUint32(b[end-4:], 0) // the padding, before the data's last bytes go over it
	if n == 0 {
		le.PutUint32(b[24:], uint32(p.Len))
	}
	copy(b[epbHead:], p.Data)
	opts := end
	if p.Flags != 0 {
		le.PutUint32(b[end:], OptFlags|4<<16)
		le.PutUint32(b[end+4:], p.Flags)
		end += 8
	}
	if p.Drops != 0 {
		le.PutUint32(b[end:], OptDrops|8<<16)
		le.PutUint64(b[end+4:], p.Drops)
		end += 12
	}
	if p.Options.Len() > 0 {
		end = p.Options.copyRest(b, end)
	}
	if end != opts {
		le.PutUint32(b[end:], OptEnd)
		end += 4
	}
	total := uint32(end + 4)
	le.PutUint32(b[4:], total)
	le.PutUint32(b[end:], total)
	return dst[:start+int(total)], nil
}

// copyRest copies all options but those that Packet has fields for to b[at:],
// in little-endian order, and returns where they end.
func (l Options) copyRest(b []byte, at int) int {
	le := binary.LittleEndian
	for o, ok := l.Next(); ok; o, ok = l.Next() {
		if o.Code == OptFlags || o.Code == OptDrops {
			continue
		}
		le.PutUint16(b[at:], o.Code)
		le.PutUint16(b[at+2:], uint16(len(o.Value)))
		v := b[at+4 : at+4+pad4(len(o.Value))]
		clear(v[copy(v, o.Value):])
		if l.o {
			swapNumbers(o.Code, v[:len(o.Value)])
		}
		at += 4 + len(v)
	}
	return at
}

// swapNumbers turns the numbers of a packet's option from one byte order to
// the other, where they are known.
func swapNumbers(code uint16, v []byte) {
	be, le := binary.BigEndian, binary.LittleEndian
	switch {
	case code == OptPacketID && len(v) == 8:
		le.PutUint64(v, be.Uint64(v))
	case code == OptQueue && len(v) == 4,
		(code == OptCustomText || code == OptCustomBinary || code == OptCustomTextNoCopy || code == OptCustomBinaryNoCopy) && len(v) >= 4:
		le.PutUint32(v, be.Uint32(v))
	case code == OptVerdict && len(v) == 9 && (v[0] == 1 || v[0] == 2): // what an eBPF program at TC or XDP returned
		le.PutUint64(v[1:], be.Uint64(v[1:]))
	}
}
