package packet_test

import (
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/pktrail/pktrail/internal/packet"
)

// dnsMessages are messages as x/net/dns packs them, names compressed.
func dnsMessages(tb testing.TB) [][]byte {
	tb.Helper()
	web := dnsmessage.MustNewName("web.shop.svc.cluster.local.")
	alias := dnsmessage.MustNewName("www.shop.svc.cluster.local.")
	h := dnsmessage.ResourceHeader{Name: web, Class: dnsmessage.ClassINET, TTL: 30}
	question := []dnsmessage.Question{{Name: web, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}
	var out [][]byte
	for _, m := range []dnsmessage.Message{
		{Header: dnsmessage.Header{ID: 4242, RecursionDesired: true}, Questions: question},
		{
			Header:    dnsmessage.Header{ID: 4242, Response: true, Authoritative: true, RecursionDesired: true},
			Questions: question,
			Answers: []dnsmessage.Resource{
				{Header: h, Body: &dnsmessage.CNAMEResource{CNAME: alias}},
				{Header: h, Body: &dnsmessage.AResource{A: [4]byte{10, 96, 68, 194}}},
				{Header: h, Body: &dnsmessage.AAAAResource{AAAA: server6.As16()}},
				{Header: h, Body: &dnsmessage.MXResource{Pref: 10, MX: alias}},
				{Header: h, Body: &dnsmessage.SRVResource{Priority: 1, Weight: 2, Port: 3, Target: alias}},
				{Header: h, Body: &dnsmessage.TXTResource{TXT: []string{"a", "b c"}}},
				{Header: h, Body: &dnsmessage.PTRResource{PTR: alias}},
			},
			Authorities: []dnsmessage.Resource{{Header: h, Body: &dnsmessage.SOAResource{NS: web, MBox: alias, Serial: 1}}},
		},
		{Header: dnsmessage.Header{ID: 1, Response: true, RCode: dnsmessage.RCodeNameError}, Questions: question},
	} {
		b, err := m.Pack()
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

func TestDNS(t *testing.T) {
	m := packet.DNS(dnsMessages(t)[1])
	qd, an, ns, ar := m.Counts()
	if m.ID() != 4242 || m.Flags() != packet.DNSResponse|packet.DNSAuthoritative|packet.DNSRecursionDesired || qd != 1 || an != 7 || ns != 1 || ar != 0 {
		t.Errorf("header %d %#x, %d %d %d %d", m.ID(), m.Flags(), qd, an, ns, ar)
	}
	q, at, ok := m.Question(packet.DNSStart)
	if !ok || q.Type != packet.DNSTypeA || q.Class != 1 || dnsName(t, m, q.Name) != "web.shop.svc.cluster.local." {
		t.Errorf("question %+v", q)
	}
	want := []struct {
		typ    packet.DNSType
		target string
		skip   int
	}{
		{packet.DNSTypeCNAME, "www.shop.svc.cluster.local.", 0},
		{packet.DNSTypeA, "", 0},
		{packet.DNSTypeAAAA, "", 0},
		{packet.DNSTypeMX, "www.shop.svc.cluster.local.", 2},
		{packet.DNSTypeSRV, "www.shop.svc.cluster.local.", 6},
		{packet.DNSTypeTXT, "", 0},
		{packet.DNSTypePTR, "www.shop.svc.cluster.local.", 0},
		{packet.DNSTypeSOA, "web.shop.svc.cluster.local.", 0},
	}
	for i, w := range want {
		r, next, ok := m.Record(at)
		if !ok || r.Type != w.typ || r.TTL != 30 || r.Class != 1 || dnsName(t, m, r.Name) != "web.shop.svc.cluster.local." {
			t.Errorf("record %d: %+v", i, r)
		}
		if w.target != "" && dnsName(t, m, r.Data+w.skip) != w.target {
			t.Errorf("record %d: target %q", i, dnsName(t, m, r.Data+w.skip))
		}
		at = next
	}
	if at != len(m) {
		t.Errorf("ends at %d of %d", at, len(m))
	}
}

func dnsName(t *testing.T, m packet.DNS, at int) string {
	t.Helper()
	name, ok := m.AppendName(nil, at)
	if !ok {
		t.Errorf("name at %d is broken", at)
	}
	return string(name)
}

// Names that want to be followed for ever, or are not whole.
func TestDNSNames(t *testing.T) {
	head := strings.Repeat("\x00", packet.DNSStart)
	long := strings.Repeat("\x3f"+strings.Repeat("a", 63), 4)
	for _, tc := range []struct {
		name, in, want string
		ok             bool
	}{
		{"root", "\x00", ".", true},
		{"one label", "\x01a\x00", "a.", true},
		{"dot in a label", "\x03a.b\x00", `a\.b.`, true},
		{"control character", "\x03a\x1b[\x00", `a\027[.`, true},
		{"blank", "\x03a b\x00", `a\032b.`, true},
		{"pointer to itself", "\xc0\x0c", "", false},
		{"pointer forward", "\xc0\x0e\x00", "", false},
		{"label then back to it", "\x01a\xc0\x0c", "a.", false},
		{"unknown label type", "\x41a\x00", "", false},
		{"cut in a label", "\x05ab", "", false},
		{"cut before the end", "\x01a", "a.", false},
		{"cut pointer", "\xc0", "", false},
		{"too long", long + "\x00", strings.Repeat(strings.Repeat("a", 63)+".", 3), false},
	} {
		got, ok := packet.DNS(head+tc.in).AppendName(nil, packet.DNSStart)
		if string(got) != tc.want || ok != tc.ok {
			t.Errorf("%s: %q %v, want %q %v", tc.name, got, ok, tc.want, tc.ok)
		}
	}
}

// A message of nothing but pointers, each to the one before, must not cost
// more than a name can need.
func TestDNSPointers(t *testing.T) {
	m := make(packet.DNS, packet.DNSStart+1, 16000)
	for to := packet.DNSStart; len(m) < 15000; to = len(m) - 2 {
		m = append(m, 0xc0|byte(to>>8), byte(to))
	}
	if _, ok := m.AppendName(nil, packet.DNSStart+1+2*126); !ok {
		t.Error("127 pointers are refused")
	}
	if _, ok := m.AppendName(nil, packet.DNSStart+1+2*127); ok {
		t.Error("128 pointers are followed")
	}
}
