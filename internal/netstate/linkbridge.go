package netstate

import "net/netip"

// Bridge is a bridge's own settings (IFLA_BR_*). Times are in hundredths of a
// second.
type Bridge struct {
	ForwardDelay uint32 `json:"forwardDelay,omitempty"`
	HelloTime    uint32 `json:"helloTime,omitempty"`
	MaxAge       uint32 `json:"maxAge,omitempty"`
	AgeingTime   uint32 `json:"ageingTime,omitempty"`
	STP          uint32 `json:"stp,omitempty"`
	// STPMode is BR_STP_MODE_*.
	STPMode       uint32 `json:"stpMode,omitempty"`
	Priority      uint16 `json:"priority,omitempty"`
	VLANFiltering bool   `json:"vlanFiltering,omitempty"`
	// VLANProtocol is the ethertype, 0x8100 or 0x88a8; DefaultPVID is the VLAN
	// of untagged frames, 0 for none.
	VLANProtocol     uint16 `json:"vlanProtocol,omitempty"`
	DefaultPVID      uint16 `json:"defaultPvid,omitempty"`
	VLANStats        uint8  `json:"vlanStats,omitempty"`
	VLANStatsPerPort uint8  `json:"vlanStatsPerPort,omitempty"`
	// ID and RootID are spanning tree's, as ip writes them:
	// "8000.e:e4:ab:0:1:2".
	ID             string `json:"id,omitempty"`
	RootID         string `json:"rootId,omitempty"`
	RootPort       uint16 `json:"rootPort,omitempty"`
	RootPathCost   uint32 `json:"rootPathCost,omitempty"`
	TopologyChange uint8  `json:"topologyChange,omitempty"`
	TopologyFound  uint8  `json:"topologyFound,omitempty"`
	// The timers are what is left of them.
	HelloTimer    uint64 `json:"helloTimer,omitempty"`
	TCNTimer      uint64 `json:"tcnTimer,omitempty"`
	TopologyTimer uint64 `json:"topologyTimer,omitempty"`
	GCTimer       uint64 `json:"gcTimer,omitempty"`
	// GroupForward has a bit for each link-local group that it forwards;
	// GroupAddress is spanning tree's.
	GroupForward uint16 `json:"groupForward,omitempty"`
	GroupAddress string `json:"groupAddress,omitempty"`
	// NFCallIPTables and the others say whether its frames pass iptables too.
	NFCallIPTables  bool `json:"nfCallIptables,omitempty"`
	NFCallIP6Tables bool `json:"nfCallIp6tables,omitempty"`
	NFCallARPTables bool `json:"nfCallArptables,omitempty"`
	// Options are BR_BOOLOPT_* by bit; OptionsMask is which of them the kernel
	// knows.
	Options     uint32 `json:"options,omitempty"`
	OptionsMask uint32 `json:"optionsMask,omitempty"`
	// Learned is how many entries of the FDB were learnt, MaxLearned how many may
	// be; 0 for no limit.
	Learned    uint32          `json:"learned,omitempty"`
	MaxLearned uint32          `json:"maxLearned,omitempty"`
	Multicast  BridgeMulticast `json:"multicast,omitzero"`
	Sent       Sent            `json:"sent,omitempty"`
}

// BridgeMulticast is how a bridge handles multicast (IFLA_BR_MCAST_*). Times
// are in hundredths of a second.
type BridgeMulticast struct {
	Snooping bool `json:"snooping,omitempty"`
	// Router is 0 never, 1 if there is one, 2 always.
	Router                uint8  `json:"router,omitempty"`
	QueryUseIfAddr        uint8  `json:"queryUseIfAddr,omitempty"`
	Querier               uint8  `json:"querier,omitempty"`
	HashElasticity        uint32 `json:"hashElasticity,omitempty"`
	HashMax               uint32 `json:"hashMax,omitempty"`
	LastMemberCount       uint32 `json:"lastMemberCount,omitempty"`
	StartupQueryCount     uint32 `json:"startupQueryCount,omitempty"`
	LastMemberInterval    uint64 `json:"lastMemberInterval,omitempty"`
	MembershipInterval    uint64 `json:"membershipInterval,omitempty"`
	QuerierInterval       uint64 `json:"querierInterval,omitempty"`
	QueryInterval         uint64 `json:"queryInterval,omitempty"`
	QueryResponseInterval uint64 `json:"queryResponseInterval,omitempty"`
	StartupQueryInterval  uint64 `json:"startupQueryInterval,omitempty"`
	Stats                 uint8  `json:"stats,omitempty"`
	IGMPVersion           uint8  `json:"igmpVersion,omitempty"`
	MLDVersion            uint8  `json:"mldVersion,omitempty"`
	// Queriers are other queriers that were seen.
	Queriers []BridgeQuerier `json:"queriers,omitempty"`
}

