package pcapng

import "encoding/binary"

// WriteFrame is WritePacket for what a capture writes millions of: no options
// but direction and drops, which are left out where they are 0. ifc and length
// must fit into 32 bits.
func (w *Writer) WriteFrame(ifc int, ticks uint64, data []byte, length int, flags uint32, drops uint64) error {
	n, start := len(data), len(w.buf)
	padded := (n + 3) &^ 3
	size := epbHead + padded + frameTail
	if w.err != nil || drops != 0 || flags == 0 || size > cap(w.buf)-start {
		return w.writeOther(ifc, ticks, data, length, flags, drops)
	}
	if n >= LendMin && w.lend != nil {
		return w.lendFrame(ifc, ticks, data, length, flags)
	}
	b := w.buf[start : start+size]
	putHead(b, ifc, ticks, n, length, size)
	if n > 0 {
		binary.LittleEndian.PutUint32(b[epbHead+padded-4:], 0) // the padding, before the data goes over it
		copy(b[epbHead:], data)
	}
	putTail(b[epbHead+padded:], flags, size)
	w.buf = w.buf[:start+size]
	return nil
}

// lendFrame writes what stands around a frame and leaves the frame where it
// is.
func (w *Writer) lendFrame(ifc int, ticks uint64, data []byte, length int, flags uint32) error {
	n, start := len(data), len(w.buf)
	pad := -n & 3
	size := epbHead + n + pad + frameTail
	around := w.buf[start : start+epbHead+pad+frameTail]
	putHead(around, ifc, ticks, n, length, size)
	if pad > 0 {
		binary.LittleEndian.PutUint32(around[epbHead:], 0) // more than the padding; the tail goes over the rest
	}
	putTail(around[epbHead+pad:], flags, size)
	head := start + epbHead
	w.parts = append(w.parts, w.buf[w.begin:head:head], data)
	w.lent += head - w.begin + n
	w.begin = head
	w.buf = w.buf[:start+len(around)]
	if w.lent >= lendMost || len(w.parts) >= lendParts {
		return w.Flush()
	}
	return nil
}

// writeOther is WriteFrame for what is rare, and for a full buffer.
func (w *Writer) writeOther(ifc int, ticks uint64, data []byte, length int, flags uint32, drops uint64) error {
	w.spared = Packet{Interface: ifc, Ticks: ticks, Data: data, Len: length, Flags: flags, Drops: drops}
	err := w.WritePacket(&w.spared)
	w.spared.Data = nil
	return err
}

// frameTail is what stands behind the data and its padding: epb_flags, the end
// of the options, the block's length.
const frameTail = 8 + 4 + 4

func putHead(b []byte, ifc int, ticks uint64, n, length, size int) {
	le := binary.LittleEndian
	b = b[:epbHead]
	le.PutUint64(b, uint64(TypePacket)|uint64(size)<<32)
	le.PutUint64(b[8:], uint64(uint32(ifc))|ticks&^(1<<32-1))
	le.PutUint64(b[16:], ticks&(1<<32-1)|uint64(n)<<32)
	le.PutUint32(b[24:], uint32(length))
}

func putTail(b []byte, flags uint32, size int) {
	le := binary.LittleEndian
	b = b[:frameTail]
	le.PutUint64(b, OptFlags|4<<16|uint64(flags)<<32)
	le.PutUint64(b[8:], uint64(OptEnd)|uint64(size)<<32)
}
