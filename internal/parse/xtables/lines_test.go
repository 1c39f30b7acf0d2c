package xtables

import (
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/parsetest"
	"github.com/pktrail/pktrail/internal/trail"
)

func TestDecodeRule(t *testing.T) {
	for _, c := range []struct {
		s    string
		want rule
	}{
		{
			`nat:KUBE-SEP-XYZ:rule:0xa:ACCEPT  -4 -t nat -A KUBE-SEP-XYZ -p udp -m comment --comment "shop/web:dns" -j DNAT --to-destination 10.9.2.2:8080`,
			rule{trail.Rule{
				Table: "nat", Chain: "KUBE-SEP-XYZ", Handle: 10, Kind: trail.RuleMatched, Verdict: "dnat", Comment: "shop/web:dns",
				Text: `-A KUBE-SEP-XYZ -p udp -m comment --comment "shop/web:dns" -j DNAT --to-destination 10.9.2.2:8080`,
			}, packet.ProtoUDP},
		},
		{
			`filter:a:b:rule:0x72:0xfffffffb  -4 -t filter -A a:b ! -p tcp -j RETURN`,
			rule{trail.Rule{Table: "filter", Chain: "a:b", Handle: 0x72, Kind: trail.RuleMatched, Verdict: "return", Text: "-A a:b ! -p tcp -j RETURN"}, 0},
		},
		{`filter:FORWARD:rule:0x4:JUMP:mine  -4 -t filter -A FORWARD -j mine`, rule{trail.Rule{Table: "filter", Chain: "FORWARD", Handle: 4, Kind: trail.RuleMatched, Verdict: "jump", To: "mine", Text: "-A FORWARD -j mine"}, 0}},
		{`filter:FORWARD:rule:0x8:DROP  -6 -t filter -A FORWARD -p ipv6-icmp -j REJECT`, rule{trail.Rule{Table: "filter", Chain: "FORWARD", Handle: 8, Kind: trail.RuleMatched, Verdict: "reject", Text: "-A FORWARD -p ipv6-icmp -j REJECT"}, packet.ProtoICMPv6}},
		{`raw:PREROUTING:policy:DROP `, rule{trail.Rule{Table: "raw", Chain: "PREROUTING", Kind: trail.RulePolicy, Verdict: "drop", Text: "-P PREROUTING DROP"}, 0}},
		{`filter:mine:return:`, rule{trail.Rule{Table: "filter", Chain: "mine", Kind: trail.RuleReturn, Verdict: "return"}, 0}},
	} {
		got, err := decodeRule("", c.s)
		got.Owner = ""
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.s, got, err)
		}
	}
}

const one = "PACKET: 2 8864405d IN=vc1 MACSRC=6a:93:58:97:39:70 MACDST=a6:88:f7:77:35:48 MACPROTO=0800 SRC=10.9.1.2 DST=10.96.0.10 LEN=60 TOS=0x0 TTL=64 ID=45967 DF SPORT=40174 DPORT=80 SYN \n" +
	" TRACE: 2 8864405d raw:PREROUTING:policy:ACCEPT \n"

// A number is used again at once: the same chain again is another packet.
func TestNumbers(t *testing.T) {
	for name, text := range map[string]string{"again": one + one, "another": one + strings.Replace(one, "ID=45967", "ID=45968", 1)} {
		trails := parsetest.Trails(read(t, text))
		if len(trails) != 2 || trails[0].Packet != "TCP SYN" {
			t.Errorf("%s: %s", name, parsetest.TrailText(trails))
		}
	}
}

func TestLost(t *testing.T) {
	items := read(t, one[strings.Index(one, " TRACE"):]+"xtables-monitor: No buffer space available\n")
	if len(items) != 2 || items[0].Fact.Kind != parse.FactLost || items[1].Fact.Kind != parse.FactLost {
		t.Errorf("%s", parsetest.Text(items))
	}
}

func TestWrongLines(t *testing.T) {
	text := "PACKET: 2 zz IN=a\nPACKET: 99 8864405d IN=a\nPACKET: 2 8864405d IN=a SRC=1.2.3.4\nPACKET: 2 8864405d IN=a SRC=1.2.3.4 DST=1.2.3.5 LEN=x\n" +
		" TRACE: 2 8864405d raw:PREROUTING:rule:0x\n TRACE: 2 8864405d raw\n TRACE: 2 8864405d raw:a:b:c\n TRACE: 2 8864405d raw:a:policy:\n EVENT: nft: NEW table\n"
	items, wrong := parsetest.Some(t, New(strings.NewReader(text), Options{}))
	if len(items) != 0 || len(wrong) != 8 {
		t.Errorf("%s, %v", parsetest.Text(items), wrong)
	}
	for _, s := range []string{"", "PACKET: 2\n", "[1.5] TRACE: raw:OUTPUT:policy:2 IN= OUT=lo\n", "trace id a ip f c policy accept\n"} {
		if Detect([]byte(s)) {
			t.Errorf("%q is detected", s)
		}
	}
}
