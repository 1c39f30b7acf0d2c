package afpacket

import (
	"encoding/binary"
	"net"

	"github.com/pktrail/pktrail/internal/trail"
)

// Numbers of linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if.h.
const (
	nlHeader  = 16 // struct nlmsghdr
	nlError   = 2  // NLMSG_ERROR
	nlDone    = 3  // NLMSG_DONE
	nlAttr    = 4  // struct rtattr
	nlTypes   = 0x3fff
	newLink   = 16 // RTM_NEWLINK
	delLink   = 17 // RTM_DELLINK
	linkInfo  = 16 // struct ifinfomsg
	attrMAC   = 1  // IFLA_ADDRESS
	attrName  = 3  // IFLA_IFNAME
	attrMTU   = 4  // IFLA_MTU
	attrInfo  = 18 // IFLA_LINKINFO
	attrKind  = 1  // IFLA_INFO_KIND
	flagUp    = 1  // IFF_UP
	familyAny = 0  // AF_UNSPEC; AF_BRIDGE messages are about ports
)

// link is a network device, as rtnetlink describes it.
type link struct {
	index  int
	hatype uint16
	up     bool
	name   string
	kind   string
	mac    net.HardwareAddr
	mtu    int
}

func (l link) loopback() bool { return l.hatype == arpLoopback }

// describe fills the device's part of a point.
func (l link) describe(p trail.Point) trail.Point {
	p.Interface, p.Index, p.Kind, p.MTU = l.name, l.index, l.kind, l.mtu
	p.Link = linkOf(l.hatype)
	p.MAC = ""
	if len(l.mac) == 6 && l.hatype == arpEther {
		p.MAC = l.mac.String()
	}
	return p
}

// linkMessage is one message of a netlink datagram, as far as it matters.
type linkMessage struct {
	kind uint16 // newLink, delLink, nlError, nlDone, or 0 for any other
	seq  uint32
	code int32 // of nlError: 0 or a negative errno
	link link  // of newLink and delLink
}

// decodeLinks calls each for every message in a netlink datagram, and stops
// at the first malformed one.
func decodeLinks(b []byte, each func(linkMessage)) {
	for len(b) >= nlHeader {
		size := binary.NativeEndian.Uint32(b)
		if size < nlHeader || uint64(size) > uint64(len(b)) {
			return
		}
		m := linkMessage{kind: binary.NativeEndian.Uint16(b[4:]), seq: binary.NativeEndian.Uint32(b[8:])}
		body := b[nlHeader:size]
		switch m.kind {
		case newLink, delLink:
			var ok bool
			if m.link, ok = decodeLink(body); !ok {
				m.kind = 0
			}
		case nlError:
			if len(body) >= 4 {
				m.code = int32(binary.NativeEndian.Uint32(body))
			}
		case nlDone:
		default:
			m.kind = 0
		}
		each(m)
		b = b[min(uint64(len(b)), (uint64(size)+3)&^3):]
	}
}

func decodeLink(b []byte) (link, bool) {
	if len(b) < linkInfo || b[0] != familyAny {
		return link{}, false
	}
	l := link{
		hatype: binary.NativeEndian.Uint16(b[2:]),
		index:  int(int32(binary.NativeEndian.Uint32(b[4:]))),
		up:     binary.NativeEndian.Uint32(b[8:])&flagUp != 0,
	}
	attributes(b[linkInfo:], func(kind uint16, v []byte) {
		switch kind {
		case attrName:
			l.name = text(v)
		case attrMAC:
			l.mac = append(net.HardwareAddr(nil), v...)
		case attrMTU:
			if len(v) >= 4 {
				l.mtu = int(int32(binary.NativeEndian.Uint32(v)))
			}
		case attrInfo:
			attributes(v, func(kind uint16, v []byte) {
				if kind == attrKind {
					l.kind = text(v)
				}
			})
		}
	})
	return l, l.index > 0 && l.name != ""
}

func attributes(b []byte, each func(kind uint16, v []byte)) {
	for len(b) >= nlAttr {
		size := int(binary.NativeEndian.Uint16(b))
		if size < nlAttr || size > len(b) {
			return
		}
		each(binary.NativeEndian.Uint16(b[2:])&nlTypes, b[nlAttr:size])
		b = b[min(len(b), (size+3)&^3):]
	}
}

// text is a string attribute without its final zero.
func text(b []byte) string {
	if n := len(b); n > 0 && b[n-1] == 0 {
		b = b[:n-1]
	}
	return string(b)
}
