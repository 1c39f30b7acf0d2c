//go:build !pktrail_lite

package rules

import (
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
)

// conn speaks to nf_tables.
type conn struct{ *nlsock.Conn }

func dial() (*conn, error) {
	c, err := nlsock.Dial(unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, err
	}
	return &conn{c}, nil
}

// attribute is one netlink attribute that holds a string.
type attribute struct {
	kind  uint16
	value string
}

// ask sends one request and hands every message of the answer to each, without
// its netlink header; the bytes are valid during the call. nlsock.ErrChanged
// says that the ruleset changed during a dump.
func (c *conn) ask(kind uint16, family byte, dump bool, attrs []attribute, each func(msg []byte)) error {
	kind |= unix.NFNL_SUBSYS_NFTABLES << 8
	fn := func(m nlsock.Message) error {
		each(m.Body)
		return nil
	}
	if dump {
		return c.Dump(kind, request(family, attrs), fn)
	}
	return c.Ask(kind, 0, request(family, attrs), fn)
}

// request builds struct nfgenmsg and the attributes.
func request(family byte, attrs []attribute) []byte {
	b := append(make([]byte, 0, 128), family, unix.NFNETLINK_V0, 0, 0)
	for _, a := range attrs {
		b = nlattr.Append(b, a.kind, append([]byte(a.value), 0)...)
	}
	return b
}
