package ipset

import (
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// kernel is what a kernel (6.18) answered for testdata/sets.txt.
func kernel(tb testing.TB) [][]byte {
	tb.Helper()
	b, err := os.ReadFile("testdata/kernel.txt")
	if err != nil {
		tb.Fatal(err)
	}
	var all [][]byte
	for line := range strings.Lines(string(b)) {
		msg, err := hex.DecodeString(strings.TrimSpace(line))
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, msg)
	}
	return all
}

// Every set reads as `ipset save` (7.17) printed it.
func TestSave(t *testing.T) {
	var d Decoder
	for _, msg := range kernel(t) {
		if err := d.Add(msg); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := WriteSave(&out, d.Sets()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("testdata/save.txt")
	if err != nil {
		t.Fatal(err)
	}
	// a second may have passed between the kernel's answer and the tool's
	left := regexp.MustCompile(`(?m)^(add .*) timeout [1-9][0-9]*`)
	blur := func(s string) []string { return strings.Split(left.ReplaceAllString(s, "$1 timeout N"), "\n") }
	got, want := blur(out.String()), blur(string(b))
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d:\n got %s\nwant %s", i+1, got[i], want[i])
		}
	}
	if len(d.Sets()) < 15 {
		t.Errorf("%d sets", len(d.Sets()))
	}
	for i, s := range d.Sets() {
		if s.Index == netstate.NoIPSetIndex || s.Type == "" {
			t.Errorf("set %d: %+v", i, s)
		}
	}
}

// Types that this kernel does not have, by linux/netfilter/ipset/ip_set.h.
func TestOtherTypes(t *testing.T) {
	ip4 := func(k uint16, a ...byte) []byte {
		return nlattr.Append(nil, k|0x8000, nlattr.Append(nil, 1|0x4000, a...)...)
	}
	for want, m := range map[string]struct {
		kind string
		data [][]byte
	}{
		"10.0.0.0/8,11.0.0.0/8":      {"hash:net,net", [][]byte{ip4(attrIP, 10, 0, 0, 0), nlattr.Append(nil, attrCIDR, 8), ip4(attrIP2, 11, 0, 0, 0), nlattr.Append(nil, attrCIDR2, 8)}},
		"10.0.0.0/8,tcp:80,1.2.3.4":  {"hash:net,port,net", [][]byte{ip4(attrIP, 10, 0, 0, 0), nlattr.Append(nil, attrCIDR, 8), ip4(attrIP2, 1, 2, 3, 4), nlattr.Append(nil, attrCIDR2, 32), nlattr.Append(nil, attrPort, 0, 80), nlattr.Append(nil, attrProto, 6)}},
		"1.2.3.4,0x00000063":         {"hash:ip,mark", [][]byte{ip4(attrIP, 1, 2, 3, 4), nlattr.Append(nil, attrMark, 0, 0, 0, 99)}},
		"00:11:22:33:44:55":          {"hash:mac", [][]byte{nlattr.Append(nil, attrEther, 0, 0x11, 0x22, 0x33, 0x44, 0x55)}},
		"1.2.3.4,00:11:22:33:44:55":  {"hash:ip,mac", [][]byte{ip4(attrIP, 1, 2, 3, 4), nlattr.Append(nil, attrEther, 0, 0x11, 0x22, 0x33, 0x44, 0x55)}},
		"1.2.3.4 timeout 5":          {"hash:ip", [][]byte{ip4(attrIP, 1, 2, 3, 4), nlattr.Append(nil, attrTimeout, 0, 0, 0, 5)}},
		"1.2.3.4,eth0 wildcard":      {"hash:net,iface", [][]byte{ip4(attrIP, 1, 2, 3, 4), nlattr.Append(nil, attrCIDR, 32), nlattr.Append(nil, attrIface, []byte("eth0\x00")...), nlattr.Append(nil, attrFlags, 0, 0, 0, 128)}},
		"1.2.3.4 [ attr 77 0x0102 ]": {"hash:ip", [][]byte{ip4(attrIP, 1, 2, 3, 4), nlattr.Append(nil, 77, 1, 2)}},
		"[ thing ]":                  {"hash:thing", nil},
		"nets after other":           {"list:set", [][]byte{nlattr.Append(nil, attrName, []byte("nets\x00")...), nlattr.Append(nil, attrNameRef, []byte("other\x00")...)}},
	} {
		var d Decoder
		var data []byte
		for _, b := range m.data {
			data = append(data, b...)
		}
		msg := []byte{2, 0, 0, 0}
		msg = nlattr.Append(msg, attrSetName, 's', 0)
		msg = nlattr.Append(msg, attrTypeName, append([]byte(m.kind), 0)...)
		msg = nlattr.Append(msg, attrFamily, 2)
		msg = nlattr.Append(msg, attrADT, nlattr.Append(nil, 7, data...)...)
		if err := d.Add(msg); err != nil {
			t.Fatal(err)
		}
		if got := d.Sets()[0].Entries; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", m.kind, got, want)
		}
	}
}

