package netstate

// Namespace is the configuration of one network namespace.
type Namespace struct {
	// Inode identifies it on its machine until it is gone.
	Inode uint64 `json:"inode"`
	// Host is true for the machine's own namespace.
	Host bool `json:"host,omitempty"`
	// Names are the paths that it has, e.g. "/run/netns/cni-5f0e1c".
	Names []string `json:"names,omitempty"`
	// PID is the lowest process id in it; valid iff positive.
	PID int `json:"pid,omitempty"`
	// Peers are the ids that this namespace has given to others (RTM_GETNSID),
	// which Link.ParentNSID refers to, with these others' inodes. One that
	// could not be opened is missing.
	Peers map[int32]uint64 `json:"peers,omitempty"`

	Links      []Link      `json:"links,omitempty"`
	Addresses  []Address   `json:"addresses,omitempty"`
	Routes     []Route     `json:"routes,omitempty"`
	Rules      []Rule      `json:"rules,omitempty"`
	Nexthops   []Nexthop   `json:"nexthops,omitempty"`
	Neighbours []Neighbour `json:"neighbours,omitempty"`
	FDB        []FDBEntry  `json:"fdb,omitempty"`
	Programs   []Program   `json:"programs,omitempty"`
	Ruleset    Ruleset     `json:"ruleset,omitzero"`
	IPSets     []IPSet     `json:"ipsets,omitempty"`
	Conntrack  Conntrack   `json:"conntrack,omitzero"`
	IPVS       []IPVS      `json:"ipvs,omitempty"`
	Listeners  []Listener  `json:"listeners,omitempty"`
	// Sysctls are settings by their names below net., with dots ("ipv4.ip_forward",
	// "ipv4.conf.all.rp_filter"). Those of single interfaces are in Link.Conf4;
	// where some of them were told alone, they are here (SettingKey).
	Sysctls map[string]string `json:"sysctls,omitempty"`

	// TableNames are names of routing tables of which text told no number: they
	// stand under a number of their own, beyond what people use.
	TableNames map[uint32]string `json:"tableNames,omitempty"`

	// Unreadable are parts that could not be read.
	Unreadable []Unreadable `json:"unreadable,omitempty"`
	// Changed are parts that changed while they were read, each time they were:
	// what they hold is of more than one moment.
	Changed []Part `json:"changed,omitempty"`
}

// Link finds a link by its index; nil if there is none.
func (n *Namespace) Link(index int) *Link {
	for i := range n.Links {
		if n.Links[i].Index == index {
			return &n.Links[i]
		}
	}
	return nil
}

// LinkByName finds a link by its name; nil if there is none.
func (n *Namespace) LinkByName(name string) *Link {
	for i := range n.Links {
		if n.Links[i].Name == name {
			return &n.Links[i]
		}
	}
	return nil
}

// WhyUnreadable gives the reason why a part could not be read; false if it was.
func (n *Namespace) WhyUnreadable(p Part) (string, bool) {
	for _, u := range n.Unreadable {
		if u.Part == p {
			return u.Why, true
		}
	}
	return "", false
}
