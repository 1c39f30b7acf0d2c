package netlink

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
)

// wireguard reads what is public of the WireGuard devices among the links. One
// that cannot be read stays without.
func (t *taker) wireguard(links []netstate.Link) {
	for i := range links {
		l := &links[i]
		if l.Kind != "wireguard" {
			continue
		}
		d, err := t.wireguardOf(l.Index)
		if err != nil {
			t.unreadable(netstate.PartLinks, "wireguard "+l.Name, err)
			continue
		}
		l.WireGuard = &d.WireGuard
	}
}

func (t *taker) wireguardOf(index int) (*wgDevice, error) {
	c, err := t.conn(unix.NETLINK_GENERIC)
	if err != nil {
		return nil, err
	}
	family, err := genlFamily(c, "wireguard")
	if err != nil {
		return nil, err
	}
	number := binary.NativeEndian.AppendUint32(nil, uint32(index))
	d := new(wgDevice)
	err = c.Dump(family, genlRequest(wgGetDevice, 1, nlattr.Append(nil, wgIfIndex, number...)), func(m nlsock.Message) error {
		defer clear(m.Body) // the private key is there too
		return d.add(m.Body)
	})
	return d, err
}
