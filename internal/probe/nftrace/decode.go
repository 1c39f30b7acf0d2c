package nftrace

import (
	"encoding/binary"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Kinds of a message (enum nft_trace_types).
const (
	tracePolicy = 1
	traceReturn = 2
	traceRule   = 3
)

// step is one message of NFT_MSG_TRACE. Slices point into the message.
type step struct {
	family       uint8 // of the table
	table, chain string
	handle       uint64
	kind         uint32 // tracePolicy, traceReturn or traceRule
	id           uint32
	verdict      int32 // valid iff hasVerdict; of a policy too
	hasVerdict   bool
	to           string

	// What comes with the first message of a base chain.
	link               []byte
	network, transport []byte
	iif, oif           uint32
	nfproto            uint32
	mark               uint32
	ctID               uint32
	ctState            uint32
	ctStatus           uint32
	ctReply            bool
	hasCT              bool
}

// begins is true for the first message of a packet in a base chain: only that
// has headers or devices.
func (s *step) begins() bool { return s.network != nil || s.iif != 0 || s.oif != 0 }

// decodeStep reads the body of NFT_MSG_TRACE, struct nfgenmsg first; false if
// it is none.
func decodeStep(b []byte) (step, bool) {
	if len(b) < nfHeader {
		return step{}, false
	}
	s := step{family: b[0]}
	ok := nlattr.Each(b[nfHeader:], s.attr)
	return s, ok && s.table != "" && s.chain != "" && s.kind >= tracePolicy && s.kind <= traceRule
}

// attr takes one attribute (enum nft_trace_attributes).
func (s *step) attr(typ uint16, v []byte) {
	switch typ {
	case 1:
		s.table = nlattr.Text(v)
	case 2:
		s.chain = nlattr.Text(v)
	case 3:
		s.handle = nlattr.BE64(v)
	case 4:
		s.kind = nlattr.BE32(v)
	case 5:
		nlattr.Each(v, s.verdictAttr)
	case 6:
		s.id = nlattr.BE32(v)
	case 7:
		s.link = v
	case 8:
		s.network = v
	case 9:
		s.transport = v
	case 10:
		s.iif = nlattr.BE32(v)
	case 12:
		s.oif = nlattr.BE32(v)
	case 14:
		s.mark = nlattr.BE32(v)
	case 15:
		s.nfproto = nlattr.BE32(v)
	case 16:
		s.verdict, s.hasVerdict = int32(nlattr.BE32(v)), true
	case 18:
		s.ctID, s.hasCT = nlattr.BE32(v), true
	case 19:
		s.ctReply, s.hasCT = len(v) > 0 && v[0] == 1, true // IP_CT_DIR_REPLY
	case 20:
		s.ctStatus, s.hasCT = nlattr.BE32(v), true
	case 21:
		s.ctState, s.hasCT = nlattr.BE32(v), true
	}
}

func (s *step) verdictAttr(typ uint16, v []byte) {
	switch typ {
	case nftaVerdictCode:
		s.verdict, s.hasVerdict = int32(nlattr.BE32(v)), true
	case nftaVerdictTo:
		s.to = nlattr.Text(v)
	}
}

// ends is true for a message after which the packet has left the table.
func (s *step) ends() bool {
	return s.kind == tracePolicy || s.kind == traceRule && s.hasVerdict && s.verdict >= 0
}

// rule is what the message says of the ruleset. A message of a rule without a
// handle is the end of a chain.
func (s *step) rule() trail.Rule {
	r := trail.Rule{Family: familyName(s.family), Table: s.table, Chain: s.chain, Handle: s.handle, Kind: trail.RuleMatched, To: s.to}
	if s.hasVerdict {
		r.Verdict = verdictName(s.verdict)
	}
	switch {
	case s.kind == tracePolicy:
		r.Kind = trail.RulePolicy
	case s.kind == traceReturn && s.handle == 0, s.handle == 0 && s.verdict < 0:
		r.Kind, r.Verdict = trail.RuleReturn, "return"
	}
	return r
}

// conntrack is what the message says of the connection; nil if nothing.
func (s *step) conntrack() *trail.Conntrack {
	if !s.hasCT {
		return nil
	}
	c := &trail.Conntrack{Reply: s.ctReply, Status: s.ctStatus}
	// NF_CT_STATE_BIT and friends: one bit is set.
	switch s.ctState {
	case 1:
		c.State = "invalid"
	case 2:
		c.State = "established"
	case 4:
		c.State = "related"
	case 8:
		c.State = "new"
	case 64:
		c.State = "untracked"
	}
	return c
}

// packet is the packet as far as it came: the transport header too, if it
// stands right behind. Where frames are filtered it begins with an Ethernet
// header.
func (s *step) packet() ([]byte, packet.LinkType) {
	n := headerLen(s.network)
	all := make([]byte, 0, etherLen+len(s.network)+len(s.transport))
	link := packet.LinkRaw
	switch s.family {
	case nfprotoBridge, nfprotoNetdev, nfprotoARP:
		if len(s.link) >= etherLen {
			all, link = append(all, s.link[:etherLen]...), packet.LinkEthernet
		}
	}
	all = append(all, s.network...)
	if n != 0 && n == len(s.network) {
		all = append(all, s.transport...)
	}
	return all, link
}

// etherLen is the length of an Ethernet header without tags.
const etherLen = 14

// headerLen is the length of the IP header that b begins with, without
// extension headers; 0 if there are such, or b is no IP header.
func headerLen(b []byte) int {
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		return int(b[0]&0xf) * 4
	case len(b) >= 40 && b[0]>>4 == 6:
		switch b[6] {
		case 0, 43, 44, 51, 60, 135: // extension headers, RFC 8200 and IANA's list
			return 0
		}
		return 40
	}
	return 0
}

// totalLen is the length of an IP packet by its header; 0 if that is not known.
func totalLen(b []byte) int {
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		return int(binary.BigEndian.Uint16(b[2:]))
	case len(b) >= 40 && b[0]>>4 == 6:
		if n := int(binary.BigEndian.Uint16(b[4:])); n != 0 {
			return n + 40
		}
	}
	return 0
}

// decodeChain takes the hook and priority of a base chain from NFT_MSG_NEWCHAIN.
func decodeChain(b []byte, h *trail.Hook) {
	if len(b) < nfHeader {
		return
	}
	family := b[0]
	nlattr.Each(b[nfHeader:], func(typ uint16, v []byte) {
		if typ != 4 { // NFTA_CHAIN_HOOK
			return
		}
		nlattr.Each(v, func(typ uint16, v []byte) {
			switch typ {
			case 1: // NFTA_HOOK_HOOKNUM
				h.Name = hookName(family, nlattr.BE32(v))
			case 2: // NFTA_HOOK_PRIORITY
				h.Priority = int(int32(nlattr.BE32(v)))
			}
		})
	})
}