// A header's words have one order; what is not known is kept.
func TestHeader(t *testing.T) {
	var d Decoder
	data := nlattr.Append(nil, attrFlags, 0, 0, 0, flagForceAdd|flagCounters)
	data = nlattr.Append(data, attrMarkMask, 0, 0, 0, 255)
	data = nlattr.Append(data, attrHashSize, 0, 0, 4, 0)
	data = nlattr.Append(data, 99, 1)
	msg := nlattr.Append([]byte{2, 0, 0, 0}, attrSetName, 's', 0)
	msg = nlattr.Append(msg, attrTypeName, []byte("hash:ip,mark\x00")...)
	msg = nlattr.Append(msg, attrFamily, 2)
	msg = nlattr.Append(msg, attrData, data...)
	if err := d.Add(msg); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := WriteSave(&out, d.Sets()); err != nil {
		t.Fatal(err)
	}
	if want := "create s hash:ip,mark family inet markmask 0x000000ff hashsize 1024 counters forceadd [ attr 99 0x01 ]\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
}

// More members of the set before come without a head; of another set they are
// an error.
func TestMessages(t *testing.T) {
	var d Decoder
	head := nlattr.Append(nlattr.Append([]byte{2, 0, 0, 0}, attrSetName, 's', 0), attrTypeName, []byte("hash:ip\x00")...)
	member := nlattr.Append(nil, 7, nlattr.Append(nil, attrIP, nlattr.Append(nil, 1, 1, 2, 3, 4)...)...)
	more := nlattr.Append(nlattr.Append([]byte{2, 0, 0, 0}, attrSetName, 's', 0), attrADT, member...)
	other := nlattr.Append([]byte{2, 0, 0, 0}, attrSetName, 'x', 0)
	if err := d.Add(more); err == nil {
		t.Error("members of no set")
	}
	for _, msg := range [][]byte{head, more, more} {
		if err := d.Add(msg); err != nil {
			t.Fatal(err)
		}
	}
	if s := d.Sets(); len(s) != 1 || len(s[0].Entries) != 2 || s[0].Entries[1] != "1.2.3.4" {
		t.Errorf("%+v", s)
	}
	for name, msg := range map[string][]byte{"another set": other, "no name": {2, 0, 0, 0}, "no header": {1}, "cut": more[:len(more)-3]} {
		if err := d.Add(msg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzDecoder(f *testing.F) {
	for _, msg := range kernel(f) {
		if len(msg) < 2000 {
			f.Add(msg)
		}
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		var d Decoder
		if err := d.Add(msg); err != nil {
			return
		}
		_ = d.Add(msg)
		if err := WriteSave(&strings.Builder{}, d.Sets()); err != nil {
			t.Error(err)
		}
	})
}
