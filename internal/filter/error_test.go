package filter

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestErrorsPointAtTheWord(t *testing.T) {
	for _, c := range errorCases {
		_, err := Parse(c.expr)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: no error", c.expr)
			continue
		}
		if e.Column != c.column || e.Word != c.word || !strings.Contains(e.Msg, c.msg) || !strings.Contains(e.Hint, c.hint) {
			t.Errorf("%q: column %d, word %q: %s (hint: %s)\nexpected column %d, word %q: %s (hint: %s)",
				shorten(c.expr), e.Column, e.Word, e.Msg, e.Hint, c.column, c.word, c.msg, c.hint)
		}
	}
}

func TestLinkTypesRefuseWhatTheyLack(t *testing.T) {
	for _, c := range []struct {
		expr string
		o    Options
		msg  string
	}{
		{"vlan 5", Options{Link: LinuxSLL2}, "LINUX_SLL2 has no VLAN tags"},
		{"vlan 5", Options{Link: Raw}, "RAW has no VLAN tags"},
		{"mpls", Options{Link: Raw}, "no MPLS labels"},
		{"ether host 02:00:00:00:00:01", Options{Link: Raw}, "no Ethernet addresses"},
		{"broadcast", Options{Link: LinuxSLL2}, "no broadcast"},
		{"multicast", Options{Link: Raw}, "no multicast"},
		{"llc", Options{Link: Raw}, "no 802.2"},
		{"inbound", Options{}, "files of link type EN10MB do not say the direction"},
		{"ifindex 3", Options{Link: Raw}, "do not say the interface"},
		{"arp", Options{Link: Raw}, "no packet can match"},
		{"ip and arp", Options{}, "no packet can match"},
		{"tcp and not tcp", Options{Inner: true}, "no packet can match"},
	} {
		e, err := Parse(c.expr)
		if err != nil {
			t.Errorf("%q: %v", c.expr, err)
			continue
		}
		if _, err := e.Compile(c.o); err == nil || !strings.Contains(err.Error(), c.msg) {
			t.Errorf("%q %+v: error %v, expected %q", c.expr, c.o, err, c.msg)
		}
	}
}

func TestCaretStandsBelowTheWord(t *testing.T) {
	for _, c := range []struct{ expr, caret string }{
		{"port http,https", "port http,https\n         ^"},
		{"tcp and host web", "tcp and host web\n             ^^^"},
		{"tcp and", "tcp and\n       ^"},
		{"port 1\tor 99999999", "port 1 or 99999999\n          ^^^^^^^^"},
		{
			strings.Repeat("tcp or ", 20) + "bogus or " + strings.Repeat("udp or ", 20) + "udp",
			"... tcp or tcp or tcp or tcp or tcp or tcp or tcp or bogus or udp or udp or udp or udp o...\n" +
				strings.Repeat(" ", 53) + "^^^^^",
		},
	} {
		_, err := Parse(c.expr)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: no error", c.expr)
			continue
		}
		if got := e.Caret(); got != c.caret {
			t.Errorf("%q:\n%s\nexpected:\n%s", c.expr, got, c.caret)
		}
	}
}

func TestHugeExpressionsAreRefusedOrCompiled(t *testing.T) {
	for _, expr := range []string{
		strings.Repeat("tcp or ", 2000) + "udp",
		strings.Repeat("port 1 or ", 1500) + "port 2",
		"port 80" + strings.Repeat(" or 443", 2000),
		"len > 1" + strings.Repeat("+1", 8000),
		"vlan" + strings.Repeat(" and vlan", 1700),
		strings.Repeat("x", 20000),
		"ether proto " + strings.Repeat("9", 16000),
	} {
		e, err := Parse(expr)
		if err != nil {
			checkError(t, expr, err)
			continue
		}
		for _, o := range []Options{{}, {Link: AnyDevice, Inner: true}} {
			start := time.Now()
			p, err := e.Compile(o)
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("%.40q took %v", expr, d)
			}
			if err != nil {
				checkError(t, expr, err)
			} else if err := validate(p); err != nil {
				t.Errorf("%.40q: %v", expr, err)
			}
		}
	}
	var many strings.Builder
	for n := range 1200 {
		if n > 0 {
			many.WriteString(" or ")
		}
		many.WriteString("port ")
		many.WriteByte('1')
		many.WriteString(strings.Repeat("0", n%3))
		many.WriteByte(byte('0' + n%10))
	}
	if e, err := Parse(many.String()); err == nil {
		if _, err := e.Compile(Options{Link: AnyDevice, Inner: true}); err != nil {
			checkError(t, e.String(), err)
		}
	}
}

