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
}

// Empty reports whether there is no table of any kind.
func (r *Ruleset) Empty() bool { return len(r.Tables) == 0 && len(r.Legacy) == 0 }

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
