package netstate

import "net/netip"

// Address is an IP address of an interface (linux/if_addr.h).
type Address struct {
	// Link is the interface's index.
	Link int `json:"link"`
	// Prefix is the address itself with the length of its network.
	Prefix netip.Prefix `json:"prefix"`
	// Peer is the other end's network of a point-to-point address; not valid
	// where there is none.
	Peer      netip.Prefix `json:"peer,omitzero"`
	Broadcast netip.Addr   `json:"broadcast,omitzero"`
	Anycast   netip.Addr   `json:"anycast,omitzero"`
	// Scope is RT_SCOPE_* of linux/rtnetlink.h, Flags are IFA_F_*.
	Scope uint8  `json:"scope"`
	Flags uint32 `json:"flags,omitempty"`
	// Label is the name under which ifconfig shows it.
	Label string `json:"label,omitempty"`
	// Valid and Preferred are what is left of its life in seconds; the largest
	// number is for ever.
	Valid     uint32 `json:"valid"`
	Preferred uint32 `json:"preferred"`
	// Created and Updated are when, in hundredths of a second since boot.
	Created  uint32 `json:"created,omitempty"`
	Updated  uint32 `json:"updated,omitempty"`
	Metric   uint32 `json:"metric,omitempty"`
	Protocol uint8  `json:"protocol,omitempty"`
	Raw      []Attr `json:"raw,omitempty"`
}
