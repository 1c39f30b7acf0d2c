package nft

// Expr is one expression of a rule: one of the types below. Registers are
// numbered as the kernel does (enum nft_registers): 0 the verdict, 1 to 4 of
// 16 bytes, 8 to 23 the same of 4 bytes. 0 where one is optional is none.
type Expr interface{ isExpr() }

// The expressions. Fields are the attributes of the same name in
// linux/netfilter/nf_tables.h.
type (
	// Meta loads or sets a property of the packet (enum nft_meta_keys).
	Meta struct{ Key, Dreg, Sreg uint32 }
	// CT loads or sets a property of its connection (enum nft_ct_keys). Dir is
	// 0 original, 1 reply, -1 neither.
	CT struct {
		Key, Dreg, Sreg uint32
		Dir             int
	}
	// RT loads a property of its route (enum nft_rt_keys).
	RT struct{ Key, Dreg uint32 }
	// Socket loads a property of its socket (enum nft_socket_keys).
	Socket struct{ Key, Dreg, Level uint32 }
	// FIB asks the routing tables (enum nft_fib_result, enum nft_fib_flags).
	FIB struct{ Dreg, Result, Flags uint32 }
	// Payload loads or writes bytes of the packet (enum nft_payload_bases).
	Payload struct{ Base, Offset, Len, Dreg, Sreg uint32 }
	// Exthdr loads, writes or (Op only) removes an extension header, or a TCP
	// or IP option (enum nft_exthdr_op). Present asks only if it is there.
	Exthdr struct {
		Op, Type, Offset, Len, Dreg, Sreg uint32
		Present                           bool
	}
	// Cmp compares a register with data (enum nft_cmp_ops).
	Cmp struct {
		Op, Sreg uint32
		Data     []byte
	}
	// Range compares with a range (0 inside, 1 outside).
	Range struct {
		Op, Sreg uint32
		From, To []byte
	}
	// Bitwise is Dreg = (Sreg & Mask) ^ Xor, or a shift by Data (enum
	// nft_bitwise_ops).
	Bitwise struct {
		Op, Sreg, Dreg, Len uint32
		Mask, Xor, Data     []byte
	}
	// Byteorder turns host into network byte order (Op 1) or back.
	Byteorder struct{ Op, Sreg, Dreg, Len, Size uint32 }
	// Immediate loads data, or a verdict into register 0.
	Immediate struct {
		Dreg    uint32
		Data    []byte
		Verdict *Verdict
	}
	// Lookup looks a register up in a set. With HasDreg it is a map; a map's
	// Dreg 0 takes a verdict.
	Lookup struct {
		Set        string
		Sreg, Dreg uint32
		HasDreg    bool
		Invert     bool
	}
	// Dynset adds to, updates or deletes from a set (enum nft_dynset_ops).
	Dynset struct {
		Set                string
		Op, Sreg, SregData uint32
		// Timeout in milliseconds; 0 is the set's.
		Timeout uint64
		Exprs   []Expr
	}
	// Objref uses a named object of a type (NFT_OBJECT_*), or looks its name
	// up in a map.
	Objref struct {
		Type uint32
		Name string
		Sreg uint32
		Set  string
	}
	// NAT translates (Type 0 snat, 1 dnat). Flags are NF_NAT_RANGE_* of
	// linux/netfilter/nf_nat.h.
	NAT struct {
		Type                               uint32
		Family                             Family
		AddrMin, AddrMax, PortMin, PortMax uint32
		Flags                              uint32
	}
	// Masq translates to the address of the outgoing interface.
	Masq struct{ PortMin, PortMax, Flags uint32 }
	// Redir translates to the machine itself.
	Redir struct{ PortMin, PortMax, Flags uint32 }
	// TProxy hands the packet to a local socket.
	TProxy struct {
		Family     Family
		Addr, Port uint32
	}
	// Dup sends a copy; Fwd sends the packet itself.
	Dup struct{ Addr, Dev uint32 }
	// Fwd forwards at ingress or egress.
	Fwd struct {
		Addr, Dev uint32
		Family    Family
	}
	// Reject answers the sender (enum nft_reject_types).
	Reject struct{ Type, Code uint32 }
	// Counter counts.
	Counter struct{ Packets, Bytes uint64 }
	// Limit matches up to a rate (Type 0 packets, 1 bytes) per Unit seconds.
	Limit struct {
		Rate, Unit  uint64
		Burst, Type uint32
		Invert      bool
	}
	// Quota matches up to a number of bytes.
	Quota struct {
		Bytes, Used uint64
		Invert      bool
	}
	// Connlimit matches up to a number of connections.
	Connlimit struct {
		Count  uint32
		Invert bool
	}
	// Log writes to the log. HasGroup and HasLevel say which one.
	Log struct {
		Prefix                    string
		Group, Snaplen, Threshold uint32
		Level, Flags              uint32
		HasGroup, HasLevel        bool
	}
	// Queue hands the packet to a program.
	Queue struct{ Num, Total, Flags, Sreg uint32 }
	// Numgen makes numbers (Type 0 incremental, 1 random).
	Numgen struct{ Dreg, Modulus, Type, Offset uint32 }
	// Hash hashes a register (Type 0 jhash) or the flow (1 symhash).
	Hash struct {
		Sreg, Dreg, Len, Modulus, Seed, Offset, Type uint32
		HasSeed                                      bool
	}
	// Synproxy answers TCP handshakes.
	Synproxy struct{ MSS, Wscale, Flags uint32 }
	// OSF loads the sender's operating system. Flags 1 asks for its version.
	OSF struct{ Dreg, TTL, Flags uint32 }
	// XFRM loads a property of the IPsec state (enum nft_xfrm_keys).
	XFRM struct{ Dreg, Key, Dir, Num uint32 }
	// Flow hands the connection to a flowtable.
	Flow struct{ Table string }
	// Notrack switches connection tracking off.
	Notrack struct{}
	// Last remembers when the rule matched last.
	Last struct{}
	// Match is one of xtables (linux/netfilter/nf_tables_compat.h).
	Match struct {
		Name string
		Rev  uint32
		Info []byte
	}
	// Target is one of xtables.
	Target struct {
		Name string
		Rev  uint32
		Info []byte
	}
	// Unknown is any other.
	Unknown struct {
		Name string
		Data []byte
	}
)

