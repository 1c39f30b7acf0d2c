package netlink

import (
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
)

// watch begins to look out for changes of what is configured: the lists of
// links, addresses, routes, rules and nexthops refer to each other, and are
// read one after the other. Neighbours come and go with the traffic, and are
// not waited for.
func watch() (*nlsock.Watch, error) {
	return nlsock.NewWatch(unix.NETLINK_ROUTE,
		unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE,
		unix.RTNLGRP_IPV4_RULE, unix.RTNLGRP_IPV6_RULE, unix.RTNLGRP_NEXTHOP)
}

// changedSince says which parts have changed since the last time, or since the
// watch began. What was lost may have been anything.
func changedSince(w *nlsock.Watch) map[netstate.Part]bool {
	changed := map[netstate.Part]bool{}
	err := w.Changes(func(typ uint16) {
		if p := partOf(typ); p != "" {
			changed[p] = true
		}
	})
	if err != nil {
		for _, p := range [...]netstate.Part{
			netstate.PartLinks, netstate.PartAddresses, netstate.PartRoutes, netstate.PartRules, netstate.PartNexthops,
		} {
			changed[p] = true
		}
	}
	return changed
}

func partOf(typ uint16) netstate.Part {
	switch typ {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		return netstate.PartLinks
	case unix.RTM_NEWADDR, unix.RTM_DELADDR:
		return netstate.PartAddresses
	case unix.RTM_NEWROUTE, unix.RTM_DELROUTE:
		return netstate.PartRoutes
	case unix.RTM_NEWRULE, unix.RTM_DELRULE:
		return netstate.PartRules
	case unix.RTM_NEWNEXTHOP, unix.RTM_DELNEXTHOP:
		return netstate.PartNexthops
	}
	return ""
}
