package nft

import (
	"testing"

	"github.com/pktrail/pktrail/internal/netstate/xt"
)

// The native expressions of iptables-nft, as its save command writes them.
func TestXtables(t *testing.T) {
	l4 := func(p byte) []Expr { return []Expr{&Meta{Key: metaL4Proto, Dreg: 1}, &Cmp{Sreg: 1, Data: []byte{p}}} }
	verdict := func(code int32, chain string) Expr { return &Immediate{Verdict: &Verdict{Code: code, Chain: chain}} }
	for want, exprs := range map[string][]Expr{
		"-A c -s 10.0.0.0/8 -j DROP": {
			&Payload{Base: 1, Offset: 12, Len: 1, Dreg: 1}, &Cmp{Sreg: 1, Data: []byte{10}}, &Counter{}, verdict(0, ""),
		},
		"-A c ! -d 10.0.0.1/32 -g x": {
			&Payload{Base: 1, Offset: 16, Len: 4, Dreg: 1}, &Cmp{Op: 1, Sreg: 1, Data: []byte{10, 0, 0, 1}}, verdict(-4, "x"),
		},
		"-A c -p tcp -m tcp --sport 5 --dport 80 -j ACCEPT": append(l4(6),
			&Payload{Base: 2, Offset: 0, Len: 4, Dreg: 1}, &Cmp{Sreg: 1, Data: []byte{0, 5, 0, 80}}, verdict(1, "")),
		"-A c -p udp -m udp ! --dport 1:10 -j RETURN": append(l4(17),
			&Payload{Base: 2, Offset: 2, Len: 2, Dreg: 1}, &Range{Op: 1, Sreg: 1, From: []byte{0, 1}, To: []byte{0, 10}}, verdict(-5, "")),
		"-A c -i cali+ ! -o eth0 -j x": {
			&Meta{Key: metaIIFName, Dreg: 1}, &Cmp{Sreg: 1, Data: []byte("cali")},
			&Meta{Key: metaOIFName, Dreg: 1}, &Cmp{Op: 1, Sreg: 1, Data: []byte("eth0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")}, verdict(-3, "x"),
		},
		"-A c -j TRACE":                     {&Immediate{Dreg: 9, Data: []byte{1}}, &Meta{Key: metaNFTrace, Sreg: 9}},
		"-A c -m limit --limit 5/min":       {&Limit{Rate: 5, Unit: 60, Burst: 5}},
		"-A c -j NFLOG --nflog-group 3":     {&Log{HasGroup: true, Group: 3}},
		"-A c -m comment --comment \"a b\"": {&Match{Name: "comment", Info: append([]byte("a b"), make([]byte, 253)...)}},
	} {
		r := Rule{Family: FamilyIP, Table: "filter", Chain: "c", Exprs: exprs}
		x, ok := r.Xtables(xt.Names{})
		if got := x.Text(); !ok || got != want {
			t.Errorf("%s, %v; want %s", got, ok, want)
		}
	}
}

// What iptables does not write is left to nft.
func TestNotXtables(t *testing.T) {
	for name, r := range map[string]Rule{
		"inet":   {Family: FamilyInet, Exprs: []Expr{&Counter{}}},
		"ct":     {Family: FamilyIP, Exprs: []Expr{&CT{Dreg: 1, Dir: -1}, &Cmp{Sreg: 1, Data: []byte{2, 0, 0, 0}}}},
		"masq":   {Family: FamilyIP, Exprs: []Expr{&Masq{}}},
		"lookup": {Family: FamilyIP, Exprs: []Expr{&Payload{Base: 1, Offset: 12, Len: 4, Dreg: 1}, &Lookup{Set: "s", Sreg: 1}}},
		"ttl":    {Family: FamilyIP, Exprs: []Expr{&Payload{Base: 1, Offset: 8, Len: 1, Dreg: 1}, &Cmp{Sreg: 1, Data: []byte{2}}}},
		"odd":    {Family: FamilyIP, Exprs: []Expr{&Meta{Key: metaL4Proto, Dreg: 1}}},
	} {
		if x, ok := r.Xtables(xt.Names{}); ok {
			t.Errorf("%s: %s", name, x.Text())
		}
	}
}

func FuzzXtables(f *testing.F) {
	for _, file := range fixtures(f) {
		for _, msg := range load(f, file).rules {
			f.Add(msg)
		}
	}
	f.Fuzz(func(_ *testing.T, msg []byte) {
		r, _ := DecodeRule(msg)
		for _, family := range []Family{FamilyIP, FamilyIP6} {
			r.Family = family
			if x, ok := r.Xtables(xt.Names{}); ok {
				_ = x.Text()
				x.Comment()
				x.Target.Verdict()
			}
		}
	})
}
