package netns

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// dumpTries is how often a dump is repeated that a change interrupted.
const dumpTries = 5

// view is one namespace seen through rtnetlink: a socket that stays bound to
// it, and its links in the order of their index.
type view struct {
	ns    *Namespace
	nl    *netlink.Handle
	links []netlink.Link
}

// newView looks into a namespace. The thread enters it only to open the
// socket.
func newView(n *Namespace) (*view, error) {
	v := &view{ns: n}
	err := n.Do(func() (err error) {
		v.nl, err = netlink.NewHandle(unix.NETLINK_ROUTE)
		return err
	})
	if err != nil {
		return nil, err
	}
	v.links, err = repeatDump(v.nl.LinkList)
	if err != nil {
		v.close()
		return nil, fmt.Errorf("list interfaces of %s: %w", n.Label, err)
	}
	slices.SortFunc(v.links, func(a, b netlink.Link) int {
		return cmp.Compare(a.Attrs().Index, b.Attrs().Index)
	})
	return v, nil
}

func (v *view) close() { v.nl.Close() }

// repeatDump asks again while the kernel says that something changed during
// the answer (NLM_F_DUMP_INTR). The last answer is taken as it is: it is
// complete but for what changed.
func repeatDump[T any](dump func() ([]T, error)) ([]T, error) {
	var got []T
	var err error
	for range dumpTries {
		got, err = dump()
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			return got, err
		}
	}
	return got, nil
}

// byIndex gives the link with this ifindex, nil if there is none.
func (v *view) byIndex(index int) netlink.Link {
	for _, l := range v.links {
		if l.Attrs().Index == index {
			return l
		}
	}
	return nil
}

// ports gives the links that have this one as their master.
func (v *view) ports(index int) []netlink.Link {
	var ports []netlink.Link
	for _, l := range v.links {
		if l.Attrs().MasterIndex == index {
			ports = append(ports, l)
		}
	}
	return ports
}
