package agent

import (
	"net/netip"
	"testing"

	"github.com/pktrail/pktrail/internal/netstate"
)

func TestConnections(t *testing.T) {
	tuple := func(src, dst string) netstate.Tuple {
		return netstate.Tuple{Src: netip.MustParseAddrPort(src), Dst: netip.MustParseAddrPort(dst)}
	}
	tcp := netstate.Connection{Proto: 6, Original: tuple("10.244.1.2:40000", "10.96.0.10:80"), Reply: tuple("10.244.2.2:8080", "10.244.1.2:40000")}
	udp := netstate.Connection{Proto: 17, Original: tuple("[fd00::1]:5000", "[fd00::2]:53"), Reply: tuple("[fd00::2]:53", "[fd00::1]:5000")}
	ping := netstate.Connection{Proto: 1, Original: tuple("10.0.0.1:7", "10.0.0.2:7"), Reply: tuple("10.0.0.2:7", "10.0.0.1:7")}
	ping.Original.Type = 8
	for expression, want := range map[string]string{
		"":                        "tup",
		"tcp":                     "t",
		"port 80":                 "t",
		"port 8080":               "t", // after translation
		"host 10.244.2.2":         "t",
		"ip6 and udp dst port 53": "u",
		"net 10.0.0.0/24":         "p",
		"icmp[icmptype] = 8":      "p",
		"src host 10.244.9.9":     "",
	} {
		c, err := newConnections(expression)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, k := range c.keep([]netstate.Connection{tcp, udp, ping}) {
			got += map[uint8]string{6: "t", 17: "u", 1: "p"}[k.Proto]
		}
		if got != want {
			t.Errorf("%q: %q, want %q", expression, got, want)
		}
	}
}
