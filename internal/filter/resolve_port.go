package filter

import (
	"strconv"
	"strings"
)

// ports resolves port and portrange. IPv6 is tested first, as libpcap does.
func (r *resolver) ports(e *exprIdent) cond {
	q, id := e.q, e.id
	var proto uint32
	switch q.proto {
	case "":
		proto = anyTransport
	case "tcp", "udp", "sctp":
		proto = ipProtocols[q.proto].number
	default:
		return r.fail(q.protoAt, "write: "+q.protoAt.raw+" and port 80, or tcp port 80", "%s has no ports", q.protoAt.raw)
	}
	switch q.dir {
	case "", "src", "dst", "or", "and":
	default:
		return r.fail(q.dirAt, "", "%s %s", q.dirAt.raw, refused[q.dir])
	}
	if id.kind != tokenNumber && id.kind != tokenName {
		return r.fail(id, "an address and its port are two conditions: host 10.1.2.3 and port 80", "an address is no port")
	}
	low, high, proto, ok := r.portNumbers(e, proto)
	if !ok {
		return condConst(false)
	}
	v6 := all(r.linkType(id, etherIPv6), r.perProtocol(proto, func(n uint32) cond {
		return &condAnd{r.equal(r.net(6, 1), n), r.portTests(q.dir, r.transport6(), low, high)}
	}))
	v4 := all(r.linkType(id, etherIPv4), r.perProtocol(proto, func(n uint32) cond {
		return all(r.equal(r.net(9, 1), n), r.firstFragment(), r.portTests(q.dir, r.transport4(), low, high))
	}))
	return &condOr{v6, v4}
}

// perProtocol makes a test for one transport protocol, or for all that have
// ports.
func (r *resolver) perProtocol(proto uint32, test func(n uint32) cond) cond {
	if proto != anyTransport {
		return test(proto)
	}
	return oneOf(test(protoSCTP), test(protoTCP), test(protoUDP))
}

// firstFragment is true for IPv4 packets that have a transport header.
func (r *resolver) firstFragment() cond {
	return not(r.compare(hasBits, r.net(6, 2), r.imm(0x1fff)))
}

func (r *resolver) portTests(dir string, transport offset, low, high uint32) cond {
	one := func(at uint32) func() cond {
		return func() cond {
			port := r.at(transport, at, 2)
			if low == high {
				return r.equal(port, low)
			}
			return all(r.compare(isAtLeast, port, r.imm(low)), not(r.compare(isGreater, port, r.imm(high))))
		}
	}
	return r.bothWays(dir, one(0), one(2))
}

// portNumbers reads a port or a range. A service name narrows the protocol to
// its own.
func (r *resolver) portNumbers(e *exprIdent, proto uint32) (low, high, narrowed uint32, ok bool) {
	id := e.id
	if id.kind == tokenNumber {
		return id.num, id.num, proto, r.isPort(id, id.num)
	}
	first, second, isRange := strings.Cut(id.text, "-")
	if e.q.typ == "portrange" && !isRange {
		r.fail(id, "write: portrange 80-90, or port "+id.text, "a range needs two ports")
		return 0, 0, 0, false
	}
	if e.q.typ == "port" {
		s, known := r.service(e, id.text, first, second)
		if known {
			proto, known = r.narrow(id, s, proto)
		}
		return s.port, s.port, proto, known
	}
	a, okA := r.service(e, first, "", "")
	b, okB := r.service(e, second, "", "")
	if !okA || !okB {
		return 0, 0, 0, false
	}
	if a.proto != b.proto {
		b.proto = anyTransport
	}
	proto, ok = r.narrow(id, b, proto)
	return min(a.port, b.port), max(a.port, b.port), proto, ok
}

func (r *resolver) isPort(at token, n uint32) bool {
	if n > 65535 {
		r.fail(at, "", "a port is at most 65535")
	}
	return n <= 65535
}

// service reads a number or a service name.
func (r *resolver) service(e *exprIdent, name, first, second string) (service, bool) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return service{uint32(n), anyTransport}, r.isPort(e.id, uint32(n))
	}
	s, ok := services[name]
	if ok {
		return s, true
	}
	hint := "write its number"
	if _, err := strconv.Atoi(first); err == nil && second != "" {
		hint = "write: portrange " + first + "-" + second
	} else if _, ok := services[strings.ToLower(name)]; ok {
		hint = "write: " + strings.ToLower(name)
	}
	r.fail(e.id, hint, "unknown service %q", name)
	return s, false
}

// narrow combines a service's protocol with the one that is asked for.
func (r *resolver) narrow(at token, s service, proto uint32) (uint32, bool) {
	switch {
	case proto == anyTransport:
		return s.proto, true
	case s.proto == anyTransport || s.proto == proto:
		return proto, true
	}
	names := map[uint32]string{protoTCP: "tcp", protoUDP: "udp", protoSCTP: "sctp"}
	r.fail(at, "write the port's number", "the service %s is known for %s, not for %s", at.text, names[s.proto], names[proto])
	return 0, false
}
