package nftmonitor

import (
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/parsetest"
	"github.com/pktrail/pktrail/internal/trail"
)

const udp = `iif "eth0" ether saddr 02:00:00:00:00:01 ether daddr 02:00:00:00:00:02 ip saddr 192.0.2.1 ip daddr 192.0.2.2 ip dscp cs1 ip ecn ect0 ip ttl 64 ip id 7 ip length 29 udp sport 5 udp dport 53 udp length 9 @th,64,8 0x71 `

func TestLines(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{
			"nft 1.1 tells the connection, and chains without a family",
			"trace id 32 t PRE_RAW packet: " + udp + "\ntrace id 32 t PRE_RAW conntrack: ct direction reply ct state established ct id 32764\n" +
				"trace id 32 t PRE_RAW rule meta nftrace set 1 # handle 9 (verdict continue)\ntrace id 32 t PRE_RAW policy accept \n",
			"[t PRE_RAW handle 9: meta nftrace set 1], [t PRE_RAW policy: policy accept] ct established",
		},
		{
			"a chain's end",
			"trace id a ip f input packet: " + udp + "\ntrace id a ip f input rule jump c (verdict jump c)\ntrace id a ip f c return \ntrace id a ip f input policy drop \n",
			"[f input: jump c], [f c end: return], [f input policy: policy drop]",
		},
		{
			"nft 0.9",
			"trace id a ip f input packet: " + udp + "\ntrace id a ip f input rule jump c (verdict jump c)\ntrace id a ip f c verdict continue \ntrace id a ip f input verdict continue meta mark 0x1 \ntrace id a ip f input policy accept meta mark 0x1 \n",
			"[f input: jump c], [f c end: return], [f input policy: policy accept]",
		},
		{
			"words in quotes are no verdict",
			"trace id a ip f input packet: " + udp + "\n" + `trace id a ip f input rule counter packets 3 bytes 90 log prefix "a reject " drop comment "x: (y)" (verdict drop)` + "\n",
			`[f input: counter log prefix "a reject " drop comment "x: (y)"]`,
		},
		{
			"a bridge",
			"trace id a bridge f forward packet: iif \"eth0\" oif \"eth1\" ether saddr 02:00:00:00:00:01 ether daddr 02:00:00:00:00:02 ether type arp arp htype 1 arp ptype ip arp hlen 6 arp plen 4 arp operation request arp saddr ether 02:00:00:00:00:01 arp saddr ip 10.0.0.1 arp daddr ip 10.0.0.2 \ntrace id a bridge f forward policy accept \n",
			"[f forward policy: policy accept]",
		},
	} {
		items := read(t, c.text)
		if len(items) != 1 || items[0].Sighting == nil || !strings.Contains(parsetest.Text(items), ": rules ") || !strings.HasSuffix(strings.TrimSpace(parsetest.Text(items)), c.want) {
			t.Errorf("%s: %s", c.name, parsetest.Text(items))
		}
	}
}

func TestRule(t *testing.T) {
	s := "trace id a ip filter KUBE-SERVICES packet: " + udp + "mark\n" +
		`trace id a ip filter KUBE-SERVICES rule tcp dport 80 reject comment "shop/web:http has no endpoints" (verdict drop)` + "\n"
	items := read(t, s)
	r := items[0].Sighting.Seen.Rules[0]
	if r.Verdict != "reject" || !strings.Contains(r.Comment, "no endpoints") || !strings.Contains(r.Owner, "shop/web:http") {
		t.Errorf("%+v", r)
	}
}

// The ruleset may tell the hooks.
func TestHook(t *testing.T) {
	o := Options{Node: "n1", Hook: func(family, table, chain string) (trail.Hook, bool) {
		return trail.Hook{Name: "INPUT", Family: family, Priority: 7}, table == "f" && chain == "c"
	}}
	items := parsetest.All(t, New(strings.NewReader("trace id a ip f c packet: "+udp+"\ntrace id a ip f c policy accept \n"), o))
	if s := items[0].Sighting; s.Seen.Hook.Name != "INPUT" || s.Seen.Hook.Priority != 7 || s.Seen.Dir != trail.In || s.At.Node != "n1" {
		t.Errorf("%+v", s)
	}
}

// A number is used again at once: another packet has other headers, or comes
// to a chain where this one was.
func TestNumbers(t *testing.T) {
	one := "trace id a ip f c packet: " + udp + "\ntrace id a ip f c policy accept \n"
	for name, text := range map[string]string{"again": one + one, "another": one + strings.Replace(one, "ip id 7", "ip id 8", 1)} {
		if trails := parsetest.Trails(read(t, text)); len(trails) != 2 {
			t.Errorf("%s: %d trails", name, len(trails))
		}
	}
	six := `iif "eth0" ip6 saddr fd00::1 ip6 daddr fd00::2 ip6 dscp cs0 ip6 hoplimit 64 ip6 flowlabel 5 ip6 nexthdr tcp ip6 length 32 tcp sport 5 tcp dport 80 tcp flags == ack tcp window 5`
	text := ""
	for _, id := range []string{"a", "b"} {
		for _, chain := range []string{"prerouting", "forward"} {
			text += "trace id " + id + " inet f " + chain + " packet: " + six + "\ntrace id " + id + " inet f " + chain + " policy accept\n"
		}
	}
	trails := parsetest.Trails(read(t, text))
	if len(trails) != 2 || len(trails[0].Observations) != 2 || trails[0].Packet != "TCP ACK" {
		t.Errorf("%s", parsetest.TrailText(trails))
	}
}

func TestLost(t *testing.T) {
	items := read(t, "trace id a ip f c policy accept \n# ERROR: We lost some netlink events!\n")
	if len(items) != 2 || items[0].Fact.Kind != parse.FactLost || items[1].Fact.Kind != parse.FactLost {
		t.Errorf("%s", parsetest.Text(items))
	}
}

func TestWrongLines(t *testing.T) {
	text := "trace id x ip f c policy accept\ntrace id a ip f c rule drop\ntrace id a ip f c packet: iif \"a\" ip saddr 1.2.3\ntrace id a ip f c packet: iif \"a\"\ntrace id a ip f\ntrace id a ip f c policy\ntrace id a ip f c what\nadd table ip x\n"
	items, wrong := parsetest.Some(t, New(strings.NewReader(text), Options{}))
	if len(items) != 0 || len(wrong) != 7 {
		t.Errorf("%s, %v", parsetest.Text(items), wrong)
	}
	for _, s := range []string{"", "add table ip x\n", "trace id\n", "[1.5] TRACE: raw:OUTPUT:policy:2"} {
		if Detect([]byte(s)) {
			t.Errorf("%q is detected", s)
		}
	}
}
