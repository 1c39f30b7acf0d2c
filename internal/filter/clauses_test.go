package filter

import (
	"strings"
	"testing"
)

func TestClauses(t *testing.T) {
	tests := []struct {
		expr  string
		want  string // as Clause.String writes them, with slashes between
		exact bool
	}{
		{"", "everything", true},
		{"ip or ip6", "everything", true},
		{"ip", "ip", true},
		{"not ip", "ip6", true},
		{"not arp", "everything", true},
		{"arp", "", true},
		{"arp and port 80", "", true},
		{"host 10.1.2.3", "net 10.1.2.3/32", true},
		{"src host 10.1.2.3", "src net 10.1.2.3/32", true},
		{"host 2001:db8::1", "net 2001:db8::1/128", true},
		{"net 10.1.0.0/16", "net 10.1.0.0/16", true},
		{"src net 2001:db8::/61", "src net 2001:db8::/61", true},
		{"net 10.0.0.3 mask 255.0.0.255", "net 10.0.0.0/8", false},
		{"src host 10.1.2.3 and dst host 10.9.9.9", "src net 10.1.2.3/32 and dst net 10.9.9.9/32", true},
		{"host 10.1.2.3 and host 10.9.9.9", "src net 10.1.2.3/32 and dst net 10.9.9.9/32 | src net 10.9.9.9/32 and dst net 10.1.2.3/32", true},
		{"host 10.1.2.3 and net 10.0.0.0/8 and ip", "net 10.1.2.3/32", true},
		{"ip and tcp", "ip and tcp", true},
		{"tcp", "tcp", false},
		{"port 80", "port 80", false},
		{"host 10.1.2.3 and port 80", "net 10.1.2.3/32 and port 80", true},
		{"host 10.1.2.3 and tcp port 80", "net 10.1.2.3/32 and tcp and port 80", true},
		{"host 10.1.2.3 and tcp dst port 80", "net 10.1.2.3/32 and tcp and dst port 80", true},
		{"host 10.1.2.3 and udp portrange 1000-2000", "net 10.1.2.3/32 and udp and portrange 1000-2000", true},
		{"host 10.1.2.3 and (tcp port 80 or icmp)", "net 10.1.2.3/32 and tcp and port 80 | net 10.1.2.3/32 and proto 1", true},
		{"icmp6", "ip6 and proto 58", false},
		{"icmp or icmp6", "ip and proto 1 | ip6 and proto 58", false},
		{"ah", "ip and proto 51 | ip6", false},
		{"tcp[tcpflags] & tcp-syn != 0 and dst port 443", "ip and tcp and dst port 443", false},
		{"tcp[tcpflags] & tcp-syn != 0", "ip and tcp", false},
		{"not port 22", "everything", false},
		{"host 10.1.2.3 and not port 22", "net 10.1.2.3/32", false},
		{"vlan 5 and host 10.1.2.3", "net 10.1.2.3/32", false},
		{"ether host 02:00:00:00:00:01 and udp port 53", "udp and port 53", false},
		{"less 100 and host 10.1.2.3", "net 10.1.2.3/32", false},
		{"inbound and tcp", "tcp", false},
		{"geneve and host 10.1.2.3", "udp and dst port 6081", false},
		{"ether[9] = 6", "everything", false},
		{"byte 9 = 6", "everything", false},
		{"ip[9] = 6", "ip and tcp", false},
		{"ip proto 6 and ip[6:2] & 0x1fff = 0", "ip and tcp", false},
		{"host 10.1.2.3 or (port 80 and not port 443)", "net 10.1.2.3/32 | port 80", false},
		{"ip[1000] = 0 or ip", "ip", false},
		{"ip[9] = 6 or ip[12:4] = 0x0a010203", "ip and tcp | src net 10.1.2.3/32", false},
		{"ip multicast", "ip", false},
		{"pppoes and ip", "", true},
		{"1 = 1", "everything", false},
		{"not (not host 10.1.2.3)", "net 10.1.2.3/32", true},
		{"not (ip or port 80)", "ip6", false},
	}
	for _, tt := range tests {
		e, err := Parse(tt.expr)
		if err != nil {
			t.Fatal(err)
		}
		clauses, exact := e.Clauses()
		got := make([]string, len(clauses))
		for i, c := range clauses {
			if got[i] = c.String(); got[i] == "" {
				got[i] = "everything"
			}
		}
		if s := strings.Join(got, " | "); s != tt.want || exact != tt.exact {
			t.Errorf("%q: %s (exact %v), expected %s (%v)", tt.expr, s, exact, tt.want, tt.exact)
		}
	}
}

// TestClausesStayFew: conditions are dropped, the broader ones last.
func TestClausesStayFew(t *testing.T) {
	list := func(format string, n int) string {
		var words []string
		for i := range n {
			words = append(words, strings.ReplaceAll(format, "N", string(rune('0'+i/10))+string(rune('0'+i%10))))
		}
		return "(" + strings.Join(words, " or ") + ")"
	}
	tests := []struct {
		expr  string
		want  []string // the first clauses
		count int
		exact bool
	}{
		{list("host 10.1.2.1N", 30), []string{"net 10.1.2.100/32", "net 10.1.2.101/32"}, 30, true},
		{list("host 10.1.2.1N", 50), []string{"net 10.1.2.0/24"}, 1, false},
		{list("host 10.1.1N.1", 50), []string{"net 10.1.0.0/16"}, 1, false},
		{list("host 10.1N.1.1", 50), []string{"net 10.0.0.0/8"}, 1, false},
		{list("host 1N.1.1.1", 50), []string{""}, 1, false},
		{list("port 1N", 50), []string{""}, 1, false},
		{list("tcp port 1N", 20) + " and host 10.1.2.3", []string{"net 10.1.2.3/32 and tcp and port 100"}, 20, true},
		{list("tcp port 1N", 40) + " and host 10.1.2.3", []string{"net 10.1.2.3/32 and tcp"}, 1, false},
		{list("tcp port 1N", 40) + " and " + list("host 10.1.2.1N", 40), nil, 1, false},
	}
	for _, tt := range tests {
		e, err := Parse(tt.expr)
		if err != nil {
			t.Fatal(err)
		}
		clauses, exact := e.Clauses()
		if len(clauses) != tt.count || exact != tt.exact {
			t.Errorf("%.60q: %d clauses, exact %v; expected %d, %v: %q", tt.expr, len(clauses), exact, tt.count, tt.exact, clauses)
			continue
		}
		for i, want := range tt.want {
			if got := clauses[i].String(); got != want {
				t.Errorf("%.60q: %q, expected %q", tt.expr, got, want)
			}
		}
		var k clauseCheck
		k.check(t, tt.expr, 2000)
	}
}

// TestClauseStringIsAnExpression reads back what is written.
func TestClauseStringIsAnExpression(t *testing.T) {
	seen := 0
	for _, expr := range corpus(t) {
		e, err := Parse(expr)
		if err != nil {
			continue
		}
		clauses, _ := e.Clauses()
		for _, c := range clauses {
			back, err := Parse(c.String())
			if err != nil {
				t.Fatalf("%q has the clause %q: %v", expr, c, err)
			}
			again, _ := back.Clauses()
			if len(again) != 1 || again[0] != c {
				t.Errorf("%q has the clause %q, which is read as %q", expr, c, again)
			}
			seen++
		}
	}
	t.Logf("%d clauses", seen)
}
