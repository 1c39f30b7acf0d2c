//go:build !pktrail_lite

package skbtrace

import (
	"encoding/binary"
	"fmt"
)

// Stats counts, also after Stop.
func (t *Tracer) Stats() (Stats, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var s Stats
	var perCPU [][]byte
	if err := t.maps.Maps["pkt_cpu"].Lookup(uint32(0), &perCPU); err != nil {
		return s, fmt.Errorf("read counters: %w", err)
	}
	for _, b := range perCPU {
		le := binary.LittleEndian
		s.Flights += le.Uint64(b)
		s.Lost += le.Uint64(b[8:])
		s.Evicted += le.Uint64(b[16:])
		s.Events += le.Uint64(b[24:])
	}
	for name, p := range t.maps.Programs {
		st, err := p.Stats()
		if err != nil {
			return s, fmt.Errorf("read counters of %s: %w", name, err)
		}
		s.RecursionMisses += st.RecursionMisses
	}
	return s, nil
}
