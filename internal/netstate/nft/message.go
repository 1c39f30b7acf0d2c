package nft

import (
	"bytes"
	"encoding/binary"
	"iter"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Family is a protocol family of netfilter (enum nfproto of
// linux/netfilter.h).
type Family uint8

// The families that have tables.
const (
	FamilyInet   Family = 1
	FamilyIP     Family = 2
	FamilyARP    Family = 3
	FamilyNetdev Family = 5
	FamilyBridge Family = 7
	FamilyIP6    Family = 10
)

// String returns the family as nft writes it.
func (f Family) String() string {
	switch f {
	case FamilyInet:
		return "inet"
	case FamilyIP:
		return "ip"
	case FamilyARP:
		return "arp"
	case FamilyNetdev:
		return "netdev"
	case FamilyBridge:
		return "bridge"
	case FamilyIP6:
		return "ip6"
	}
	return "unknown"
}

// ParseFamily reads what String writes; false for anything else.
func ParseFamily(s string) (Family, bool) {
	for _, f := range []Family{FamilyInet, FamilyIP, FamilyARP, FamilyNetdev, FamilyBridge, FamilyIP6} {
		if f.String() == s {
			return f, true
		}
	}
	return 0, false
}

// Table is one table.
type Table struct {
	Family Family
	Name   string
	// Flags are NFT_TABLE_F_* : 1 dormant, 2 owner.
	Flags   uint32
	Handle  uint64
	Comment string
}

// Chain is one chain.
type Chain struct {
	Family Family
	Table  string
	Name   string
	Handle uint64
	// Base is true for a chain that hangs at a hook. Type, Hook, Priority,
	// Devices and Policy are valid iff it is.
	Base bool
	// Type is "filter", "nat" or "route".
	Type string
	// Hook is the number of the hook in its family (enum nf_inet_hooks).
	Hook     uint32
	Priority int32
	Devices  []string
	// Policy is 0 for drop and 1 for accept; Packets and Bytes are what it
	// decided, where the chain counts (iptables-nft's do).
	Policy         uint32
	Packets, Bytes uint64
	Comment        string
}

// Rule is one rule.
type Rule struct {
	Family Family
	Table  string
	Chain  string
	Handle uint64
	// Exprs are its expressions in order.
	Exprs []Expr
	// Comment is the one in its user data (nft's own).
	Comment string
	// CompatProto is the layer 4 protocol that iptables-nft gave for its
	// matches (NFTA_RULE_COMPAT); 0 is none.
	CompatProto uint32
}

// genmsg of every nf_tables message is struct nfgenmsg
// (linux/netfilter/nfnetlink.h): family, version, resource id.
const genmsg = 4

func split(msg []byte) (Family, []byte, bool) {
	if len(msg) < genmsg {
		return 0, nil, false
	}
	return Family(msg[0]), msg[genmsg:], true
}

// DecodeTable reads the body of an NFT_MSG_NEWTABLE message, struct nfgenmsg
// included; false if it names no table.
func DecodeTable(msg []byte) (Table, bool) {
	fam, b, ok := split(msg)
	t := Table{Family: fam}
	nlattr.Each(b, func(k uint16, v []byte) {
		switch k {
		case 1: // NFTA_TABLE_NAME
			t.Name = nlattr.Text(v)
		case 2: // NFTA_TABLE_FLAGS
			t.Flags = num32(v)
		case 4: // NFTA_TABLE_HANDLE
			t.Handle = number(v)
		case 6: // NFTA_TABLE_USERDATA
			t.Comment = comment(v)
		}
	})
	return t, ok && t.Name != ""
}

// DecodeChain reads the body of an NFT_MSG_NEWCHAIN message; false if it
// names no chain.
func DecodeChain(msg []byte) (Chain, bool) {
	fam, b, ok := split(msg)
	c := Chain{Family: fam}
	nlattr.Each(b, func(k uint16, v []byte) {
		switch k {
		case 1: // NFTA_CHAIN_TABLE
			c.Table = nlattr.Text(v)
		case 2: // NFTA_CHAIN_HANDLE
			c.Handle = number(v)
		case 3: // NFTA_CHAIN_NAME
			c.Name = nlattr.Text(v)
		case 4: // NFTA_CHAIN_HOOK
			c.hook(v)
		case 5: // NFTA_CHAIN_POLICY
			c.Policy = num32(v)
		case 7: // NFTA_CHAIN_TYPE
			c.Type = nlattr.Text(v)
		case 8: // NFTA_CHAIN_COUNTERS: NFTA_COUNTER_BYTES, NFTA_COUNTER_PACKETS
			c.Bytes, c.Packets = number(attr(v, 1)), number(attr(v, 2))
		case 12: // NFTA_CHAIN_USERDATA
			c.Comment = comment(v)
		}
	})
	return c, ok && c.Name != "" && c.Table != ""
}

func (c *Chain) hook(b []byte) {
	c.Base = true
	nlattr.Each(b, func(k uint16, v []byte) {
		switch k {
		case 1: // NFTA_HOOK_HOOKNUM
			c.Hook = num32(v)
		case 2: // NFTA_HOOK_PRIORITY
			c.Priority = int32(num32(v))
		case 3: // NFTA_HOOK_DEV
			c.device(nlattr.Text(v))
		case 4: // NFTA_HOOK_DEVS
			for _, d := range list(v) {
				c.device(nlattr.Text(d))
			}
		}
	})
}

// device adds a device; the kernel names a single one twice.
func (c *Chain) device(name string) {
	if !slices.Contains(c.Devices, name) {
		c.Devices = append(c.Devices, name)
	}
}

// DecodeRule reads the body of an NFT_MSG_NEWRULE message; false if it names
// no chain. It keeps no part of msg.
func DecodeRule(msg []byte) (Rule, bool) {
	fam, b, ok := split(msg)
	r := Rule{Family: fam}
	nlattr.Each(b, func(k uint16, v []byte) {
		switch k {
		case 1: // NFTA_RULE_TABLE
			r.Table = nlattr.Text(v)
		case 2: // NFTA_RULE_CHAIN
			r.Chain = nlattr.Text(v)
		case 3: // NFTA_RULE_HANDLE
			r.Handle = number(v)
		case 4: // NFTA_RULE_EXPRESSIONS
			for _, e := range list(slices.Clone(v)) {
				r.Exprs = append(r.Exprs, decodeExpr(e))
			}
		case 5: // NFTA_RULE_COMPAT: NFTA_RULE_COMPAT_PROTO
			r.CompatProto = num32(attr(v, 1))
		case 7: // NFTA_RULE_USERDATA
			r.Comment = comment(v)
		}
	})
	return r, ok && r.Chain != "" && r.Table != ""
}

// RuleHandle reads only the handle of an NFT_MSG_NEWRULE message, 0 if it has
// none: for finding one of many rules without decoding the others.
func RuleHandle(msg []byte) uint64 {
	_, b, ok := split(msg)
	if !ok {
		return 0
	}
	return number(attr(b, 3)) // NFTA_RULE_HANDLE
}

// RuleOf reads only which chain an NFT_MSG_NEWRULE message is of: to sort many
// rules without decoding them. What it returns are parts of msg.
func RuleOf(msg []byte) (f Family, table, chain []byte, ok bool) {
	return namesOf(msg, 1, 2) // NFTA_RULE_TABLE, NFTA_RULE_CHAIN
}

// ElementsOf reads which set an NFT_MSG_NEWSETELEM message is of.
func ElementsOf(msg []byte) (f Family, table, set []byte, ok bool) {
	return namesOf(msg, 1, 2) // NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET
}

func namesOf(msg []byte, first, second uint16) (f Family, a, b []byte, ok bool) {
	f, rest, ok := split(msg)
	for kind, v := range nlattr.All(rest) {
		switch kind {
		case first:
			a = bytes.TrimRight(v, "\x00")
		case second:
			b = bytes.TrimRight(v, "\x00")
		}
		if a != nil && b != nil {
			break
		}
	}
	return f, a, b, ok && len(a) > 0 && len(b) > 0
}

// DecodeGeneration reads the number of a NFT_MSG_NEWGEN message, which every
// change of the ruleset raises.
func DecodeGeneration(msg []byte) (uint32, bool) {
	_, b, ok := split(msg)
	id := attr(b, 1) // NFTA_GEN_ID
	return num32(id), ok && id != nil
}

// comment reads the comment of a run of user data attributes: type 0 for
// tables, chains, rules, elements and objects alike.
func comment(b []byte) string {
	for kind, v := range userData(b) {
		if kind == 0 {
			return nlattr.Text(v)
		}
	}
	return ""
}

// userData yields nft's own attributes (libnftnl's udata.h): one byte type, one
// byte length, value. It stops at the first that is not whole.
func userData(b []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		for len(b) >= 2 {
			n := int(b[1])
			if len(b) < 2+n || !yield(b[0], b[2:2+n]) {
				return
			}
			b = b[2+n:]
		}
	}
}

// swap32 reads a number again that was read as big endian and is not.
func swap32(n uint32) uint32 { return native32(binary.BigEndian.AppendUint32(nil, n)) }

// native32 reads a number in the byte order of the machine that nft ran on.
func native32(v []byte) uint32 {
	if len(v) < 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(v)
}