// BridgeQuerier is another querier that a bridge has seen
// (BRIDGE_QUERIER_IP_ADDRESS and its like).
type BridgeQuerier struct {
	Addr netip.Addr `json:"addr"`
	// Port is the interface's index; 0 for the bridge itself.
	Port int `json:"port,omitempty"`
	// Timer is how long it is believed to be there, in hundredths of a second.
	Timer uint64 `json:"timer,omitempty"`
}

// Port is a bridge port (IFLA_BRPORT_*). Timers are what is left of them, in
// hundredths of a second.
type Port struct {
	Number uint16 `json:"number"`
	// State is BR_STATE_* of linux/if_bridge.h; 3 forwards.
	State    uint8  `json:"state"`
	Priority uint16 `json:"priority,omitempty"`
	Cost     uint32 `json:"cost,omitempty"`
	// Hairpin sends frames back where they came from.
	Hairpin bool `json:"hairpin,omitempty"`
	// Isolated ports do not reach each other.
	Isolated bool `json:"isolated,omitempty"`
	Learning bool `json:"learning,omitempty"`
	// UnicastFlood and its like are whether frames to unknown addresses, groups
	// and all stations leave here.
	UnicastFlood   bool `json:"unicastFlood,omitempty"`
	MulticastFlood bool `json:"multicastFlood,omitempty"`
	BroadcastFlood bool `json:"broadcastFlood,omitempty"`
	NeighSuppress  bool `json:"neighSuppress,omitempty"`
	// NeighVLANSuppress and NeighForwardGrat go with it.
	NeighVLANSuppress bool `json:"neighVlanSuppress,omitempty"`
	NeighForwardGrat  bool `json:"neighForwardGrat,omitempty"`
	Guard             bool `json:"guard,omitempty"`
	RootBlock         bool `json:"rootBlock,omitempty"`
	FastLeave         bool `json:"fastLeave,omitempty"`
	LearningSync      bool `json:"learningSync,omitempty"`
	ProxyARP          bool `json:"proxyArp,omitempty"`
	ProxyARPWiFi      bool `json:"proxyArpWifi,omitempty"`
	ToUnicast         bool `json:"toUnicast,omitempty"`
	VLANTunnel        bool `json:"vlanTunnel,omitempty"`
	Locked            bool `json:"locked,omitempty"`
	MAB               bool `json:"mab,omitempty"`
	// ID is the port's of spanning tree; the designated ones are of the segment.
	ID               uint16 `json:"id,omitempty"`
	DesignatedPort   uint16 `json:"designatedPort,omitempty"`
	DesignatedCost   uint16 `json:"designatedCost,omitempty"`
	BridgeID         string `json:"bridgeId,omitempty"`
	RootID           string `json:"rootId,omitempty"`
	TopologyAck      uint8  `json:"topologyAck,omitempty"`
	ConfigPending    uint8  `json:"configPending,omitempty"`
	HoldTimer        uint64 `json:"holdTimer,omitempty"`
	MessageAgeTimer  uint64 `json:"messageAgeTimer,omitempty"`
	ForwardTimer     uint64 `json:"forwardTimer,omitempty"`
	MulticastRouter  uint8  `json:"multicastRouter,omitempty"`
	MulticastGroups  uint32 `json:"multicastGroups,omitempty"`
	MaxGroups        uint32 `json:"maxGroups,omitempty"`
	EHTHosts         uint32 `json:"ehtHosts,omitempty"`
	EHTHostsLimit    uint32 `json:"ehtHostsLimit,omitempty"`
	GroupForward     uint16 `json:"groupForward,omitempty"`
	MRPRingOpen      bool   `json:"mrpRingOpen,omitempty"`
	MRPInterconnOpen bool   `json:"mrpInOpen,omitempty"`
	// Backup is the index of the port that is used while this one has no
	// carrier, BackupNexthop the nexthop object for it; 0 for none.
	Backup        int    `json:"backup,omitempty"`
	BackupNexthop uint32 `json:"backupNexthop,omitempty"`
	Sent          Sent   `json:"sent,omitempty"`
}

// PortVLAN is VLANs of a bridge's port, or of the bridge itself, that it lets
// pass (struct bridge_vlan_info of linux/if_bridge.h).
type PortVLAN struct {
	// First to Last are their ids.
	First uint16 `json:"first"`
	Last  uint16 `json:"last"`
	// PVID is true for the VLAN of frames that come in without a tag, Untagged if
	// frames leave without one.
	PVID     bool `json:"pvid,omitempty"`
	Untagged bool `json:"untagged,omitempty"`
}
