//go:build !pktrail_lite

package skbtrace

import (
	"bytes"
	"net"
	"net/netip"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/trail"
)

// All fragments of a packet are seen from where it is cut, though only the
// first has ports, which IPv6 puts behind a header that filters do not know;
// and the whole is seen where a socket takes it.
func TestFragments(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"10.2.0.2", "fd02::2"} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			client, middle, server := router(t)
			to := netip.MustParseAddrPort(net.JoinHostPort(to, "7000"))
			labtest.Ping(t, client, to.Addr())
			in := labtest.ListenPacket(t, server, "udp", to.String())
			out := labtest.Dial(t, client, "udp", to.String())
			tr := open(t, Options{Filter: compile(t, "udp dst port 7000"), Netns: inodes(t, client, middle, server)})
			sent := bytes.Repeat([]byte{1}, 4000)
			if _, err := out.Write(sent); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 5000)
			n, _, err := in.ReadFrom(got)
			if err != nil || n != len(sent) {
				t.Fatal(n, err)
			}
			events := drain(t, tr)
			showOnFailure(t, events)
			inode := inodes(t, client, middle, server)
			count := map[trail.Stage]map[uint32]int{trail.StageQueue: {}, trail.StageReceive: {}}
			for _, e := range events {
				if m := count[e.Stage]; m != nil {
					m[e.Netns]++
				}
			}
			cut := 3
			if to.Addr().Is4() {
				cut = 1 // the others match by a filter that asks for them
			}
			for i, want := range []struct{ queue, receive int }{{cut, 0}, {cut, cut}, {0, cut}} {
				if q, r := count[trail.StageQueue][inode[i]], count[trail.StageReceive][inode[i]]; q != want.queue || r != want.receive {
					t.Errorf("namespace %d: queued %d, received %d, want %+v", i, q, r, want)
				}
			}
			// The reader is not seen: the kernel checks the sum as it copies,
			// and has no tracepoint there.
			whole := ofStage(events, trail.StageDeliver)
			if len(whole) == 0 || whole[0].Socket.Local != to || whole[0].Len < len(sent) || !whole[0].Start {
				t.Errorf("delivered: %+v", whole)
			}
		})
	}
}
