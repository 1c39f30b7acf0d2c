package nftrace

import "encoding/binary"

// Netlink attributes (linux/netlink.h, struct nlattr): length and type in the
// machine's byte order, padded to 4 bytes. Those of netfilter hold numbers in
// network byte order.
const (
	nlaHeader   = 4
	nlaTypeMask = 0x3fff // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
	nlaNested   = 0x8000
)

// attrs are encoded attributes; each method appends one.
type attrs []byte

func (a attrs) bytes(typ uint16, v []byte) attrs {
	a = binary.NativeEndian.AppendUint16(a, uint16(nlaHeader+len(v)))
	a = binary.NativeEndian.AppendUint16(a, typ)
	a = append(a, v...)
	for len(a)%4 != 0 {
		a = append(a, 0)
	}
	return a
}

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

// eachAttr calls fn for the attributes in b, and is false where they are cut
// short.
func eachAttr(b []byte, fn func(typ uint16, v []byte)) bool {
	for len(b) >= nlaHeader {
		n := int(binary.NativeEndian.Uint16(b))
		if n < nlaHeader || n > len(b) {
			return false
		}
		fn(binary.NativeEndian.Uint16(b[2:])&nlaTypeMask, b[nlaHeader:n])
		b = b[min((n+3)&^3, len(b)):]
	}
	return len(b) == 0
}

// The readers of values take what is there: a value that is too short is 0.

func be32(v []byte) uint32 {
	if len(v) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(v)
}

func be64(v []byte) uint64 {
	if len(v) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(v)
}

func cstring(v []byte) string {
	for i, c := range v {
		if c == 0 {
			return string(v[:i])
		}
	}
	return string(v)
}

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