func (*Meta) isExpr()      {}
func (*CT) isExpr()        {}
func (*RT) isExpr()        {}
func (*Socket) isExpr()    {}
func (*FIB) isExpr()       {}
func (*Payload) isExpr()   {}
func (*Exthdr) isExpr()    {}
func (*Cmp) isExpr()       {}
func (*Range) isExpr()     {}
func (*Bitwise) isExpr()   {}
func (*Byteorder) isExpr() {}
func (*Immediate) isExpr() {}
func (*Lookup) isExpr()    {}
func (*Dynset) isExpr()    {}
func (*Objref) isExpr()    {}
func (*NAT) isExpr()       {}
func (*Masq) isExpr()      {}
func (*Redir) isExpr()     {}
func (*TProxy) isExpr()    {}
func (*Dup) isExpr()       {}
func (*Fwd) isExpr()       {}
func (*Reject) isExpr()    {}
func (*Counter) isExpr()   {}
func (*Limit) isExpr()     {}
func (*Quota) isExpr()     {}
func (*Connlimit) isExpr() {}
func (*Log) isExpr()       {}
func (*Queue) isExpr()     {}
func (*Numgen) isExpr()    {}
func (*Hash) isExpr()      {}
func (*Synproxy) isExpr()  {}
func (*OSF) isExpr()       {}
func (*XFRM) isExpr()      {}
func (*Flow) isExpr()      {}
func (*Notrack) isExpr()   {}
func (*Last) isExpr()      {}
func (*Match) isExpr()     {}
func (*Target) isExpr()    {}
func (*Unknown) isExpr()   {}
