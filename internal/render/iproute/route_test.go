package iproute

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

// What the kernels of our tests do not have; all else is compared with ip itself
// (probe/netlink).
func TestRouteByHand(t *testing.T) {
	a, p := netip.MustParseAddr, netip.MustParsePrefix
	no, medium := false, uint8(0)
	routes := []netstate.Route{
		{
			Family: "mpls", Table: 254, Protocol: 4, Type: 1, Labels: []uint32{100}, TTLPropagate: &no,
			Hops: []netstate.Hop{{Link: 2, Gateway: a("10.0.0.1"), Labels: []uint32{200, 300}}},
		},
		{
			Family: "mpls", Table: 254, Protocol: 4, Type: 1, Labels: []uint32{101},
			Hops: []netstate.Hop{{Link: 2, Gateway: a("fe80::1"), Weight: 1}, {Link: 9, Weight: 1, Labels: []uint32{5}}},
		},
		{
			Family: "inet", Table: 254, Protocol: 3, Type: 1, Dst: p("10.0.0.0/8"),
			Hops: []netstate.Hop{{Link: 2, Encap: &netstate.Encap{Type: 1, Labels: []uint32{100, 200}, TTL: new(uint8(9))}}},
		},
		{
			Family: "inet", Table: 254, Protocol: 3, Type: 1, Dst: p("0.0.0.0/0"),
			Hops: []netstate.Hop{{Link: 2, Encap: &netstate.Encap{Type: 3, Raw: []netstate.Attr{{Type: 1, Data: []byte{1}}, {Type: 9}}}}},
		},
		{
			Family: "inet6", Table: 254, Protocol: 3, Type: 7, Dst: p("::/0"), Error: -101, Expires: 9, Mark: 16, Input: 2, Pref: &medium,
			Metrics: map[uint16]uint32{12: 3},
		},
		{Family: "inet6", Table: 254, Protocol: 3, Type: 1, Dst: p("fd00::/8"), Hops: []netstate.Hop{{Link: 2, Encap: &netstate.Encap{Type: 10, IfID: 5, Underlay: 2}}}},
		{Family: "inet6", Table: 254, Protocol: 3, Type: 1, Dst: p("fd01::/16"), Hops: []netstate.Hop{{Link: 2, Encap: &netstate.Encap{
			Type: 6, In: new("a_program"), Out: new(""), Headroom: 14,
		}}}},
		{Family: "inet6", Table: 254, Protocol: 3, Type: 1, Dst: p("fd02::/16"), Hops: []netstate.Hop{{Link: 2, Encap: &netstate.Encap{
			Type: 5, Mode: 1, HMACKey: 0xbeef, Segments: []netip.Addr{a("fd00::1"), a("fd00::2")},
		}}}},
		{Family: "ipmr", Table: 253, Type: 5, Protocol: 17, Dst: p("239.1.1.1/32"), Src: p("10.0.0.1/32"), Input: 2},
	}
	ns := &netstate.Namespace{Links: []netstate.Link{{Index: 2, Name: "eth0"}}, Routes: routes}
	want := []string{
		"100 as to 200/300 via inet 10.0.0.1 dev eth0 proto static ttl-propogate disabled", //nolint:misspell // as ip spells it
		"101 proto static ",
		"\tnexthop via inet6 fe80::1 dev eth0 ",
		"\tnexthop as to 5 dev if9 ",
		"10.0.0.0/8  encap mpls  100/200 ttl 9 dev eth0 ",
		"default  encap ila [unknown attribute 1] [unknown attribute 9] dev eth0 ",
		"unreachable default metric 0 mark 0x10 expires 9sec error 4294967195 features ecn 0x3 iif eth0 pref medium",
		"fd00::/8  encap xfrm if_id 5 link_dev eth0 dev eth0 metric 0 ",
		"fd01::/16  encap bpf in a_program out  14 dev eth0 metric 0 ",
		"fd02::/16  encap seg6 mode encap segs 2 [ fd00::1 fd00::2 ] hmac BEEF dev eth0 metric 0 ",
		"multicast 239.1.1.1/32 from 10.0.0.1/32 table default proto 17 iif eth0 ",
	}
	got := strings.Split(strings.TrimSuffix(string(Routes(ns, Options{})), "\n"), "\n")
	for i, w := range want {
		if i >= len(got) || got[i] != w {
			t.Errorf("line %d is %q, want %q", i, got[min(i, len(got)-1)], w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d lines", len(got))
	}
	var all []map[string]any
	if err := json.Unmarshal(Routes(ns, Options{JSON: true}), &all); err != nil || len(all) != len(routes) {
		t.Fatalf("%v, %d routes", err, len(all))
	}
	if all[0]["dst"] != "100" || all[0]["to"] != "200/300" || all[3]["unknown"].([]any)[1] != 9.0 || all[6]["out"] != "<unknown>" {
		t.Errorf("%v", all)
	}
	if all[0]["ttl-propogate"] != false { //nolint:misspell // as ip spells it
		t.Errorf("%v", all[0])
	}
	if len(Routes(ns, Options{Family: "inet"})) >= len(Routes(ns, Options{})) {
		t.Error("the family is not looked at")
	}
}

// ip before 6.13 does not show these, and leaves its reader with a wrong rule.
func TestNewRules(t *testing.T) {
	port := &netstate.PortRange{First: 80, Last: 80}
	ns := &netstate.Namespace{}
	var want []string
	for _, c := range []struct {
		r    netstate.Rule
		want string
	}{
		{netstate.Rule{DSCP: 46, DSCPMask: 0x3f}, " dscp EF"},
		{netstate.Rule{DSCP: 3, DSCPMask: 0x3f}, " dscp 3"},
		{netstate.Rule{DSCPMask: 0x3f}, " dscp default"},
		{netstate.Rule{DSCP: 32, DSCPMask: 0x38}, " dscp 0x20/0x38"},
		{netstate.Rule{FlowLabel: 5, FlowLabelMask: 0xfffff}, " flowlabel 0x5"},
		{netstate.Rule{FlowLabel: 5, FlowLabelMask: 0xff}, " flowlabel 0x5/0xff"},
		{netstate.Rule{Raw: []netstate.Attr{{Type: 31}}}, " [unknown attribute 31]"},
	} {
		c.r.Family, c.r.Action, c.r.Table = "inet", 1, 254
		ns.Rules = append(ns.Rules, c.r)
		want = append(want, "0:\tfrom all lookup main"+c.want)
	}
	ns.Rules = append(ns.Rules, netstate.Rule{Family: "inet", Action: 1, Table: 254, SrcPort: port, SrcPortMask: 0xfff0, DstPort: port, DstPortMask: 0xffff})
	want = append(want, "0:\tfrom all sport 0x50/0xfff0 dport 80 lookup main", "")
	if got := string(Rules(ns, Options{})); got != strings.Join(want, "\n") {
		t.Errorf("%s", got)
	}
	var all []map[string]any
	if err := json.Unmarshal(Rules(ns, Options{JSON: true}), &all); err != nil || len(all) != len(ns.Rules) {
		t.Fatal(err)
	}
	if all[0]["dscp"] != "EF" || all[3]["dscp_mask"] != "0x38" || all[4]["flowlabel_mask"] != "0xfffff" || all[6]["unknown"].([]any)[0] != 31.0 || all[7]["sport_mask"] != "0xfff0" {
		t.Errorf("%v", all)
	}
}

func TestHostText(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.1": "10.0.0.1", "::": "::", "::1": "::1", "::ffff": "::ffff", "::1:0": "::0.1.0.0", "::10.0.0.1": "::10.0.0.1",
		"::ffff:10.0.0.1": "::ffff:10.0.0.1", "fe80::1": "fe80::1", "0:1::": "0:1::", "fd00::1:0:0:1": "fd00::1:0:0:1",
	} {
		if got := hostText(netip.MustParseAddr(in)); got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
}

// Whatever a message holds, the JSON is whole, and a line of text ends.
func FuzzListing(f *testing.F) {
	f.Add(byte(0), []byte("\x02\x08\x00\x00\xfe\x04\x00\x01\x00\x00\x00\x00\x08\x00\x01\x00\x0a\x00\x00\x00\x08\x00\x04\x00\x07\x00\x00\x00"))
	f.Add(byte(1), []byte("\x02\x00\x00\x00\xfe\x00\x00\x01\x00\x00\x00\x00\x07\x00\x03\x00a\"\xff\x00"))
	f.Add(byte(2), []byte("\x00\x00\x00\x00\x00\x00\x00\x00\x08\x00\x01\x00\x07\x00\x00\x00\x0c\x00\x02\x00\x07\x00\x00\x00\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, what byte, b []byte) {
		ns := &netstate.Namespace{}
		list := Routes
		switch what {
		case 0:
			if r, err := rtnl.Route(b); err == nil {
				ns.Routes = []netstate.Route{r}
			}
		case 1:
			list = Rules
			if r, err := rtnl.Rule(b); err == nil {
				ns.Rules = []netstate.Rule{r}
			}
		default:
			list = Nexthops
			if n, err := rtnl.Nexthop(b); err == nil {
				ns.Nexthops = []netstate.Nexthop{n}
			}
		}
		for _, o := range []Options{{}, {Details: true}} {
			if text := list(ns, o); len(text) > 0 && text[len(text)-1] != '\n' {
				t.Errorf("%q", text)
			}
			o.JSON = true
			var all []map[string]any
			if out := list(ns, o); json.Unmarshal(out, &all) != nil {
				t.Errorf("%q", out)
			}
		}
	})
}
