package iproute

import (
	"path"
	"regexp"
	"strings"
)

// hint is what a command's line, or a file's name, says of what follows.
type hint struct {
	// kind is that of the command, if there is one alone; foreign is true for the
	// output of others.
	kind    Kind
	foreign bool
	// family is "inet" or "inet6", table as `ip route show table` has it, legacy
	// and nft which iptables; "" where it does not say.
	family, table string
	legacy, nft   bool
	// netns is the name of another namespace; other is true if the line says that
	// it is one.
	netns string
	// host is the machine, of a file's name.
	host string
}

// headerOf reads a line that says which command's output follows: "## ip rule",
// "$ ip rule", "root@node:~# ip rule", "=== ip rule ===", "==> FILE <==".
func headerOf(line string) (hint, bool) {
	if inner, ok := strings.CutPrefix(line, "==> "); ok && strings.HasSuffix(inner, " <==") {
		h := HintOf(strings.TrimSuffix(inner, " <=="))
		return h.hint, true
	}
	for _, mark := range [...]string{"##", "==", "--", "**", ">>"} {
		if !strings.HasPrefix(line, mark) {
			continue
		}
		body := strings.Trim(line, "#=-*<> \t")
		if strings.HasPrefix(line, "--") && !strings.HasPrefix(line, "---") || body == "" {
			return hint{}, false
		}
		h, ok := command(body)
		if !ok {
			h.foreign = true
		}
		return h, true
	}
	if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
		return hint{}, false
	}
	for _, mark := range [...]string{"# ", "$ ", "+ ", ""} {
		body, ok := strings.CutPrefix(line, mark)
		if !ok {
			continue
		}
		if strings.Contains(body, "@") {
			if m := prompt.FindStringSubmatch(body); m != nil {
				body = m[1]
			}
		}
		if !startsWithTool(body) {
			continue
		}
		if h, ok := command(strings.TrimSuffix(strings.TrimSpace(body), ":")); ok {
			return h, true
		}
	}
	return hint{}, false
}

// prompt is a shell's: "root@node:~# ", "[root@node ~]# ".
var prompt = regexp.MustCompile(`^\[?[\w.-]+@[\w.-]+[^#$]*[#$] (.+)$`)

// tools are the programs whose output is read; others are those that often
// stand beside it.
var (
	tools = map[string]Kind{
		"ip": "", "bridge": "", "nft": KindNFT, "sysctl": KindSysctls, "ipset": KindIPSets,
		"iptables": KindIPTables, "iptables-save": KindIPTables, "iptables-nft-save": KindIPTables, "iptables-legacy-save": KindIPTables,
		"ip6tables": KindIPTables, "ip6tables-save": KindIPTables, "ip6tables-nft-save": KindIPTables, "ip6tables-legacy-save": KindIPTables,
		"iptables-nft": KindIPTables, "iptables-legacy": KindIPTables, "ip6tables-nft": KindIPTables, "ip6tables-legacy": KindIPTables,
	}
	others = map[string]bool{
		"tc": true, "conntrack": true, "bpftool": true, "ss": true, "netstat": true, "cat": true, "ls": true, "uname": true, "date": true,
		"hostname": true, "dmesg": true, "ethtool": true, "route": true, "ifconfig": true, "arp": true, "cilium": true, "cilium-dbg": true,
		"calicoctl": true, "crictl": true, "docker": true, "lsmod": true, "ps": true, "journalctl": true, "ping": true, "ipvsadm": true,
		"arptables-save": true, "ebtables-save": true, "wg": true, "kubectl": true, "curl": true, "tcpdump": true, "find": true, "ovs-vsctl": true,
	}
	// objects are ip's, by the word that its man page has; it takes any
	// beginning of it.
	objects = []struct {
		name string
		kind Kind
	}{
		{"address", KindAddresses},
		{"link", KindLinks},
		{"route", KindRoutes},
		{"rule", KindRules},
		{"neighbour", KindNeighbours},
		{"neighbor", KindNeighbours},
		{"nexthop", KindNexthops},
	}
)

// startsWithTool reports whether a line is a command's, and not a sentence that
// names one.
func startsWithTool(line string) bool {
	words := strings.Fields(line)
	for len(words) > 0 && words[0] == "sudo" {
		words = words[1:]
	}
	if len(words) < 1 {
		return false
	}
	name := path.Base(strings.TrimSuffix(words[0], ":"))
	_, ours := tools[name]
	switch name {
	case "nsenter":
		return true
	case "ip", "bridge", "nft", "sysctl", "ipset": // words of English, or of logs
		return len(words) > 1 && !strings.Contains(words[1], ":")
	}
	return ours || others[name] && len(words) > 1
}

// command reads a command's line, and reports whether a tool is in it. Of
// several commands that say different things it keeps what they agree on.
func command(line string) (hint, bool) {
	var all hint
	known := false
	for i, one := range strings.FieldsFunc(line, func(c rune) bool { return c == ';' || c == '&' || c == '|' }) {
		h, ok := oneCommand(strings.Fields(one))
		if all.netns == "" {
			all.netns = h.netns
		}
		if !ok {
			continue
		}
		if i == 0 || !known {
			h.netns = all.netns
			all = h
		} else if !h.foreign {
			all.foreign = false
			if h.kind != all.kind {
				all.kind = ""
			}
			if h.family != all.family {
				all.family = ""
			}
			if h.table != all.table {
				all.table = ""
			}
		}
		known = true
	}
	return all, known
}

