//go:build !pktrail_lite

package ask

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Links lists the devices of the namespace with their addresses, in the order
// of their index.
func (a *Asker) Links() ([]Link, error) {
	c, err := a.conn(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	var links []Link
	err = c.dump(unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg), func() { links = nil }, func(b []byte) error {
		l, err := decodeLink(b)
		links = append(links, l)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	addrs := map[int][]netip.Prefix{}
	err = c.dump(unix.RTM_GETADDR, make([]byte, unix.SizeofIfAddrmsg), func() { clear(addrs) }, func(b []byte) error {
		index, p, err := decodeAddress(b)
		addrs[index] = append(addrs[index], p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	for i := range links {
		links[i].Addresses = addrs[links[i].Index]
	}
	slices.SortFunc(links, func(a, b Link) int { return cmp.Compare(a.Index, b.Index) })
	return links, nil
}

// link asks for one device, by its index or else by its name. It returns an
// error that wraps syscall.ENODEV if there is none.
func (a *Asker) link(index int, name string) (Link, error) {
	c, err := a.conn(unix.NETLINK_ROUTE)
	if err != nil {
		return Link{}, err
	}
	body := make([]byte, unix.SizeofIfInfomsg)
	if index != 0 {
		putNative32(body[4:], uint32(index))
	} else {
		const nameSize, attrName, attrAltName = 16, 3, 53 // IFNAMSIZ, IFLA_IFNAME, IFLA_ALT_IFNAME
		typ := uint16(attrName)
		if len(name) >= nameSize {
			typ = attrAltName
		}
		body = nlattr.Append(body, typ, append([]byte(name), 0)...)
	}
	b, err := c.one(unix.RTM_GETLINK, body)
	if err != nil {
		if name == "" {
			name = "number " + strconv.Itoa(index)
		}
		return Link{}, fmt.Errorf("find device %s: %w", name, err)
	}
	return decodeLink(b)
}

// names gives the names of devices, each asked for once. It is made for one
// question and thrown away: devices come and go.
type names struct {
	a     *Asker
	known map[int]string
}

func (a *Asker) names() *names { return &names{a: a, known: map[int]string{}} }

// of is a device's name; "if7" for one that is not there any more.
func (n *names) of(index int) (string, error) {
	if index == 0 {
		return "", nil
	}
	if s, ok := n.known[index]; ok {
		return s, nil
	}
	l, err := n.a.link(index, "")
	switch {
	case errors.Is(err, unix.ENODEV):
		l.Name = "if" + strconv.Itoa(index)
	case err != nil:
		return "", err
	}
	n.known[index] = l.Name
	return l.Name, nil
}

// fill names the devices of a route.
func (n *names) fill(e *Entry) (err error) {
	for i := range e.Hops {
		if e.Hops[i].Device, err = n.of(e.Hops[i].Index); err != nil {
			return err
		}
	}
	e.inName, err = n.of(e.in)
	return err
}
