package text

import "testing"

// The numbers of one connection in both directions, as tcpdump counts them:
// the first segment with ACK stands as it is, the next are relative to it.
func TestRelative(t *testing.T) {
	var s sequences
	there := connection{src: client, dst: server, ports: 40000<<16 | 80}
	back := connection{src: server, dst: client, ports: 80<<16 | 40000}
	for i, tc := range []struct {
		k                connection
		seq, ack         uint32
		syn              bool
		wantSeq, wantAck uint32
		wantBase         uint32
	}{
		{back, 5000, 101, true, 5000, 101, 100},
		{there, 101, 5001, false, 1, 1, 5000},
		{back, 5001, 111, false, 1, 11, 100},
		{there, 4294967295, 5001, false, 4294967195, 1, 5000},
		{back, 9000, 201, true, 9000, 201, 200},
		{there, 201, 9001, false, 1, 1, 9000},
	} {
		seq, ack, base := s.relative(tc.k, tc.seq, tc.ack, tc.syn)
		if seq != tc.wantSeq || ack != tc.wantAck || base != tc.wantBase {
			t.Errorf("segment %d: %d %d %d, want %d %d %d", i, seq, ack, base, tc.wantSeq, tc.wantAck, tc.wantBase)
		}
	}
}
