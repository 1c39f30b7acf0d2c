package netstate

// Ruleset is netfilter's rules in the kernel's own form. Packages nft and xt
// decode it: what a later version understands better is all there.
type Ruleset struct {
	// Generation of the nf_tables ruleset (NFT_MSG_NEWGEN).
	Generation uint32 `json:"generation,omitempty"`
	// Tables, Chains, Rules, Sets, Elements and Objects are the bodies of
	// nf_tables' messages (struct nfgenmsg and attributes), in the kernel's
	// order.
	Tables     [][]byte `json:"tables,omitempty"`
	Chains     [][]byte `json:"chains,omitempty"`
	Rules      [][]byte `json:"rules,omitempty"`
	Sets       [][]byte `json:"sets,omitempty"`
	Elements   [][]byte `json:"elements,omitempty"`
	Objects    [][]byte `json:"objects,omitempty"`
	Flowtables [][]byte `json:"flowtables,omitempty"`
	// Legacy are the tables of iptables-legacy and ip6tables-legacy.
	Legacy []LegacyTable `json:"legacy,omitempty"`
	// Saved are tables as a tool listed them, where there is that alone.
	Saved []SavedTable `json:"saved,omitempty"`
}

// Empty reports whether there is no table of any kind.
func (r *Ruleset) Empty() bool { return len(r.Tables) == 0 && len(r.Legacy) == 0 && len(r.Saved) == 0 }

// LegacyTable is one table of xtables.
type LegacyTable struct {
	// IP6 is true for ip6tables.
	IP6  bool   `json:"ip6,omitempty"`
	Name string `json:"name"`
	// Info is struct ipt_getinfo (IPT_SO_GET_INFO), Entries what
	// IPT_SO_GET_ENTRIES gives behind its header.
	Info    []byte `json:"info"`
	Entries []byte `json:"entries"`
}

// SavedTable is a table in the words of the tool that listed it.
type SavedTable struct {
	// Family is "ip", "ip6", "inet", "arp", "bridge" or "netdev".
	Family string `json:"family"`
	Name   string `json:"name"`
	// Tool is whose words the rules are: "iptables-save" or "nft".
	Tool string `json:"tool"`
	// Legacy is true for a table of iptables-legacy, Iptables for one of nf_tables
	// that iptables-nft made. An iptables-save before 1.8 did not say which.
	Legacy   bool `json:"legacy,omitempty"`
	Iptables bool `json:"iptables,omitempty"`
	// Dormant is true if its chains are not called.
	Dormant bool         `json:"dormant,omitempty"`
	Chains  []SavedChain `json:"chains,omitempty"`
}

// SavedChain is a chain of a SavedTable.
type SavedChain struct {
	Name string `json:"name"`
	// Type and Hook are empty for a chain that the kernel does not call. Priority
	// and Devices are valid iff Hook is not, Policy ("accept", "drop") too.
	Type     string   `json:"type,omitempty"`
	Hook     string   `json:"hook,omitempty"`
	Priority int      `json:"priority,omitempty"`
	Policy   string   `json:"policy,omitempty"`
	Devices  []string `json:"devices,omitempty"`
	// Packets and Bytes are what the policy decided.
	Packets uint64 `json:"packets,omitempty"`
	Bytes   uint64 `json:"bytes,omitempty"`
	// Rules in their order: the first is rule number 1.
	Rules []SavedRule `json:"rules,omitempty"`
}

// SavedRule is a rule of a SavedChain.
type SavedRule struct {
	// Text is a line of iptables-save without counters, or of `nft list ruleset`
	// without the handle.
	Text string `json:"text"`
	// Handle is nf_tables' name for it (`nft -a`); 0 if the text did not tell.
	Handle uint64 `json:"handle,omitempty"`
	// Counted is true if Packets and Bytes were told.
	Counted bool   `json:"counted,omitempty"`
	Packets uint64 `json:"packets,omitempty"`
	Bytes   uint64 `json:"bytes,omitempty"`
}

// NoIPSetIndex is no index of an IPSet (linux/netfilter/ipset/ip_set.h,
// IPSET_INVALID_ID).
const NoIPSetIndex = 0xffff

// IPSet is a set of ipset(8).
type IPSet struct {
	Name string `json:"name"`
	// Type is e.g. "hash:net", Family "inet" or "inet6" where the type has one.
	Type     string `json:"type"`
	Revision uint8  `json:"revision,omitempty"`
	Family   string `json:"family,omitempty"`
	// Header are the words of `ipset save` behind the type ("family inet
	// hashsize 1024 maxelem 65536").
	Header string `json:"header,omitempty"`
	// Entries are the words of each member, as `ipset save` writes them.
	Entries []string `json:"entries,omitempty"`
	// Index is the number by which rules refer to it; NoIPSetIndex where it
	// could not be asked for.
	Index uint16 `json:"index"`
	// Refs is by how many rules it is used.
	Refs uint32 `json:"refs,omitempty"`
	Raw  []Attr `json:"raw,omitempty"`
}