// errorCases say where an expression is wrong, and what is said of it.
var errorCases = []struct {
	expr   string
	column int
	word   string
	msg    string // part of it
	hint   string // part of it
}{
	{"port http,https", 10, ",", "unexpected character", "write: port http or https"},
	{"tcp dst port 80, 443", 16, ",", "unexpected character", "port 80 or 443"},
	{"tcp.port == 80", 1, "tcp.port", "", "Wireshark's display filter language; a capture filter says: tcp port 80"},
	{"ip.addr==10.0.0.1", 1, "ip.addr", "", "host 10.1.2.3"},
	{"tcp and ip.src == 10.0.0.1", 9, "ip.src", "", "src host 10.1.2.3"},
	{"http.request.method == GET", 1, "http.request.method", "", "Wireshark"},
	{"ip[0] => 5", 7, "=", `"=>" is no comparison`, "> < >= <="},
	{"ip[0] =< 5", 7, "=", `"=<" is no comparison`, ""},
	{"host web-1", 6, "web-1", "unknown host name", "never looked up"},
	{"src localhost", 5, "localhost", "unknown host name", "never looked up"},
	{"src http", 5, "http", "unknown host name", "src port http"},
	{"net mynet", 5, "mynet", "unknown net name", "net 10.1.0.0/16"},
	{"ether host gw", 12, "gw", "unknown host name", "ether host 02:"},
	{"(tcp or udp", 1, "(", "not closed", ""},
	{"tcp or (udp and (port 53)", 8, "(", "not closed", ""},
	{"tcp)", 4, ")", "no parenthesis is open", ""},
	{"()", 2, ")", "nothing in these parentheses", ""},
	{"ip[0 = 5", 6, "=", `expected "]"`, ""},
	{"ip[0", 3, "[", "bracket is not closed", ""},
	{"port 99999", 6, "99999", "at most 65535", ""},
	{"portrange 1-70000", 11, "1-70000", "at most 65535", ""},
	{"portrange http", 11, "http", "needs two ports", "port http"},
	{"port nosuch", 6, "nosuch", "unknown service", "number"},
	{"port HTTP", 6, "HTTP", "unknown service", "write: http"},
	{"port 80-90", 6, "80-90", "unknown service", "portrange 80-90"},
	{"udp port ssh", 10, "ssh", "known for tcp, not for udp", "number"},
	{"port", 5, "", "expected a port", ""},
	{"tcp and", 8, "", "something is missing", ""},
	{"tcp and and udp", 9, "and", "unexpected", ""},
	{"10.1.2.3", 1, "10.1.2.3", "nothing says what this is", "host 10.1.2.3"},
	{"tcp 80", 5, "80", "unexpected", "tcp port 80"},
	{"ip 10.1.2.3", 4, "10.1.2.3", "unexpected", "ip host 10.1.2.3"},
	{"80", 1, "80", "nothing says", "port 80"},
	{"(port 80) or 443", 14, "443", "nothing says", "port 443"},
	{"tcp udp", 5, "udp", "unexpected word", "tcp and udp"},
	{"TCP port 80", 1, "TCP", "", "lower case: tcp"},
	{"tcp AND port 80", 5, "AND", "", ""},
	{"ip proto tcp", 10, "tcp", "expected a protocol", `\tcp`},
	{"proto nosuch", 7, "nosuch", "unknown IP protocol", "number"},
	{`ether proto \tcp`, 13, `\tcp`, "unknown Ethernet type", `ip proto \tcp`},
	{"tcp proto 6", 1, "tcp", "no protocol inside", ""},
	{"net 10/8", 7, "/", "unexpected", "net 10.0.0.0/8"},
	{"net 10.1.2.3/16", 5, "10.1.2.3", "bits outside its netmask", "net 10.1.0.0/16"},
	{"net 2001:db8::1/32", 5, "2001:db8::1", "bits outside its netmask", "net 2001:db8::/32"},
	{"host 10.1.0.0/16", 1, "host", "only a net", "net 10.1.0.0"},
	{"host 10.1.2.3:80", 14, ":", "unexpected", "host 10.1.2.3 and port 80"},
	{"port 10.1.2.3", 6, "10.1.2.3", "an address is no port", ""},
	{"host 10.1.2.300", 6, "10.1.2.300", "not an IPv4 address", "255"},
	{"tcp host 10.1.2.3", 1, "tcp", "tcp has no addresses", "tcp and host 10.1.2.3"},
	{"icmp port 80", 1, "icmp", "icmp has no ports", ""},
	{"host 02:00:00:00:00:01", 6, "02:00:00:00:00:01", "needs ether", "ether host 02:"},
	{"ip6 host 10.1.2.3", 10, "10.1.2.3", "IPv4", ""},
	{"ip[0:3] = 1", 6, "3", "1, 2 or 4", ""},
	{"ip[0]", 1, "ip", "a number, not a condition", "compare"},
	{"tcp[tcpflags] & tcp-syn", 1, "tcp", "a number, not a condition", "!= 0"},
	{"len", 1, "len", "a number, not a condition", ""},
	{"len / 0 > 1", 5, "/", "division by zero", ""},
	{"ip[0] << 32 = 1", 7, "<<", "more than 31", ""},
	{"0x1ffffffff = 1", 1, "0x1ffffffff", "32 bits", ""},
	{"ip[0] = 08", 9, "08", "octal", "leading 0"},
	{"vlan 4096", 6, "4096", "at most 4095", ""},
	{"mpls 2000000", 6, "2000000", "at most", ""},
	{"mpls and arp", 10, "arp", "behind mpls", ""},
	{"gateway gw", 1, "gateway", "refused", "ether host"},
	{"ip6 protochain 6", 5, "protochain", "refused", "ip6 proto 6"},
	{"ip broadcast", 4, "broadcast", "netmask", "255.255.255.255"},
	{"type mgt", 1, "type", "802.11", ""},
	{"wlan addr1 02:00:00:00:00:01", 6, "addr1", "802.11", ""},
	{"ifname eth0", 1, "ifname", "pf", ""},
	{"vpi 5", 1, "vpi", "ATM", ""},
	{"esp[0] = 1", 1, "esp", "no offsets", "ip["},
	{"ether", 1, "ether", "needs something", "ether host"},
	{"llc nosuch", 5, "nosuch", "unknown LLC type", "one of"},
	{`"tcp"`, 1, `"`, "unexpected character", "no quotes"},
	{"höst 1.2.3.4", 1, "h", "", ""},
	{"tcp and ü", 9, "ü", "unexpected character", ""},
	{strings.Repeat("(", 300) + "tcp", 201, "(", "nested more than 200", ""},
	{strings.Repeat("not ", 300) + "tcp", 801, "not", "nested more than 200", ""},
	{"ip[" + strings.Repeat("-", 300) + "1] = 1", 203, "-", "nested", ""},
}
