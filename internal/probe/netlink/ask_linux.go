package netlink

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/probe/nlsock"
)

// dumpRoute asks rtnetlink for a list.
func (t *taker) dumpRoute(typ uint16, body []byte, fn func(nlsock.Message) error) error {
	c, err := t.conn(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	return c.Dump(typ, body, fn)
}

// append32 appends a number of this machine's byte order as an attribute.
func append32(dst []byte, typ uint16, v uint32) []byte {
	dst = binary.NativeEndian.AppendUint16(dst, 8)
	dst = binary.NativeEndian.AppendUint16(dst, typ)
	return binary.NativeEndian.AppendUint32(dst, v)
}
