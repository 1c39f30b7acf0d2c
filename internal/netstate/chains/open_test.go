package chains

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nft"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/netstate/xt"
)

// message builds the body of a message of nf_tables.
func message(family nft.Family, attrs ...[]byte) []byte {
	return append([]byte{byte(family), 0, 0, 0}, bytes.Join(attrs, nil)...)
}

func text(kind uint16, s string) []byte { return nlattr.Append(nil, kind, append([]byte(s), 0)...) }

// list is all that a Ruleset can be written as.
func list(tb testing.TB, r *netstate.Ruleset) (nftText, nftJSON, saved string) {
	tb.Helper()
	x, _ := Open(r, Names{}) // what does not fit is left out
	var a, b, c bytes.Buffer
	for _, err := range []error{x.WriteText(&a), x.WriteJSON(&b, "1")} {
		if err != nil {
			tb.Fatal(err)
		}
	}
	for n := range 8 {
		if err := x.WriteSave(&c, Save{IP6: n&1 != 0, Legacy: n&2 != 0, Counters: n&4 != 0}); err != nil {
			tb.Fatal(err)
		}
	}
	if !json.Valid(b.Bytes()) {
		tb.Errorf("no JSON: %s", b.Bytes())
	}
	x.DNATs()
	return a.String(), b.String(), c.String()
}

// What is not understood stays in every list.
func TestOpaque(t *testing.T) {
	expr := nlattr.Append(nil, 1, bytes.Join([][]byte{text(1, "newer"), nlattr.Append(nil, 2, 0xab, 0xcd)}, nil)...)
	r := &netstate.Ruleset{
		Tables: [][]byte{message(nft.FamilyIP, text(1, "filter"))},
		Chains: [][]byte{message(nft.FamilyIP, text(1, "filter"), text(3, "FORWARD"), text(7, "filter"),
			nlattr.Append(nil, 4, bytes.Join([][]byte{nlattr.Append(nil, 1, 0, 0, 0, 2), nlattr.Append(nil, 2, 0, 0, 0, 0)}, nil)...))},
		Rules: [][]byte{message(nft.FamilyIP, text(1, "filter"), text(2, "FORWARD"), nlattr.Append(nil, 4, expr...))},
		Objects: [][]byte{message(nft.FamilyIP, text(1, "filter"), text(2, "thing"), nlattr.Append(nil, 3, 0, 0, 0, 99),
			nlattr.Append(nil, 4, 1, 2, 3, 4))},
		Flowtables: [][]byte{message(nft.FamilyIP, text(1, "filter"), text(2, "fast"),
			nlattr.Append(nil, 3, bytes.Join([][]byte{nlattr.Append(nil, 2, 0, 0, 0, 0), nlattr.Append(nil, 3, append(text(1, "eth0"), text(1, "eth1")...)...)}, nil)...),
			nlattr.Append(nil, 7, 0, 0, 0, 2))},
	}
	nftText, nftJSON, saved := list(t, r)
	for _, want := range []string{
		"\t\t[ newer 0xabcd ]\n", "[ object 99 ] thing {\n\t\t[ object 0x01020304 ]",
		"\tflowtable fast {\n\t\thook ingress priority filter\n\t\tdevices = { eth0, eth1 }\n\t\tcounter\n\t}\n",
	} {
		if !strings.Contains(nftText, want) {
			t.Errorf("no %q in\n%s", want, nftText)
		}
	}
	for _, want := range []string{`{"raw": "[ newer 0xabcd ]"}`, `"raw": "[ object 0x01020304 ]"`, `"dev": ["eth0", "eth1"]`} {
		if !strings.Contains(nftJSON, want) {
			t.Errorf("no %s in %s", want, nftJSON)
		}
	}
	if want := "# nft: FORWARD [ newer 0xabcd ]\n"; !strings.Contains(saved, want) {
		t.Errorf("no %q in\n%s", want, saved)
	}
}

// A legacy table that does not fit together is an error, and the others are
// there all the same.
func TestBrokenLegacy(t *testing.T) {
	b, err := os.ReadFile("../xt/testdata/ip-iptables-nat.bin")
	if err != nil {
		t.Fatal(err)
	}
	whole := netstate.LegacyTable{Name: "nat", Info: b[:xt.InfoSize], Entries: b[xt.InfoSize:]}
	cut := whole
	cut.Name, cut.Entries = "mangle", cut.Entries[:len(cut.Entries)-3]
	x, err := Open(&netstate.Ruleset{Legacy: []netstate.LegacyTable{cut, whole}}, Names{})
	if err == nil || !strings.Contains(err.Error(), "mangle") {
		t.Error(err)
	}
	if len(x.Tables) != 1 || x.Table("ip", "nat", true) == nil || x.Table("ip", "nat", false) != nil {
		t.Errorf("%+v", x.Tables)
	}
	if c := x.Tables[0].Chain("KUBE-SEP-1"); c == nil || c.Len() != 2 || c.Rule(3) != nil || c.Rule(2).Verdict != "dnat" {
		t.Errorf("%+v", c)
	}
}

// seeds are messages of a real kernel, as package nft keeps them.
func seeds(tb testing.TB) [][]byte {
	tb.Helper()
	files, err := filepath.Glob("../nft/testdata/*.txt")
	if err != nil || len(files) == 0 {
		tb.Fatalf("%q, %v", files, err)
	}
	var all [][]byte
	for _, name := range files {
		for line := range strings.Lines(file(tb, name)) {
			words := strings.Fields(line)
			if b, err := hex.DecodeString(words[len(words)-1]); err == nil && words[0] != "text" {
				all = append(all, b)
			}
		}
	}
	return all
}

func FuzzOpen(f *testing.F) {
	for i, msg := range seeds(f) {
		if i%5 == 0 {
			f.Add(msg, []byte{2, 0, 0, 0})
		}
	}
	table := message(nft.FamilyInet, text(1, "t"))
	chain := message(nft.FamilyInet, text(1, "t"), text(3, "c"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		all := [][]byte{a, b}
		list(t, &netstate.Ruleset{
			Tables: [][]byte{table, a, b}, Chains: [][]byte{chain, a, b}, Rules: all, Sets: all, Elements: all, Objects: all, Flowtables: all,
			Legacy: []netstate.LegacyTable{{Name: "t", Info: a, Entries: b}},
		})
	})
}
