//go:build !pktrail_lite

package nftrace

import (
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet/build"
)

// BenchmarkTable is what our table costs a packet that is not marked, in the
// output and prerouting hooks: compare with "no table". The matches are those
// of a trace between two addresses and to a port.
func BenchmarkTable(b *testing.B) {
	ns := labtest.Namespace(b)
	labtest.VethPair(b, labtest.VethEnd{Namespace: ns, Device: "eth0", Addresses: prefixes("10.9.2.2/24")}, labtest.VethEnd{Namespace: labtest.Namespace(b), Device: "eth0"})
	inner := build.Packet(build.VXLAN{VNI: 1}, build.Ethernet{}, ip4, build.UDP{SrcPort: 5000, DstPort: 53}, build.Payload("0123456789abcdef"))
	for _, traced := range []struct {
		name     string
		src, dst netip.Addr
	}{
		{name: "no table"},
		{"other addresses", netip.MustParseAddr("10.244.9.9"), netip.MustParseAddr("10.244.8.8")},
		{"other port", serverIP, serverIP},
		{"other port inside", pod1, pod2},
	} {
		for _, port := range []string{"53", "8472"} {
			b.Run(traced.name+"/"+port, func(b *testing.B) {
				if traced.src.IsValid() {
					f, err := os.Open("/run/netns/" + ns)
					if err != nil {
						b.Fatal(err)
					}
					defer f.Close()
					tr, err := Open(Options{Netns: f, Matches: between(traced.src, traced.dst, 80)})
					if err != nil {
						b.Fatal(err)
					}
					defer tr.Close()
				}
				var to net.PacketConn // full at once: what comes is dropped behind the hooks
				var from net.Conn
				err := lab.Do(ns, func() (err error) {
					if to, err = new(net.ListenConfig).ListenPacket(b.Context(), "udp", "10.9.2.2:"+port); err != nil {
						return err
					}
					from, err = new(net.Dialer).DialContext(b.Context(), "udp", "10.9.2.2:"+port)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
				defer to.Close()
				defer from.Close()
				for b.Loop() {
					if _, err := from.Write(inner); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// between are the matches of what two addresses say to each other about a port.
func between(src, dst netip.Addr, port uint16) []Match {
	from, to := netip.PrefixFrom(src, 32), netip.PrefixFrom(dst, 32)
	there := Match{Src: from, Dst: to, DstPort: port}
	fragments := Match{Src: from, Dst: to, Fragment: true}
	return []Match{
		there, there.Reverse(),
		{Proto: protoICMP, Dst: from},
		{Proto: protoICMP, Dst: to},
		fragments, fragments.Reverse(),
	}
}
