//go:build !pktrail_lite

package skbtrace

import (
	"bytes"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// The records are as long as the programs make them, and the fields are where
// decode.go reads them.
func TestLayout(t *testing.T) {
	t.Parallel()
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		size   uint32
		fields map[string]uint32
	}{
		"event": {eventSize, map[string]uint32{
			"flight": 8, "skb": 16, "netns": 24, "ifindex": 28, "mark": 32, "len": 36, "kind": 40, "flags": 41, "cpu": 42,
			"gso_segs": 44, "cap": 46, "vlan_proto": 48, "vlan_tci": 50, "device": 56,
		}},
		"conntrack":       {conntrackSize, map[string]uint32{"info": 0, "status": 4, "original": 8, "reply": 48}},
		"drop":            {dropSize, map[string]uint32{"location": 0, "reason": 8, "stack_len": 12, "stack": 16, "has_socket": 112}},
		"deliver":         {deliverSize, map[string]uint32{"tgid": 0, "comm": 8}},
		"endpoint":        {endpointSize, map[string]uint32{"family": 0, "state": 1, "port": 2, "addr": 4, "code": 20}},
		"refusal":         {refusalSize, map[string]uint32{"type": 0, "code": 1}},
		"transmit":        {transmitSize, map[string]uint32{"code": 0}},
		"hook":            {hookSize, map[string]uint32{"hook": 0, "family": 1, "index": 2}},
		"neighbour_event": {neighbourSize, map[string]uint32{"addr": 0, "mac": 16, "family": 24, "state": 25, "parked": 26}},
		"route": {routeSize, map[string]uint32{
			"table": 0, "err": 4, "oif": 8, "iif": 12, "mark": 16, "family": 24, "tos": 25, "proto": 26, "gateway_family": 27, "type": 28, "frames": 29,
			"src": 32, "dst": 48, "gateway": 64, "in": 80,
		}},
		"cpu":  {0, map[string]uint32{"flights": 0, "lost": 8, "evicted": 16, "events": 24}},
		"flow": {40, map[string]uint32{"a": 0, "b": 16, "ports": 32, "proto": 36, "version": 37}},
	} {
		var s *btf.Struct
		if err := spec.Types.TypeByName(name, &s); err != nil {
			t.Errorf("struct %s: %v", name, err)
			continue
		}
		if want.size != 0 && s.Size != want.size {
			t.Errorf("struct %s has %d bytes, want %d", name, s.Size, want.size)
		}
		found := 0
		for _, m := range s.Members {
			if at, ok := want.fields[m.Name]; ok {
				found++
				if m.Offset.Bytes() != at {
					t.Errorf("%s.%s is at %d, want %d", name, m.Name, m.Offset.Bytes(), at)
				}
			}
		}
		if found != len(want.fields) {
			t.Errorf("struct %s has %d of %d fields", name, found, len(want.fields))
		}
	}
}
