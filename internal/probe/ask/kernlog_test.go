package ask

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestParseComplaint(t *testing.T) {
	t.Parallel()
	src, dst := netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("10.0.0.1")
	for _, c := range []struct {
		record string
		want   Complaint
	}{
		{
			"4,1234,567890123,-;IPv4: martian source 10.0.0.1 from 198.51.100.7, on dev eth0\n SUBSYSTEM=net\n",
			Complaint{Kind: MartianSource, Src: src, Dst: dst, Device: "eth0"},
		},
		{
			"4,1234,567890123,-;IPv4: martian destination 10.0.0.1 from 198.51.100.7, dev eth0.100",
			Complaint{Kind: MartianDestination, Src: src, Dst: dst, Device: "eth0.100"},
		},
		{
			"4,1,567890123,-,caller=T12;nf_conntrack: nf_conntrack: table full, dropping packet",
			Complaint{Kind: ConntrackFull},
		},
		{
			"4,1,567890123,-;nf_conntrack: nf_conntrack: table full in netns 4026531840, dropping packet",
			Complaint{Kind: ConntrackFull, Netns: 4026531840},
		},
		{
			"6,1,567890123,-;neighbour: arp_cache: neighbor table overflow!",
			Complaint{Kind: NeighboursFull, Cache: "arp_cache"},
		},
		{
			"6,1,567890123,-;neighbour: ndisc_cache: neighbor table overflow!",
			Complaint{Kind: NeighboursFull, Cache: "ndisc_cache"},
		},
		{"14,1,567890123,-;martian source 10.0.0.1 from 198.51.100.7, on dev eth0", Complaint{}}, // a program's
		{"4,1,567890123,-;ll header: 00000000: ff ff ff ff ff ff", Complaint{}},
		{"4,1,567890123,-;martian source 10.0.0.1 from nobody, on dev eth0", Complaint{}},
		{"4,1,567890123,-;martian source 10.0.0.1", Complaint{}},
		{"4,1;nf_conntrack: table full", Complaint{}},
		{"x,1,2,-;nf_conntrack: table full", Complaint{}},
		{"4,1,-2,-;nf_conntrack: table full", Complaint{}},
		{"", Complaint{}},
	} {
		got, ok := parseComplaint(c.record)
		if ok != (c.want.Kind != "") {
			t.Errorf("%q: %+v, %v", c.record, got, ok)
		}
		if !ok {
			continue
		}
		_, c.want.Text, _ = strings.Cut(c.record, ";")
		c.want.Text, _, _ = strings.Cut(c.want.Text, "\n")
		c.want.Boot = 567890123 * time.Microsecond
		if got != c.want {
			t.Errorf("%q:\n got %+v\nwant %+v", c.record, got, c.want)
		}
	}
}

func FuzzComplaint(f *testing.F) {
	f.Add("4,1234,567890123,-;IPv4: martian source 10.0.0.1 from 198.51.100.7, on dev eth0\n SUBSYSTEM=net\n")
	f.Add("4,1,5,-;nf_conntrack: nf_conntrack: table full in netns 4026531840, dropping packet")
	f.Add("6,1,5,-;neighbour: arp_cache: neighbor table overflow!")
	f.Fuzz(func(t *testing.T, record string) {
		c, ok := parseComplaint(record)
		if !ok {
			return
		}
		if c.Kind == "" || c.Boot < 0 || strings.Contains(c.Text, "\n") || !strings.Contains(record, c.Text) {
			t.Errorf("%q: %+v", record, c)
		}
		if (c.Kind == MartianSource || c.Kind == MartianDestination) && (!c.Src.IsValid() || !c.Dst.IsValid() || c.Device == "") {
			t.Errorf("%q: %+v", record, c)
		}
	})
}
