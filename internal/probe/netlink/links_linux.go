package netlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
)

// links reads the links, and their counters apart from them: asked together,
// the kernel adds up two dozen counters of IPv6 for each link and processor
// that nobody has asked for.
func (t *taker) links() error {
	const filterVF, filterSkipStats = 1, 8 // RTEXT_FILTER_* of linux/rtnetlink.h
	var links []netstate.Link
	body := append32(make([]byte, unix.SizeofIfInfomsg), unix.IFLA_EXT_MASK, filterVF|filterSkipStats)
	err := t.dumpRoute(unix.RTM_GETLINK, body, func(m nlsock.Message) error {
		l, err := rtnl.Link(m.Body)
		if err == nil {
			links = append(links, l)
		}
		return err
	})
	if err != nil && !errors.Is(err, nlsock.ErrChanged) {
		return err
	}
	at := make(map[int]int, len(links))
	t.hardware = map[int]uint16{}
	for i := range links {
		at[links[i].Index] = i
		t.hardware[links[i].Index] = links[i].Type
	}
	t.out.Links = links
	t.wireguard(links)
	if vlanErr := t.vlans(links, at); vlanErr != nil {
		t.unreadable(netstate.PartLinks, "vlans", vlanErr)
	}
	if t.o.NoCounters {
		return err
	}
	if statsErr := t.stats(links, at); statsErr != nil {
		t.unreadable(netstate.PartLinks, "counters", statsErr)
	}
	return err
}

// stats adds the counters to links. Those of a link that came meanwhile are
// dropped, and one that went has none.
func (t *taker) stats(links []netstate.Link, at map[int]int) error {
	const size, link64 = 12, 1 // struct if_stats_msg, IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64)
	body := make([]byte, size)
	binary.NativeEndian.PutUint32(body[8:], link64)
	err := t.dumpRoute(unix.RTM_GETSTATS, body, func(m nlsock.Message) error {
		if index, s, ok := rtnl.Stats(m.Body); ok {
			if i, ok := at[index]; ok {
				links[i].Stats = s
				links[i].Sent.Add(rtnl.LinkStats64)
			}
		}
		return nil
	})
	if errors.Is(err, nlsock.ErrChanged) {
		return nil // links that came or went: the list itself says so
	}
	return err
}

// vlans adds to the bridges that filter by VLANs, and to their ports, which
// these are.
func (t *taker) vlans(links []netstate.Link, at map[int]int) error {
	filters := func(l netstate.Link) bool { return l.Bridge != nil && l.Bridge.VLANFiltering }
	if !slices.ContainsFunc(links, filters) {
		return nil
	}
	const compressed = 4 // RTEXT_FILTER_BRVLAN_COMPRESSED
	body := make([]byte, unix.SizeofIfInfomsg)
	body[0] = unix.AF_BRIDGE
	err := t.dumpRoute(unix.RTM_GETLINK, append32(body, unix.IFLA_EXT_MASK, compressed), func(m nlsock.Message) error {
		index, vlans := rtnl.BridgeVLANs(m.Body)
		i, ok := at[index]
		if !ok {
			return nil
		}
		master, ok := at[links[i].Master]
		if filters(links[i]) || ok && filters(links[master]) {
			links[i].VLANs = vlans
		}
		return nil
	})
	if errors.Is(err, nlsock.ErrChanged) {
		return nil // links that came or went: the list itself says so
	}
	return err
}

// addresses reads those of IPv4 and IPv6.
func (t *taker) addresses() error {
	var all []netstate.Address
	err := t.dumpRoute(unix.RTM_GETADDR, make([]byte, unix.SizeofIfAddrmsg), func(m nlsock.Message) error {
		if f := familyOf(m.Body); f != unix.AF_INET && f != unix.AF_INET6 {
			return nil // those of other protocols are no IP addresses (MCTP)
		}
		a, err := rtnl.Address(m.Body)
		if err == nil {
			all = append(all, a)
		}
		return err
	})
	t.out.Addresses = all
	return err
}

func familyOf(body []byte) byte {
	if len(body) == 0 {
		return unix.AF_UNSPEC
	}
	return body[0]
}

// neighbours reads the entries of ARP and NDP, then those that are answered for
// others.
func (t *taker) neighbours() error {
	const flags, proxy = 10, 8 // in struct ndmsg; NTF_PROXY
	_, done, err := t.needLinks()
	if err != nil {
		return err
	}
	defer done()
	var all []netstate.Neighbour
	read := func(m nlsock.Message) error {
		if f := familyOf(m.Body); f != unix.AF_INET && f != unix.AF_INET6 {
			return nil
		}
		n, err := rtnl.Neighbour(m.Body, func(index int) uint16 { return t.hardware[index] })
		if err == nil {
			all = append(all, n)
		}
		return err
	}
	body := make([]byte, unix.SizeofNdMsg)
	err = t.dumpRoute(unix.RTM_GETNEIGH, body, read)
	if err == nil || errors.Is(err, nlsock.ErrChanged) {
		body[flags] = proxy
		if proxyErr := t.dumpRoute(unix.RTM_GETNEIGH, body, read); proxyErr != nil {
			err = proxyErr
		}
	}
	t.out.Neighbours = all
	return err
}

// fdb reads the forwarding databases of all bridges and devices.
func (t *taker) fdb() error {
	var all []netstate.FDBEntry
	body := make([]byte, unix.SizeofNdMsg)
	body[0] = unix.AF_BRIDGE
	err := t.dumpRoute(unix.RTM_GETNEIGH, body, func(m nlsock.Message) error {
		if familyOf(m.Body) != unix.AF_BRIDGE {
			return nil
		}
		e, err := rtnl.FDBEntry(m.Body)
		if err == nil {
			all = append(all, e)
		}
		return err
	})
	if err != nil && !errors.Is(err, nlsock.ErrChanged) {
		return fmt.Errorf("list forwarding databases: %w", err)
	}
	t.out.FDB = all
	return err
}
