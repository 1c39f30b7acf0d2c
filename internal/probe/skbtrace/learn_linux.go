//go:build !pktrail_lite

package skbtrace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/pktrail/pktrail/internal/packet"
)

// flowKey is struct flow of bpf/state.h.
type flowKey struct {
	A, B    [2]uint64 // addresses as they lie in memory
	Ports   uint32
	Proto   uint8
	Version uint8
	_       [2]uint8
}

// keyOf makes the key that both directions of a flow have.
func keyOf(f packet.Flow) (flowKey, error) {
	if !f.Src.IsValid() || !f.Dst.IsValid() || f.Src.Is4() != f.Dst.Is4() {
		return flowKey{}, errors.New("follow flow: no addresses of one family")
	}
	k := flowKey{Proto: uint8(f.Proto), Version: 6}
	var src, dst [16]byte
	if f.Src.Is4() {
		k.Version = 4
		a, b := f.Src.As4(), f.Dst.As4()
		copy(src[:], a[:])
		copy(dst[:], b[:])
	} else {
		src, dst = f.Src.As16(), f.Dst.As16()
	}
	var sport, dport [2]byte
	switch f.Proto {
	case packet.ProtoICMP, packet.ProtoICMPv6:
		binary.BigEndian.PutUint16(sport[:], f.ID)
		dport = sport
	default:
		binary.BigEndian.PutUint16(sport[:], f.SrcPort)
		binary.BigEndian.PutUint16(dport[:], f.DstPort)
	}
	le := binary.LittleEndian
	s, d := uint32(le.Uint16(sport[:])), uint32(le.Uint16(dport[:]))
	k.A = [2]uint64{le.Uint64(src[:]), le.Uint64(src[8:])}
	k.B = [2]uint64{le.Uint64(dst[:]), le.Uint64(dst[8:])}
	k.Ports = s | d<<16
	if k.swapped() {
		k.A, k.B, k.Ports = k.B, k.A, d|s<<16
	}
	return k, nil
}

func (k *flowKey) swapped() bool {
	if k.A[0] != k.B[0] {
		return k.A[0] > k.B[0]
	}
	if k.A[1] != k.B[1] {
		return k.A[1] > k.B[1]
	}
	return k.Ports > k.Ports>>16|k.Ports<<16
}

// bit is the flow's in flow_bloom.
func (k *flowKey) bit() uint32 {
	h := k.A[0] ^ k.A[1]*3 ^ k.B[0]*5 ^ k.B[1]*7 ^ uint64(k.Ports)<<13 ^ uint64(k.Proto)
	return uint32(h * 0x9e3779b97f4a7c15 >> 50)
}

// Follow makes the packets of a flow match from now on, in both directions,
// whatever the filter says.
func (t *Tracer) Follow(f packet.Flow) error {
	k, err := keyOf(f)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return os.ErrClosed
	}
	if err := t.maps.Maps["pkt_flows"].Put(k, uint64(1)); err != nil {
		return fmt.Errorf("follow flow: %w", err)
	}
	bit := k.bit()
	t.bloom[bit/64] |= 1 << (bit % 64)
	if err := t.set("user_bloom", t.bloom); err != nil {
		return err
	}
	return t.set("have_flows", uint32(1))
}

// Asking says that this process asks the kernel for routes from now on, or has
// had its answer: lookups of meanwhile say whether they answer a question.
// Packets that are followed cost some 2 us more per lookup while it is on.
func (t *Tracer) Asking(on bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return os.ErrClosed
	}
	return t.set("asking", uint32(flag(on)))
}

// SetLimit lets n more flights start from now on; 0 is no limit.
func (t *Tracer) SetLimit(n int) error {
	if n < 0 {
		return fmt.Errorf("set limit: %d flights", n)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return os.ErrClosed
	}
	if err := t.set("remaining", int64(n)); err != nil {
		return err
	}
	return t.set("limited", uint32(flag(n > 0)))
}

// set changes a variable of the running programs.
func (t *Tracer) set(name string, v any) error {
	if err := t.maps.Variables[name].Set(v); err != nil {
		return fmt.Errorf("set %s: %w", name, err)
	}
	return nil
}
