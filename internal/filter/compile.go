package filter

// Link is the kind of the first header of the packets that a program sees.
type Link uint8

const (
	// Ethernet is EN10MB: packet sockets on Ethernet-like devices, and files
	// of LINKTYPE_ETHERNET.
	Ethernet Link = iota
	// LinuxSLL2 is LINUX_SLL2, the header that files of "any" captures have.
	LinuxSLL2
	// Raw is RAW: packets that start with an IPv4 or IPv6 header.
	Raw
	// AnyDevice is for a live packet socket over devices with and without
	// Ethernet header: the program asks which it is. On loopback, where each
	// packet comes twice, it drops the outgoing one.
	AnyDevice
)

// String returns the link type's name as tcpdump -y takes it, and "any" for
// AnyDevice.
func (l Link) String() string {
	switch l {
	case Ethernet:
		return "EN10MB"
	case LinuxSLL2:
		return "LINUX_SLL2"
	case Raw:
		return "RAW"
	}
	return "any"
}

// ParseLink reads a name as tcpdump -y takes it, in any case, or "any".
func ParseLink(name string) (Link, bool) {
	for l := Ethernet; l <= AnyDevice; l++ {
		if lowerCase(name) == lowerCase(l.String()) {
			return l, true
		}
	}
	return 0, false
}

// DefaultSnapLen is what a program returns on a match unless told otherwise.
const DefaultSnapLen = 262144

// Options say what a program is for.
type Options struct {
	// Link is what packets start with.
	Link Link
	// Live is for a packet socket, which has an outermost VLAN tag, the
	// direction and the interface in metadata. AnyDevice is always live.
	Live bool
	// Inner also matches what VXLAN, Geneve, GRE and IP in IP carry: the
	// verdict is that of the outer packet or that of the packet inside.
	Inner bool
	// SnapLen is returned on a match: how many bytes of the packet are
	// wanted. 0 is DefaultSnapLen.
	SnapLen uint32
}

// Compile makes the program. The error, if any, is an *Error.
func (e *Expr) Compile(o Options) (Program, error) {
	if o.SnapLen == 0 {
		o.SnapLen = DefaultSnapLen
	}
	if o.Link == AnyDevice {
		o.Live = true
	}
	c := &compilation{expr: e, options: o, graph: newGraph()}
	c.accept, c.reject = c.end(o.SnapLen), c.end(0)
	root := c.root()
	if c.err == nil && c.full {
		c.err = e.whole("expression is too large for a kernel filter", "split it, or use nets and port ranges")
	}
	if c.err != nil {
		return nil, c.err
	}
	root = c.optimise(root)
	if root == c.reject {
		return nil, e.whole("no packet can match this expression", "")
	}
	program, ok := emit(root, len(c.nodes))
	if !ok || len(program) > MaxInstructions {
		return nil, e.whole("expression is too large for a kernel filter", "split it, or use nets and port ranges")
	}
	return program, nil
}

// whole is an error about the expression as a whole.
func (e *Expr) whole(msg, hint string) *Error {
	return &Error{Column: 1, Word: e.text, Msg: msg, Hint: hint, expr: e.text}
}

// compilation makes one program.
type compilation struct {
	*graph
	expr           *Expr
	options        Options
	accept, reject *node
	slots          uint32
	err            *Error
}

func (c *compilation) root() *node {
	if c.options.Link != AnyDevice {
		return c.outer(c.options.Link)
	}
	ethernet, raw := c.outer(Ethernet), c.outer(Raw)
	hardware := c.ext(adHaType, 2)
	direction := c.ext(adPktType, 2)
	loopback := c.test(isEqual, direction, c.imm(packetOutgoing), c.reject, ethernet)
	n := c.test(isEqual, hardware, c.imm(arphrdLoopback), loopback, raw)
	return c.test(isEqual, hardware, c.imm(arphrdEther), ethernet, n)
}

// Hardware types of linux/if_arp.h.
const (
	arphrdEther    = 1
	arphrdLoopback = 772
)

// outer matches packets from their first byte on and, if asked to, what they
// carry.
func (c *compilation) outer(link Link) *node {
	otherwise := c.reject
	if c.options.Inner {
		otherwise = c.carried(link)
	}
	lacks := absentIsError
	switch {
	case c.options.Link == AnyDevice && link == Raw:
		lacks = absentIsFalse
	case c.options.Inner:
		lacks = absentMatchesNot
	}
	return c.match(link, nil, lacks, otherwise)
}

// match makes the graph for packets that start at base.
func (c *compilation) match(link Link, base *value, lacks absent, otherwise *node) *node {
	r := newResolver(c.expr, c.graph, c.options, link, base)
	r.absent, r.slots = lacks, c.slots
	condition := r.resolve(c.expr)
	c.slots += uint32(len(r.tunnels))
	if r.err != nil {
		if c.err == nil {
			c.err = r.err
		}
		return c.reject
	}
	l := &lowering{graph: c.graph, tunnels: r.tunnels}
	if otherwise != c.reject {
		l.rejected = otherwise
	}
	return condition.lower(l, path{}, always(c.accept), always(otherwise))
}