// oneCommand finds the tool in a command's words: "sudo ip netns exec NAME ip
// rule" is one of ip rule.
func oneCommand(words []string) (hint, bool) {
	var h hint
	for i := 0; i < len(words); i++ {
		w := path.Base(strings.TrimSuffix(words[i], ":"))
		switch kind, ours := tools[w]; {
		case words[i] == "netns" && i+1 < len(words):
			h.netns = netnsName(words[i+1])
			if words[i+1] == "exec" && i+2 < len(words) {
				h.netns = netnsName(words[i+2])
				i++
			}
			i++
		case strings.HasPrefix(words[i], "--net="):
			h.netns = netnsName(words[i])
		case w == "ip" && i+2 < len(words) && words[i+1] == "netns" && words[i+2] == "exec":
		case w == "ip" || w == "bridge":
			h.iproute(w, words[i+1:])
			return h, true
		case ours:
			h.kind = kind
			h.firewall(w, words[i+1:])
			return h, true
		case others[w]:
			h.foreign = true
			return h, true
		}
	}
	return h, false
}

func netnsName(s string) string { return path.Base(strings.TrimSuffix(s, ":")) }

// iproute reads the words behind ip or bridge.
func (h *hint) iproute(tool string, words []string) {
	object := ""
	for i, w := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		switch {
		case w == "-4" || w == "4" || w == "v4":
			h.family = "inet"
		case w == "-6" || w == "6" || w == "v6":
			h.family = "inet6"
		case (w == "-f" || w == "-family") && (next == "inet" || next == "inet6"):
			h.family = next
		case w == "-n" || w == "-netns":
			h.netns = netnsName(next)
		case w == "table" && next != "":
			h.table = next
		case object == "" && w != "" && w[0] >= 'a' && w[0] <= 'z' && (i == 0 || words[i-1] != "-n" && words[i-1] != "-f" && words[i-1] != "-netns"):
			object = w
		}
	}
	if strings.HasSuffix(object, "6") {
		h.family, object = "inet6", object[:len(object)-1]
	}
	if tool == "bridge" {
		h.kind = KindFDB
		h.foreign = object != "" && object != "fdb"
		return
	}
	for _, o := range objects {
		if object != "" && (strings.HasPrefix(o.name, object) || object == o.name+"s") {
			h.kind = o.kind
			return
		}
	}
	h.foreign = object != ""
}

// firewall reads the words behind another tool.
func (h *hint) firewall(tool string, words []string) {
	if h.kind != KindIPTables {
		return
	}
	h.family = "inet"
	if strings.HasPrefix(tool, "ip6") {
		h.family = "inet6"
	}
	h.legacy, h.nft = strings.Contains(tool, "legacy"), strings.Contains(tool, "nft")
	for i, w := range words {
		if w == "-t" && i+1 < len(words) {
			h.table = words[i+1]
		}
	}
}

// NameHint is what a file's name says.
type NameHint struct {
	// Host is the machine: "ceph2" of "ceph2-ip-rule.txt", "node1" of
	// "node1.host.txt"; "" if the name is a command's alone.
	Host string
	hint hint
}

// HintOf reads a file's name, with or without its folders.
func HintOf(name string) NameHint {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	for _, ext := range [...]string{".gz", ".txt", ".log", ".out", ".json", ".conf"} {
		base = strings.TrimSuffix(base, ext)
	}
	host := base
	var n NameHint
	if m := nameCommand.FindStringSubmatchIndex(base); m != nil {
		host = base[:m[0]]
		words := strings.FieldsFunc(base[m[2]:], func(c rune) bool { return c == '-' || c == '_' || c == '.' || c == ' ' })
		switch {
		case strings.HasPrefix(words[0], "ip") && strings.Contains(words[0], "tables"):
			tool := strings.Join(words, "-")
			n.hint.kind = KindIPTables
			n.hint.firewall(tool, nil)
		case words[0] == "ip6":
			words[0] = "6"
			n.hint.iproute("ip", words)
		case words[0] == "ip" || words[0] == "bridge":
			n.hint.iproute(words[0], words[1:])
		default:
			n.hint.kind = tools[words[0]]
		}
	}
	for _, word := range [...]string{"host", "ip", "state", "net", "network"} {
		if cut, ok := strings.CutSuffix(host, word); ok && (cut == "" || strings.ContainsAny(cut[len(cut)-1:], ".-_")) {
			host = cut
			break
		}
	}
	n.Host = strings.TrimRight(host, ".-_ ")
	n.hint.host, n.hint.foreign = n.Host, false
	return n
}

// nameCommand is a command in a file's name: "-ip-route-table-local",
// ".ip6tables-save". A machine may be called "ip-10-0-0-1".
var nameCommand = regexp.MustCompile(`(?:^|[-_. ])(ip6?tables(?:$|[-_. ])?|nft(?:$|[-_. ])|sysctl|ipset|bridge(?:$|[-_. ])|` +
	`ip6?(?:[-_ ][46djso]+)*[-_ ](?:rules?6?|ru|routes?6?|ro?|addr(?:ess)?(?:es)?|a|links?|l|neigh(?:bou?rs?)?|nexthops?)(?:$|[-_. ]))`)
