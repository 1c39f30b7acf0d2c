package netstate

// Program is a BPF program, or a filter of tc, that hangs at an interface.
type Program struct {
	// Link is the interface's index.
	Link int `json:"link"`
	// Where is "xdp", "xdpgeneric", "xdpoffload", "tc ingress", "tc egress",
	// "tc qdisc" (filters of a queueing discipline with classes), "tcx ingress",
	// "tcx egress", "netkit primary" or "netkit peer".
	Where string `json:"where"`
	// Kind is the filter's kind of tc ("bpf", "flower", "u32"); empty for the
	// others.
	Kind string `json:"kind,omitempty"`
	// ID, Name and Tag are the BPF program's; ID is 0 if it is none.
	ID   uint32 `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	Tag  string `json:"tag,omitempty"`
	// Jited is true if it runs as machine code, Loaded is when it was loaded, in
	// nanoseconds since boot, UID who did, and BTF the id of its type
	// information. They are 0 where the kernel does not say.
	Jited  bool   `json:"jited,omitempty"`
	Loaded uint64 `json:"loadedNs,omitempty"`
	UID    uint32 `json:"uid,omitempty"`
	BTF    uint32 `json:"btf,omitempty"`
	// Direct is true for a filter of tc that acts itself (direct-action).
	Direct bool `json:"direct,omitempty"`
	// Chain, Priority, Protocol and Handle are the filter's of tc.
	Chain    uint32 `json:"chain,omitempty"`
	Priority uint16 `json:"priority,omitempty"`
	Protocol uint16 `json:"protocol,omitempty"`
	Handle   uint32 `json:"handle,omitempty"`
	// LinkID is the BPF link's; 0 for none.
	LinkID uint32 `json:"linkId,omitempty"`
}
