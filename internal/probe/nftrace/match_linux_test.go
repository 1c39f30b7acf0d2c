//go:build !pktrail_lite

package nftrace

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// The outer headers of a datagram from a chosen port, matched or not.
func TestOuter(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	run(t, b.router, `table inet t {
		chain f { type filter hook forward priority 0; policy accept
		}
	}`, "nft", "-f", "-")
	from := labtest.Dial(t, b.client, "udp", "10.9.2.2:80")
	from6 := labtest.Dial(t, b.client, "udp", "[fd09:2::2]:80")
	p := func(s string) Match { return Match{Dst: prefixes(s)[0]} }
	for _, c := range []struct {
		name   string
		match  Match
		v4, v6 bool
	}{
		{"all", Match{Proto: protoUDP}, true, true},
		{"version 4", Match{Version: 4}, true, false},
		{"version 6", Match{Version: 6, Proto: protoUDP}, false, true},
		{"address", p("10.9.2.2/32"), true, false},
		{"network", p("10.9.0.0/18"), true, false},
		{"other network", p("10.9.64.0/18"), false, false},
		{"any of IPv4", p("0.0.0.0/0"), true, false},
		{"IPv6 address", p("fd09:2::2/128"), false, true},
		{"IPv6 network", p("fd09:2::/63"), false, true},
		{"other IPv6 network", p("fd09:4::/47"), false, false},
		{"ports", Match{SrcPort: portOf(from), DstPort: 80}, true, false},
		{"IPv6 ports", Match{SrcPort: portOf(from6), DstPort: 80, Version: 6}, false, true},
		{"either", Match{Port: portOf(from)}, true, false},
		{"reverse", Match{DstPort: portOf(from), SrcPort: 80}.Reverse(), true, false},
		{"answers", Match{DstPort: 80}.Reverse(), false, false},
		{"other protocol", Match{DstPort: 80, Proto: protoTCP}, false, false},
		{"ICMP", Match{HasID: true}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := open(t, b.router, Options{Matches: []Match{c.match, {Proto: protoSCTP}}})
			for _, conn := range []net.Conn{from, from6} {
				labtest.Wait(t, 5*time.Second, "the error before to be told", func() bool {
					_, err := conn.Write([]byte("0123456789abcdef"))
					return err == nil
				})
			}
			sendRaw(t, b.client, 0, protoSCTP, []byte("last one"))
			var v4, v6, last bool
			labtest.Wait(t, 5*time.Second, "the last packet", func() bool {
				for _, e := range tr.seen() {
					v6 = v6 || e.Data[0]>>4 == 6
					v4 = v4 || e.Data[0]>>4 == 4 && e.Data[9] == protoUDP
					last = last || e.Data[0]>>4 == 4 && e.Data[9] == protoSCTP
				}
				return last && v4 == c.v4 && v6 == c.v6
			})
		})
	}
}

func portOf(c net.Conn) uint16 { return netip.MustParseAddrPort(c.LocalAddr().String()).Port() }
