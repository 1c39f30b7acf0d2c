package text

import "net/netip"

// connection names a TCP connection in one direction.
type connection struct {
	src, dst netip.Addr
	ports    uint32 // source, destination
}

// numbers are where the two directions of a connection start; seq belongs to
// the direction that is the connection's key.
type numbers struct{ seq, ack uint32 }

// maxConnections is how many connections are remembered in each of two
// generations.
const maxConnections = 1 << 15

// sequences remembers where connections start. When a generation is full, the
// one before it is forgotten: what was not seen since then starts anew.
type sequences struct {
	recent, older map[connection]numbers
}

// relative returns a segment's numbers relative to the first segment with ACK
// that was seen of its connection, whose own are returned as they are, and
// what the numbers in its SACK option are relative to. These are tcpdump's
// rules: lower port first, a SYN-ACK starts anew.
func (s *sequences) relative(k connection, seq, ack uint32, syn bool) (relSeq, relAck, base uint32) {
	src, dst := k.ports>>16, k.ports&0xffff
	reverse := src > dst || src == dst && k.src.Compare(k.dst) > 0
	if reverse {
		k = connection{src: k.dst, dst: k.src, ports: dst<<16 | src}
	}
	n, found := s.get(k)
	if !found || syn {
		n = numbers{seq: seq, ack: ack - 1}
		if reverse {
			n = numbers{seq: ack - 1, ack: seq}
		}
		s.put(k, n)
	} else if reverse {
		seq, ack = seq-n.ack, ack-n.seq
	} else {
		seq, ack = seq-n.seq, ack-n.ack
	}
	if reverse {
		return seq, ack, n.seq
	}
	return seq, ack, n.ack
}

func (s *sequences) get(k connection) (numbers, bool) {
	if n, ok := s.recent[k]; ok {
		return n, true
	}
	n, ok := s.older[k]
	if ok {
		s.put(k, n)
	}
	return n, ok
}

func (s *sequences) put(k connection, n numbers) {
	if s.recent == nil {
		s.recent = make(map[connection]numbers)
	}
	if _, ok := s.recent[k]; !ok && len(s.recent) >= maxConnections {
		s.recent, s.older = make(map[connection]numbers), s.recent
	}
	s.recent[k] = n
}
