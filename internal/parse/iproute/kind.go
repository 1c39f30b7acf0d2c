package iproute

import (
	"net/netip"
	"slices"
	"strings"
)

// Kind is what a listing is of.
type Kind string

// The kinds.
const (
	KindRules      Kind = "ip rule"
	KindRoutes     Kind = "ip route"
	KindNexthops   Kind = "ip nexthop"
	KindLinks      Kind = "ip link"
	KindAddresses  Kind = "ip addr"
	KindNeighbours Kind = "ip neigh"
	KindFDB        Kind = "bridge fdb"
	KindIPTables   Kind = "iptables-save"
	KindNFT        Kind = "nft list ruleset"
	KindIPSets     Kind = "ipset list"
	KindSysctls    Kind = "sysctl -a"

	// kindJSON is what `ip -j` writes, of any kind.
	kindJSON Kind = "ip -j"
	// kindOneLine is `ip -o addr`.
	kindOneLine Kind = "ip -o addr"
)

// Detect says what the beginning of an input is: the kind of its first
// listing, or "" if it is nothing that Read understands. A line in which
// nothing is recognised ends the search: other formats may quote such lines
// further down.
func Detect(head []byte) Kind {
	text := string(head)
	for text != "" {
		line, rest, whole := strings.Cut(text, "\n")
		text = rest
		line = plain(line)
		if strings.TrimSpace(line) == "" {
			continue
		}
		if h, ok := headerOf(line); ok {
			if h.foreign {
				return ""
			}
			if h.kind != "" {
				return h.kind
			}
			continue
		}
		var save saveReader
		var nft nftReader
		switch kind := classify(line); {
		case save.generated(line):
			return KindIPTables
		case nft.warned(line):
			return KindNFT
		case kind == kindJSON:
			return kindOfJSON(text, line, whole)
		case kind == kindOneLine:
			return KindAddresses
		case kind != "" || !strings.HasPrefix(line, "#"):
			return kind
		}
	}
	return ""
}

// kindOfJSON looks at the keys that the first object begins with: a head may
// end in its middle.
func kindOfJSON(rest, line string, whole bool) Kind {
	if whole {
		line += rest
	}
	line = strings.Join(strings.Fields(line[:min(len(line), 4096)]), "")
	line = strings.TrimLeft(line, "[{},")
	for _, k := range [...]struct {
		prefix string
		kind   Kind
	}{
		{`"ifindex"`, KindLinks}, {`"priority"`, KindRules}, {`"mac"`, KindFDB}, {`"id"`, KindNexthops}, {`"type"`, KindRoutes},
	} {
		if strings.HasPrefix(line, k.prefix) {
			return k.kind
		}
	}
	if !strings.HasPrefix(line, `"dst"`) {
		return ""
	}
	first, _, _ := strings.Cut(line, "}")
	if strings.Contains(first, `"lladdr"`) || strings.Contains(first, `"state"`) {
		return KindNeighbours
	}
	return KindRoutes
}

// plain takes away colours and the end of a line of Windows.
func plain(line string) string {
	line = strings.TrimSuffix(line, "\r")
	for {
		i := strings.Index(line, "\x1b[")
		if i < 0 {
			return line
		}
		end := strings.IndexFunc(line[i+2:], func(c rune) bool { return c >= '@' && c <= '~' })
		if end < 0 {
			return line[:i]
		}
		line = line[:i] + line[i+2+end+1:]
	}
}

// classify says what a line is that begins something, by its content; "" if it
// is nothing that is known.
func classify(line string) Kind {
	words := strings.Fields(line)
	if len(words) == 0 || line[0] == ' ' || line[0] == '\t' {
		return ""
	}
	first, second := words[0], ""
	if len(words) > 1 {
		second = words[1]
	}
	switch {
	case first == "[" || strings.HasPrefix(line, "[{") || strings.HasPrefix(line, "[]") || strings.HasPrefix(line, "[ {"):
		return kindJSON
	case line[0] == '*' && len(words) == 1 && isName(first[1:]):
		return KindIPTables
	case second != "" && (first == "-P" || first == "-N" || first == "-A"):
		return KindIPTables
	case isNFTTable(line):
		return KindNFT
	case strings.HasSuffix(first, ":") && isDigits(first[:len(first)-1]):
		return numbered(words)
	case isMAC(first) && second == "dev":
		return KindFDB
	case first == "id" && isDigits(second):
		return KindNexthops
	case strings.HasPrefix(line, "Name: "), len(words) > 2 && first == "create" && strings.Contains(words[2], ":"), len(words) > 2 && first == "add":
		return KindIPSets
	}
	if _, _, ok := sysctlText(line); ok || first == "sysctl:" {
		return KindSysctls
	}
	return entry(words)
}

// numbered is a line that begins with a number and a colon.
func numbered(words []string) Kind {
	const least = 3
	switch {
	case len(words) < least:
	case words[1] == "from" || words[1] == "not":
		return KindRules
	case strings.HasSuffix(words[1], ":") && strings.HasPrefix(words[2], "<"):
		return KindLinks
	case words[2] == "inet" || words[2] == "inet6":
		return kindOneLine
	}
	return ""
}

// entry is a line that begins with an address: a neighbour or a route.
func entry(words []string) Kind {
	first := words[0]
	if _, ok := routeTypes[first]; ok && len(words) > 1 && isDestination(words[1]) {
		return KindRoutes
	}
	if !isDestination(first) {
		return ""
	}
	if _, err := netip.ParseAddr(first); err == nil && len(words) > 1 {
		last := words[len(words)-1]
		if slices.Contains(words, "lladdr") || slices.Contains(neighStates[:], last) || last == "proxy" || words[1] == "dev" && len(words) > 3 && slices.Contains(neighStates[:], words[3]) {
			return KindNeighbours
		}
	}
	if len(words) == 1 {
		if first == "default" || strings.Contains(first, "/") {
			return KindRoutes
		}
		return ""
	}
	switch words[1] {
	case "via", "dev", "proto", "scope", "src", "from", "nhid", "tos", "table", "metric", "encap", "as", "onlink", "linkdown", "mtu", "advmss", "realm", "realms", "nexthop", `\`:
		return KindRoutes
	}
	return ""
}

// isDestination reports whether a word is where a route leads to.
func isDestination(s string) bool {
	if s == "default" || isDigits(s) {
		return true
	}
	_, err := parsePrefix(s)
	return err == nil || strings.HasPrefix(s, "0/") && isDigits(s[2:])
}

// isName reports whether a word is a table of iptables.
func isName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}
