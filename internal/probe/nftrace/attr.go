package nftrace

import (
	"encoding/binary"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// nlaNested is NLA_F_NESTED (linux/netlink.h). Attributes of netfilter hold
// numbers in network byte order.
const nlaNested = 0x8000

// attrs are encoded attributes; each method appends one.
type attrs []byte

func (a attrs) bytes(typ uint16, v []byte) attrs { return nlattr.Append(a, typ, v...) }

func (a attrs) text(typ uint16, v string) attrs {
	return a.bytes(typ, append([]byte(v), 0))
}

func (a attrs) u32(typ uint16, v uint32) attrs {
	return a.bytes(typ, binary.BigEndian.AppendUint32(nil, v))
}

func (a attrs) u64(typ uint16, v uint64) attrs {
	return a.bytes(typ, binary.BigEndian.AppendUint64(nil, v))
}

func (a attrs) nest(typ uint16, v attrs) attrs { return a.bytes(typ|nlaNested, v) }

// Netlink messages (linux/netlink.h, struct nlmsghdr).
const (
	nlHeader  = 16
	nlError   = 2 // NLMSG_ERROR
	nlDone    = 3 // NLMSG_DONE
	nlRequest = 0x1
	nlAck     = 0x4
	nlExcl    = 0x200
	nlCreate  = 0x400
	nlAppend  = 0x800
)

// nlMessage is one netlink message of a datagram. body points into it.
type nlMessage struct {
	typ  uint16
	seq  uint32
	body []byte
}

// eachMessage calls fn for the messages in a datagram, and is false where it
// is cut short.
func eachMessage(b []byte, fn func(nlMessage)) bool {
	for len(b) >= nlHeader {
		n := uint64(binary.NativeEndian.Uint32(b))
		if n < nlHeader || n > uint64(len(b)) {
			return false
		}
		fn(nlMessage{
			typ:  binary.NativeEndian.Uint16(b[4:]),
			seq:  binary.NativeEndian.Uint32(b[8:]),
			body: b[nlHeader:n],
		})
		b = b[min((n+3)&^3, uint64(len(b))):]
	}
	return len(b) == 0
}

// nfMessage encodes a message of netfilter: struct nfgenmsg
// (linux/netfilter/nfnetlink.h) stands before its attributes.
func nfMessage(b []byte, typ, flags uint16, seq uint32, family uint8, id uint16, a attrs) []byte {
	b = binary.NativeEndian.AppendUint32(b, uint32(nlHeader+nfHeader+len(a)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = binary.NativeEndian.AppendUint16(b, flags)
	b = binary.NativeEndian.AppendUint32(b, seq)
	b = binary.NativeEndian.AppendUint32(b, 0) // nlmsg_pid: the kernel fills it in
	b = append(b, family, 0)                   // version NFNETLINK_V0
	b = binary.BigEndian.AppendUint16(b, id)
	return append(b, a...)
}

const nfHeader = 4

// Message types of nf_tables: linux/netfilter/nfnetlink.h, NFNL_MSG_BATCH_ and
// NFNL_SUBSYS_NFTABLES; linux/netfilter/nf_tables.h, NFT_MSG_.
const (
	nfBatchBegin = 0x10
	nfBatchEnd   = 0x11
	nfTables     = 10

	nftNewTable   = nfTables << 8
	nftDelTable   = nfTables<<8 | 2
	nftNewChain   = nfTables<<8 | 3
	nftGetChain   = nfTables<<8 | 4
	nftNewRule    = nfTables<<8 | 6
	nftNewSet     = nfTables<<8 | 9
	nftNewElement = nfTables<<8 | 12
	nftTrace      = nfTables<<8 | 17
)

// madeByOthers reports whether a message tells of a table, a chain or a rule
// that somebody made who is not pktrail.
func madeByOthers(m nlMessage) bool {
	if m.typ != nftNewTable && m.typ != nftNewChain && m.typ != nftNewRule || len(m.body) < nfHeader {
		return false
	}
	for typ, v := range nlattr.All(m.body[nfHeader:]) {
		if typ == 1 { // NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE
			return !ourTable(nlattr.Text(v))
		}
	}
	return false
}
