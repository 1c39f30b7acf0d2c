package packet

import "encoding/binary"

// DNS is a message (RFC 1035), without the length that TCP puts before it, as
// far as it was captured. Valid iff it has at least 12 bytes.
type DNS []byte

// dnsHeaderLen is the length of the fixed part in bytes.
const dnsHeaderLen = 12

// ID is the number that query and answer share.
func (m DNS) ID() uint16 { return binary.BigEndian.Uint16(m) }

// Flags are the bits of the second word, DNSResponse and so on.
func (m DNS) Flags() DNSFlags { return DNSFlags(binary.BigEndian.Uint16(m[2:])) }

// Counts are the numbers of questions, answers, authorities and additionals
// that the header announces.
func (m DNS) Counts() (qd, an, ns, ar int) {
	return int(binary.BigEndian.Uint16(m[4:])), int(binary.BigEndian.Uint16(m[6:])),
		int(binary.BigEndian.Uint16(m[8:])), int(binary.BigEndian.Uint16(m[10:]))
}

// DNSFlags are the second word of a header.
type DNSFlags uint16

// The flags (RFC 1035, RFC 4035).
const (
	DNSResponse           DNSFlags = 0x8000
	DNSAuthoritative      DNSFlags = 0x0400
	DNSTruncated          DNSFlags = 0x0200
	DNSRecursionDesired   DNSFlags = 0x0100
	DNSRecursionAvailable DNSFlags = 0x0080
	DNSAuthentic          DNSFlags = 0x0020
	DNSCheckingDisabled   DNSFlags = 0x0010
)

// Opcode is the kind of query, 0 for a standard one.
func (f DNSFlags) Opcode() uint8 { return uint8(f>>11) & 15 }

// Rcode is the response code, 0 for no error, 3 for NXDomain.
func (f DNSFlags) Rcode() uint8 { return uint8(f) & 15 }

// DNSType is the type of a record or question (IANA).
type DNSType uint16

// The types that are decoded by somebody.
const (
	DNSTypeA     DNSType = 1
	DNSTypeNS    DNSType = 2
	DNSTypeCNAME DNSType = 5
	DNSTypeSOA   DNSType = 6
	DNSTypePTR   DNSType = 12
	DNSTypeMX    DNSType = 15
	DNSTypeTXT   DNSType = 16
	DNSTypeAAAA  DNSType = 28
	DNSTypeSRV   DNSType = 33
	DNSTypeOPT   DNSType = 41
	DNSTypeANY   DNSType = 255
)

// DNSQuestion is one entry of the question section.
type DNSQuestion struct {
	// Name is the offset of the name in the message, for AppendName.
	Name  int
	Type  DNSType
	Class uint16
}

// DNSRecord is one entry of another section.
type DNSRecord struct {
	// Name is the offset of the name in the message, for AppendName.
	Name  int
	Type  DNSType
	Class uint16
	// TTL in seconds; in OPT the extended response code and flags.
	TTL uint32
	// Data and Len are offset and length of the data, all of which is there.
	Data int
	Len  int
}

// DNSStart is the offset of the first question.
const DNSStart = dnsHeaderLen

// Question reads a question at an offset and returns the offset behind it;
// false if it is not whole.
func (m DNS) Question(at int) (q DNSQuestion, next int, ok bool) {
	next, ok = m.SkipName(at)
	if !ok || next+4 > len(m) {
		return q, at, false
	}
	q = DNSQuestion{Name: at, Type: DNSType(binary.BigEndian.Uint16(m[next:])), Class: binary.BigEndian.Uint16(m[next+2:])}
	return q, next + 4, true
}

// Record reads a record at an offset and returns the offset behind it; false
// if it is not whole. If only the data is not, r is filled in and r.Data is not
// 0.
func (m DNS) Record(at int) (r DNSRecord, next int, ok bool) {
	next, ok = m.SkipName(at)
	if !ok || next+10 > len(m) {
		return r, at, false
	}
	b := m[next:]
	r = DNSRecord{
		Name: at, Type: DNSType(binary.BigEndian.Uint16(b)), Class: binary.BigEndian.Uint16(b[2:]),
		TTL: binary.BigEndian.Uint32(b[4:]), Data: next + 10, Len: int(binary.BigEndian.Uint16(b[8:])),
	}
	if r.Data+r.Len > len(m) {
		return r, at, false
	}
	return r, r.Data + r.Len, true
}

// maxName is the longest name in bytes, lengths and root included (RFC 1035
// section 2.3.4).
const maxName = 255

// maxLabels is how many labels fit a name, and so how many pointers a name can
// need.
const maxLabels = maxName / 2

// SkipName returns the offset behind the name at an offset; false if the name
// is not whole or has a label of unknown type. A pointer is not followed.
func (m DNS) SkipName(at int) (next int, ok bool) {
	for range maxName {
		if at >= len(m) {
			return at, false
		}
		n := int(m[at])
		switch {
		case n == 0:
			return at + 1, true
		case n >= 0xc0:
			return at + 2, at+2 <= len(m)
		case n >= 0x40:
			return at, false
		}
		at += 1 + n
	}
	return at, false
}

// AppendName appends the name at an offset as "web.shop.svc.cluster.local.",
// the root as ".". Bytes that are not printable ASCII are escaped as \ddd,
// dots and backslashes in a label with a backslash (RFC 4343 section 2.1). It
// returns false if the name is not whole, longer than 255 bytes or its
// pointers do not lead backwards, as they must; what could be read is appended
// all the same.
func (m DNS) AppendName(dst []byte, at int) ([]byte, bool) {
	limit := at // a pointer must lead to somewhere before this
	length, hops := 1, 0
	for {
		if at >= len(m) {
			return dst, false
		}
		n := int(m[at])
		switch {
		case n == 0:
			if length == 1 {
				dst = append(dst, '.')
			}
			return dst, true
		case n >= 0xc0:
			if at+2 > len(m) {
				return dst, false
			}
			to := int(binary.BigEndian.Uint16(m[at:]) & 0x3fff)
			if hops++; to >= limit || hops > maxLabels {
				return dst, false
			}
			at, limit = to, to
			continue
		case n >= 0x40 || at+1+n > len(m) || length+1+n > maxName:
			return dst, false
		}
		dst = append(AppendDNSText(dst, m[at+1:at+1+n], '.'), '.')
		at += 1 + n
		length += 1 + n
	}
}

// AppendDNSText appends bytes as printable ASCII: others as \ddd, a backslash
// and the byte special with a backslash before it.
func AppendDNSText(dst, b []byte, special byte) []byte {
	for _, c := range b {
		switch {
		case c == special || c == '\\':
			dst = append(dst, '\\', c)
		case c > ' ' && c < 0x7f:
			dst = append(dst, c)
		default:
			dst = append(dst, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
		}
	}
	return dst
}
