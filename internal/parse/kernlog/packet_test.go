package kernlog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/parsetest"
	"github.com/pktrail/pktrail/internal/trail"
)

const (
	arrives = "IN=eth0 OUT= MAC=52:54:00:12:34:56:52:54:00:ab:cd:ef:08:00 SRC=203.0.113.9 DST=192.0.2.7 "
	syn     = "LEN=60 TOS=0x00 PREC=0x00 TTL=52 ID=4321 DF PROTO=TCP SPT=41000 DPT=80 "
	numbers = "SEQ=77 ACK=0 "
	flags   = "WINDOW=64240 RES=0x00 SYN URGP=0 "
	options = "OPT (020405B40402080A04D5CCCC0000000001030307) "
)

// trailsOf is one line for each trail: what is seen where.
func trailsOf(items []parse.Item) string {
	var b strings.Builder
	for _, t := range parsetest.Trails(items) {
		var steps []string
		for i := range t.Observations {
			o := &t.Observations[i]
			s := o.Point.Path() + " " + o.Words()
			if len(o.Changes) > 0 {
				s += " (" + strings.Join(o.Changes, ", ") + ")"
			}
			steps = append(steps, s)
		}
		b.WriteString(strings.Join(steps, "; ") + "\n")
	}
	return b.String()
}

