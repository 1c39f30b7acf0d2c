package iproute

import (
	"errors"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// nftReader reads `nft list ruleset`, with handles (-a) or without.
type nftReader struct {
	x *space
	// iptables is true if nft has said that the next table is of iptables-nft.
	iptables string
	table    *netstate.SavedTable
	chain    *netstate.SavedChain
	// depth counts braces that are open: 1 inside of a table, 2 inside of a chain.
	depth int
	// rule is a rule whose braces are not all closed yet.
	rule string
}

// nftFamilies are the families of tables.
var nftFamilies = map[string]bool{"ip": true, "ip6": true, "inet": true, "arp": true, "bridge": true, "netdev": true}

// isNFTTable reports whether a line begins a table: "table ip filter {".
func isNFTTable(line string) bool {
	words := strings.Fields(line)
	const least = 4
	return len(words) >= least && words[0] == "table" && nftFamilies[words[1]] && words[3] == "{"
}

// warned reads "# Warning: table ip mangle is managed by iptables-nft, do not
// touch!", and reports whether the line is that.
func (r *nftReader) warned(line string) bool {
	rest, ok := strings.CutPrefix(line, "# Warning: table ")
	if !ok || !strings.Contains(rest, "managed by iptables-nft") {
		return false
	}
	words := strings.Fields(rest)
	r.iptables = words[0] + " " + words[1]
	return true
}

// open reports whether a table is being read.
func (r *nftReader) open() bool { return r.table != nil }

// line reads one line.
func (r *nftReader) line(line string) error {
	text, handle := cutHandle(strings.TrimSpace(line))
	if text == "" || strings.HasPrefix(text, "#") && r.rule == "" {
		return nil
	}
	if r.table == nil {
		return r.begin(text)
	}
	if r.chain != nil && (r.rule != "" || r.depth == 2 && text != "}") {
		return r.inChain(text, handle)
	}
	words := strings.Fields(text)
	const least = 3
	outside := r.depth == 1
	if outside && words[0] == "flags" && strings.Contains(text, "dormant") {
		r.table.Dormant = true
	}
	r.depth += braces(text)
	if outside && words[0] == "chain" && len(words) >= least {
		r.table.Chains = append(r.table.Chains, netstate.SavedChain{Name: words[1]})
		r.chain = &r.table.Chains[len(r.table.Chains)-1]
	}
	if r.depth <= 1 {
		r.chain = nil
	}
	if r.depth <= 0 {
		r.end()
	}
	return nil
}

func (r *nftReader) begin(text string) error {
	if !isNFTTable(text) {
		return errors.New("no table of nft")
	}
	words := strings.Fields(text)
	r.table = &netstate.SavedTable{Family: words[1], Name: words[2], Tool: "nft", Iptables: r.iptables == words[1]+" "+words[2]}
	r.depth = braces(text)
	if r.depth <= 0 { // "table ip filter { }"
		r.end()
	}
	return nil
}

func (r *nftReader) end() {
	r.x.covers.ruleset("nft")
	if r.table != nil {
		r.x.ns.Ruleset.Saved = append(r.x.ns.Ruleset.Saved, *r.table)
	}
	r.table, r.chain, r.depth, r.rule = nil, nil, 0, ""
}

// inChain reads a line of a chain: where it is called from, or a rule, which
// goes on until its braces are closed.
func (r *nftReader) inChain(text string, handle uint64) error {
	if r.rule == "" && strings.HasPrefix(text, "type ") && strings.Contains(text, " hook ") {
		return hook(r.chain, r.table.Family, text)
	}
	if r.rule == "" && len(r.chain.Rules) == 0 && (strings.HasPrefix(text, "comment \"") || strings.HasPrefix(text, "policy ") && strings.HasSuffix(text, ";")) {
		return nil
	}
	if r.rule != "" {
		text = r.rule + " " + text
	}
	if braces(text) > 0 {
		r.rule = text
		return nil
	}
	r.rule = ""
	rule := netstate.SavedRule{Text: text, Handle: handle}
	rule.Packets, rule.Bytes, rule.Counted = nftCounter(text)
	r.chain.Rules = append(r.chain.Rules, rule)
	return nil
}

// cutHandle takes " # handle 7" off a line.
func cutHandle(text string) (string, uint64) {
	const mark = "# handle "
	i := strings.LastIndex(text, mark)
	if i < 0 {
		return text, 0
	}
	handle, err := strconv.ParseUint(text[i+len(mark):], 10, 64)
	if err != nil {
		return text, 0
	}
	return strings.TrimSpace(text[:i]), handle
}

// braces counts those that are open, outside of quotes.
func braces(text string) int {
	n, quoted := 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			n++
		case c == '}':
			n--
		}
	}
	return n
}

// nftCounter reads "counter packets 1 bytes 60" in a rule.
func nftCounter(text string) (packets, bytes uint64, ok bool) {
	_, rest, ok := strings.Cut(text, "counter packets ")
	words := strings.Fields(rest)
	const least = 3
	if !ok || len(words) < least || words[1] != "bytes" {
		return 0, 0, false
	}
	packets, err := strconv.ParseUint(words[0], 10, 64)
	bytes, err2 := strconv.ParseUint(words[2], 10, 64)
	return packets, bytes, err == nil && err2 == nil
}

// hook reads "type filter hook ingress device \"eth0\" priority filter - 10;
// policy accept;".
func hook(c *netstate.SavedChain, family, text string) error {
	main, rest, _ := strings.Cut(text, ";")
	s := scan(main)
	for w := s.next(); w != ""; w = s.next() {
		switch w {
		case "type":
			c.Type = s.next()
		case "hook":
			c.Hook = s.next()
		case "device":
			c.Devices = append(c.Devices, strings.Trim(s.next(), `"`))
		case "devices":
			s.skip("=")
			s.skip("{")
			for d := s.next(); d != "}" && d != ""; d = s.next() {
				c.Devices = append(c.Devices, strings.Trim(d, `",`))
			}
		case "priority":
			p, err := priority(s, family)
			if err != nil {
				return err
			}
			c.Priority = p
		}
	}
	c.Policy = "accept"
	if _, policy, ok := strings.Cut(rest, "policy "); ok {
		c.Policy = strings.TrimSuffix(strings.TrimSpace(policy), ";")
	}
	return nil
}

// priority reads a number, or a name with what is added to it.
// Bridges have their own names (enum nf_br_hook_priorities).
func priority(s *scanner, family string) (int, error) {
	names := map[string]int{"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}
	if family == "bridge" {
		names = map[string]int{"dstnat": -300, "filter": -200, "out": 100, "srcnat": 300}
	}
	name := s.next()
	base, ok := names[name]
	if !ok {
		return strconv.Atoi(name)
	}
	sign := 1
	switch {
	case s.skip("-"):
		sign = -1
	case !s.skip("+"):
		return base, nil
	}
	n, err := strconv.Atoi(s.next())
	return base + sign*n, err
}
