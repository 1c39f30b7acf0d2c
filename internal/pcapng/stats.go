package pcapng

import "encoding/binary"

// Option codes of the ISB.
const (
	OptStatStart     = 2
	OptStatEnd       = 3
	OptStatReceived  = 4
	OptStatDropped   = 5
	OptStatAccepted  = 6
	OptStatOSDropped = 7
	OptStatDelivered = 8
)

// Count is a counter that may not be known.
type Count struct {
	N     uint64
	Known bool
}

// Known is a counter of n.
func Known(n uint64) Count { return Count{n, true} }

// Statistics is an Interface Statistics Block. All times are in the unit of
// the interface.
type Statistics struct {
	// Interface counts the section's interfaces from 0.
	Interface int
	// Ticks is when the block was made.
	Ticks uint64
	// Start and End are when the capture began and ended.
	Start, End Count
	// Received by the interface and Dropped by it since the capture began.
	Received, Dropped Count
	// Accepted by the filter, OSDropped by the system, Delivered to the user.
	Accepted, OSDropped, Delivered Count
	Extra
}

// Statistics reads an Interface Statistics Block. That the interface exists
// is not checked.
func (b *Block) Statistics() (Statistics, error) {
	body, o := b.Body(), b.order()
	if b.Type != TypeStatistics || len(body) < 12 {
		return Statistics{}, b.bad("%d bytes are too few for statistics", len(body))
	}
	s := Statistics{Interface: int(o.u32(body)), Ticks: o.split64(body[4:])}
	l := Options{body[12:], o}
	if err := l.check(b); err != nil {
		return s, err
	}
	for opt := range l.All() {
		f := s.field(opt.Code)
		switch {
		case f == nil || len(opt.Value) != 8:
			s.take(l, opt)
		case opt.Code == OptStatStart || opt.Code == OptStatEnd:
			*f = Known(o.split64(opt.Value))
		default:
			*f = Known(o.u64(opt.Value))
		}
	}
	return s, nil
}

func (s *Statistics) field(code uint16) *Count {
	switch code {
	case OptStatStart:
		return &s.Start
	case OptStatEnd:
		return &s.End
	case OptStatReceived:
		return &s.Received
	case OptStatDropped:
		return &s.Dropped
	case OptStatAccepted:
		return &s.Accepted
	case OptStatOSDropped:
		return &s.OSDropped
	case OptStatDelivered:
		return &s.Delivered
	}
	return nil
}

// Append appends the statistics to dst as a block.
func (s *Statistics) Append(dst []byte) ([]byte, error) {
	b := build(dst, TypeStatistics)
	b.u32(uint32(s.Interface))
	b.u32(uint32(s.Ticks >> 32))
	b.u32(uint32(s.Ticks))
	for code := uint16(OptStatStart); code <= OptStatDelivered; code++ {
		f := s.field(code)
		if !f.Known {
			continue
		}
		var v [8]byte
		binary.LittleEndian.PutUint64(v[:], f.N)
		if code == OptStatStart || code == OptStatEnd { // the high word first
			binary.LittleEndian.PutUint32(v[:], uint32(f.N>>32))
			binary.LittleEndian.PutUint32(v[4:], uint32(f.N))
		}
		b.option(code, v[:])
	}
	b.extra(&s.Extra)
	return b.end()
}
