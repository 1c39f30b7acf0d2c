//go:build !pktrail_lite

package rules

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate/xt"
)

var update = flag.Bool("update", false, "write the fixtures of package netstate anew, from this kernel and these tools")

// keepRules writes the chain's messages as the kernel gave them, with nft's
// words, for the tests of netstate/nft on any system.
func (b *bed) keepRules(family string) {
	b.t.Helper()
	var out strings.Builder
	for _, sub := range []struct {
		word string
		kind uint16
		dump func(set string) []attribute
	}{
		{"set", unix.NFT_MSG_GETSET, func(s string) []attribute {
			return []attribute{{unix.NFTA_SET_TABLE, "t"}, {unix.NFTA_SET_NAME, s}}
		}},
		{"elements", unix.NFT_MSG_GETSETELEM, func(s string) []attribute {
			return []attribute{{unix.NFTA_SET_ELEM_LIST_TABLE, "t"}, {unix.NFTA_SET_ELEM_LIST_SET, s}}
		}},
	} {
		var names []string
		for key := range b.s.sets {
			names = append(names, key.set)
		}
		slices.Sort(names)
		for _, name := range names {
			b.ask(sub.kind, family, sub.word == "elements", sub.dump(name), func(msg []byte) { fmt.Fprintf(&out, "%s %s %x\n", sub.word, name, msg) })
		}
	}
	lines := b.nftLines(family, "t", "c")
	i := 0
	b.ask(unix.NFT_MSG_GETRULE, family, true, []attribute{{unix.NFTA_RULE_TABLE, "t"}, {unix.NFTA_RULE_CHAIN, "c"}}, func(msg []byte) {
		fmt.Fprintf(&out, "rule %x\ntext %s\n", msg, lines[i])
		i++
	})
	b.write("../../netstate/nft/testdata/"+family+".txt", out.String())
}

func (b *bed) ask(kind uint16, family string, dump bool, attrs []attribute, each func([]byte)) {
	b.t.Helper()
	if err := b.s.request(kind, family, dump, attrs, func() {}, each); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) write(path, data string) {
	b.t.Helper()
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// keepTables writes the legacy tables as the kernel gave them, with
// iptables-save's words, for the tests of netstate/xt on any system.
func (b *bed) keepTables(family, file string, lines []saved) {
	b.t.Helper()
	level := map[string]int{"ip": unix.SOL_IP, "ip6": unix.SOL_IPV6}[family]
	for _, table := range []string{"raw", "mangle", "nat", "filter"} {
		info := make([]byte, xt.InfoSize)
		copy(info, table)
		if err := b.s.getsockopt(level, optInfo, info); err != nil {
			b.t.Fatal(err)
		}
		i, err := xt.DecodeInfo(info)
		if err != nil {
			b.t.Fatal(err)
		}
		entries, err := b.s.entries(tableKey{family, table}, level, i)
		if err != nil {
			b.t.Fatal(err)
		}
		var text strings.Builder
		for _, l := range lines {
			if l.table == table {
				text.WriteString(l.text + "\n")
			}
		}
		base := "../../netstate/xt/testdata/" + family + "-" + strings.TrimSuffix(file, ".txt") + "-" + table
		b.write(base+".bin", string(info)+string(entries))
		b.write(base+".txt", text.String())
	}
}