func TestPackets(t *testing.T) {
	for _, c := range []struct{ name, log, want string }{
		{
			"LOG inside of a trace tells the rule's target",
			"[1.000001] TRACE: filter:INPUT:rule:3 " + arrives + syn + numbers + flags + options + "\n" +
				"[1.000002] seen: " + arrives + syn + flags + "\n" +
				"[1.000003] TRACE: filter:INPUT:policy:4 " + arrives + syn + numbers + flags + options + "\n",
			`eth0 INPUT filter INPUT 3: log prefix "seen: " > filter INPUT policy` + "\n",
		},
		{
			"several rules log one packet",
			"[1.000001] [UFW AUDIT] " + arrives + syn + flags + "\n[1.000002] [UFW BLOCK] " + arrives + syn + flags + "\n",
			`eth0 log prefix "[UFW AUDIT] " > log prefix "[UFW BLOCK] "` + "\n",
		},
		{
			"a log without sequence numbers joins the trace that has them",
			"[1.000001] TRACE: raw:PREROUTING:policy:1 " + arrives + syn + numbers + flags + options + "\n" +
				"[1.000009] DROP INPUT: " + arrives + syn + flags + "\n",
			`eth0 PREROUTING raw PREROUTING policy; eth0 INPUT log prefix "DROP INPUT: "` + "\n",
		},
		{
			"the same headers without a number are two packets",
			"[1.000001] a " + arrives + strings.Replace(syn, "ID=4321", "ID=0", 1) + flags + "\n[2.000002] a " + arrives + strings.Replace(syn, "ID=4321", "ID=0", 1) + flags + "\n",
			"eth0 log prefix \"a \"\neth0 log prefix \"a \"\n",
		},
		{
			"a martian is the packet that was last in PREROUTING",
			"[1.000001] TRACE: raw:PREROUTING:policy:1 " + arrives + syn + numbers + flags + options + "\n" +
				"[1.000002] TRACE: nat:PREROUTING:rule:1 " + arrives + syn + numbers + flags + options + "\n" +
				"[1.000009] IPv4: martian source 192.0.2.7 from 203.0.113.9, on dev eth0\n" +
				"[1.000010] ll header: 00000000: 52 54 00 12 34 56 52 54 00 ab cd ef 08 00                    RT..4VRT....\n",
			"eth0 PREROUTING raw PREROUTING policy; eth0 PREROUTING nat PREROUTING 1; eth0 dropped\n",
		},
		{
			"also where it was translated there",
			"[1.000002] TRACE: nat:PREROUTING:rule:1 " + arrives + syn + numbers + flags + options + "\n" +
				"[1.000009] IPv4: martian source 10.1.2.3 from 203.0.113.9, on dev eth0\n",
			"eth0 PREROUTING nat PREROUTING 1; eth0 dropped\n",
		},
		{
			"the whole way again with the same headers is another packet",
			way(1, "ID=0") + way(2, "ID=0"),
			strings.Repeat("eth0 PREROUTING raw PREROUTING policy; eth0 PREROUTING nat PREROUTING 1; eth0 FORWARD filter FORWARD policy (TTL 52 -> 51); eth1 POSTROUTING nat POSTROUTING policy\n", 2),
		},
		{
			"ARP",
			"[1.0] arp IN=eth0 OUT= ARP HTYPE=1 PTYPE=0x0800 OPCODE=1 MACSRC=02:00:00:00:00:01 IPSRC=10.0.0.1 MACDST=00:00:00:00:00:00 IPDST=10.0.0.2\n",
			`eth0 log prefix "arp "` + "\n",
		},
	} {
		if got := trailsOf(read(t, c.log, Options{})); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// way are the lines of a packet that is forwarded.
func way(second int, id string) string {
	s := strings.Replace(syn, "ID=4321", id, 1)
	on := strings.Replace(arrives, "OUT=", "OUT=eth1", 1) + strings.Replace(s, "TTL=52", "TTL=51", 1) + numbers + flags + options
	return fmt.Sprintf("[%d.000001] TRACE: raw:PREROUTING:policy:1 %s\n[%d.000002] TRACE: nat:PREROUTING:rule:1 %s\n[%d.000003] TRACE: filter:FORWARD:policy:1 %s\n[%d.000004] TRACE: nat:POSTROUTING:policy:1 %s\n",
		second, arrives+s+numbers+flags+options, second, arrives+s+numbers+flags+options, second, on, second, on)
}

// Without any clock the order of the lines is that of the way.
func TestNoClock(t *testing.T) {
	var log strings.Builder
	for l := range strings.Lines(way(1, "ID=5")) {
		log.WriteString(l[len("[1.000001] "):])
	}
	const want = "eth0 PREROUTING raw PREROUTING policy; eth0 PREROUTING nat PREROUTING 1; eth0 FORWARD filter FORWARD policy (TTL 52 -> 51); eth1 POSTROUTING nat POSTROUTING policy\n"
	items := read(t, log.String(), Options{})
	if got := trailsOf(items); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	for _, it := range items {
		if it.Sighting.Seen.Time != 0 {
			t.Errorf("a time without a clock: %d", it.Sighting.Seen.Time)
		}
	}
}

// Two kernels in one log, as a collector writes it, do not mix.
func TestHosts(t *testing.T) {
	var log strings.Builder
	for l := range strings.Lines(way(1, "ID=5")) {
		for _, host := range []string{"a", "b"} {
			log.WriteString("May  8 15:51:07 " + host + " kernel: " + l)
		}
	}
	count := map[string]int{}
	for _, it := range read(t, log.String(), Options{}) {
		count[it.Sighting.At.Node]++
		if len(it.Sighting.Seen.Rules) != 1 {
			t.Errorf("%+v", it.Sighting.Seen.Rules)
		}
	}
	if count["a"] != 4 || count["b"] != 4 || len(count) != 2 {
		t.Errorf("%v", count)
	}
}

func TestFacts(t *testing.T) {
	for _, c := range []struct {
		line  string
		kind  parse.FactKind
		count int
		node  string
	}{
		{"[1.5] nf_conntrack: nf_conntrack: table full, dropping packet", parse.FactTableFull, 1, ""},
		{"[1.5] nf_conntrack: nf_conntrack: table full in netns 4026532177 , dropping packet", parse.FactTableFull, 1, ""},
		{"May  8 15:51:07 box kernel: ip_conntrack: table full, dropping packet.", parse.FactTableFull, 1, "box"},
		{"May  8 15:51:07 box kernel: [77.5] neighbour: arp_cache: neighbor table overflow!", parse.FactNeighbourFull, 1, "box"},
		{"[1.5] Neighbour table overflow.", parse.FactNeighbourFull, 1, ""},
		{"[1.5] net_ratelimit: 12 callbacks suppressed", parse.FactLost, 12, ""},
		{"[1.5] __ratelimit: 7 callbacks suppressed", parse.FactLost, 7, ""},
		{"[1.5] printk: 5 messages suppressed.", parse.FactLost, 5, ""},
		{"** 59 printk messages dropped ** [1.5] x", parse.FactLost, 59, ""},
		{"May  8 15:51:07 box kernel: message repeated 2 times: [ [77.5] TRACE: raw]", parse.FactLost, 2, "box"},
		{"May  8 15:51:07 box last message repeated 3 times", parse.FactLost, 3, "box"},
		{"May  8 15:51:07 box systemd-journald[311]: Missed 40 kernel messages", parse.FactLost, 40, "box"},
		{"May  8 15:51:07 box systemd-journald[311]: Suppressed 9 messages from kernel", parse.FactLost, 9, "box"},
		{"May  8 15:51:07 box rsyslogd: imjournal: 4711 messages lost due to rate-limiting (20000 allowed within 600 seconds)", parse.FactLost, 4711, "box"},
		{"May  8 15:51:07 box rsyslogd-2177: imuxsock begins to drop messages", "", 0, ""},
		{"May  8 15:51:07 box app[7]: net_ratelimit: 12 callbacks suppressed", "", 0, ""},
		{"[1.5] eth0: 12 frames dropped", "", 0, ""},
		{"[1.5] usb 1-1: lost something, overflow", "", 0, ""},
	} {
		items := read(t, c.line+"\n", Options{})
		if c.kind == "" {
			if len(items) != 0 {
				t.Errorf("%s: %s", c.line, parsetest.Text(items))
			}
			continue
		}
		if len(items) != 1 || items[0].Fact == nil {
			t.Errorf("%s: %s", c.line, parsetest.Text(items))
			continue
		}
		if f := items[0].Fact; f.Kind != c.kind || f.Count != c.count || f.Node != c.node || f.Line != 1 || f.Text == "" {
			t.Errorf("%s: %+v", c.line, f)
		}
	}
	items := read(t, "4,100,5,-;a\n4,104,6,-;b\n", Options{Node: "box"})
	if len(items) != 1 || items[0].Fact.Count != 3 || items[0].Fact.Kind != parse.FactLost || items[0].Fact.Node != "box" {
		t.Errorf("%s", parsetest.Text(items))
	}
}

// What a program wrote is not the kernel's word.
func TestForeign(t *testing.T) {
	packet := "TRACE: raw:PREROUTING:policy:1 " + arrives + syn + numbers + flags + options
	for _, s := range []string{
		"May  8 15:51:07 box sudo: " + packet, "<12>" + packet, "12,1,1,-;" + packet, "user  :warn  : [1.5] " + packet,
		`{"__REALTIME_TIMESTAMP":"1","MESSAGE":"` + packet + `","_TRANSPORT":"syslog","SYSLOG_IDENTIFIER":"kernel"}`,
		"[1.5] box app[1]: " + packet,
	} {
		if items := read(t, s+"\n", Options{}); len(items) != 0 {
			t.Errorf("%s: %s", s, parsetest.Text(items))
		}
	}
	for _, s := range []string{"May  8 15:51:07 box ulogd[7]: drop " + arrives + syn + flags, "May  8 15:51:07 box DROP: " + arrives + syn + flags} {
		items := read(t, s+"\n", Options{})
		if len(items) != 1 || !strings.Contains(strings.ToLower(items[0].Sighting.Seen.Rules[0].Text), "drop") {
			t.Errorf("%s: %s", s, parsetest.Text(items))
		}
	}
}

func TestWrongLines(t *testing.T) {
	log := "[1.5] TRACE: raw:PREROUTING:policy:1 " + arrives + "LEN=60 TOS\n[1.6] nothing\n[1.7] TRACE: raw:PREROUTING:policy:1\n" +
		"[1.8] TRACE: raw:PREROUTING:policy:1 " + arrives + syn + numbers + flags + options + "\n"
	items, wrong := parsetest.Some(t, New(strings.NewReader(log), Options{}))
	if len(items) != 1 || len(wrong) != 2 || wrong[0].Line != 1 || wrong[1].Line != 3 {
		t.Errorf("%s, %v", parsetest.Text(items), wrong)
	}
}

// Boots are told apart, and so are times: the year is the latest that can be.
func TestBoots(t *testing.T) {
	log := "May  8 15:51:07 box kernel: a " + arrives + syn + flags + "\n-- Boot 0123456789abcdef0123456789abcdef --\nMay  8 15:51:07 box kernel: a " + arrives + syn + flags + "\n-- Reboot --\nMay  8 15:51:07 box kernel: a " + arrives + syn + flags + "\n"
	var boots []string
	for _, it := range read(t, log, in2014) {
		boots = append(boots, it.Sighting.Boot)
		if at := it.Sighting.Seen.Time; at != 1399564267e9 {
			t.Errorf("%d", at)
		}
	}
	if strings.Join(boots, ",") != ",0123456789abcdef0123456789abcdef,boot 2" {
		t.Errorf("%q", boots)
	}
	old := in2014
	old.Before = old.Before.AddDate(0, -3, 0)
	if at := read(t, log, old)[0].Sighting.Seen.Time; at != 1368028267e9 {
		t.Errorf("%d", at)
	}
}

// The articles' logs give one packet each.
func TestArticles(t *testing.T) {
	for path, want := range map[string]struct {
		hooks, changes string
		first, last    string
	}{
		"testdata/kernlog-service-dnat.txt":          {"raw OUTPUT, nat OUTPUT, filter OUTPUT, nat POSTROUTING", "DNAT 10.43.206.251:8081 -> 10.0.1.12:8081", "enp3s0", "enp5s0"},
		"testdata/kernlog-lost-after-prerouting.txt": {"raw PREROUTING, nat PREROUTING", "", "enp5s0", "enp5s0"},
	} {
		all := parsetest.Trails(read(t, file(t, path), in2014))
		if len(all) != 1 {
			t.Errorf("%s: %d trails", path, len(all))
			continue
		}
		var hooks, changes []string
		for i := range all[0].Observations {
			o := &all[0].Observations[i]
			if o.Stage != trail.StageRules {
				t.Errorf("%s: stage %s", path, o.Stage)
			}
			hooks = append(hooks, o.Rules[0].Table+" "+o.Hook.Name)
			changes = append(changes, o.Changes...)
		}
		o := all[0].Observations
		if got := strings.Join(hooks, ", "); got != want.hooks || strings.Join(changes, ", ") != want.changes ||
			o[0].Point.Interface != want.first || o[len(o)-1].Point.Interface != want.last {
			t.Errorf("%s: %s; %s; %s to %s", path, got, changes, o[0].Point.Interface, o[len(o)-1].Point.Interface)
		}
	}
}
