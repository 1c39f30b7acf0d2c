package packet

// step is the type of the header to read next.
type step uint8

const (
	stepDone step = iota
	stepUnknown
	stepEthernet
	stepSLL
	stepSLL2
	stepNull
	stepLoop
	stepRaw
	stepVLAN
	stepMPLS
	stepPPPoE
	stepLLC
	stepARP
	stepIPv4
	stepIPv6
	stepHopByHop
	stepRouting
	stepFragment
	stepDestination
	stepAH
	stepESP
	stepTCP
	stepUDP
	stepSCTP
	stepICMPv4
	stepICMPv6
	stepVXLAN
	stepGeneve
	stepGRE
)

// kind is the kind of layer that the step makes; KindNone where it makes none.
// Both lists have the same order from VLAN and from Ethernet on.
func (s step) kind() Kind {
	switch {
	case s >= stepVLAN:
		return KindVLAN + Kind(s-stepVLAN)
	case s == stepLoop:
		return KindLoopback
	case s >= stepEthernet && s <= stepNull:
		return KindEthernet + Kind(s-stepEthernet)
	}
	return KindNone
}

func firstStep(link LinkType) step {
	switch link {
	case LinkEthernet:
		return stepEthernet
	case LinkLinuxSLL:
		return stepSLL
	case LinkLinuxSLL2:
		return stepSLL2
	case LinkNull:
		return stepNull
	case LinkLoop:
		return stepLoop
	case LinkRaw:
		return stepRaw
	case LinkIPv4:
		return stepIPv4
	case LinkIPv6:
		return stepIPv6
	}
	return stepUnknown
}

// step reads one header and returns the type of the one behind it.
func (p *Packet) step(s step) step {
	if p.count == MaxLayers {
		p.stop = StopDeep
		return stepDone
	}
	switch s {
	case stepEthernet:
		return p.ethernet()
	case stepIPv4:
		return p.ipv4()
	case stepIPv6:
		return p.ipv6()
	case stepTCP:
		return p.tcp()
	case stepUDP:
		return p.udp()
	case stepSLL:
		return p.sll()
	case stepSLL2:
		return p.sll2()
	case stepNull, stepLoop:
		return p.loopback(s)
	case stepRaw:
		return p.raw()
	case stepLLC:
		return p.llc()
	case stepVLAN:
		return p.vlan()
	case stepMPLS:
		return p.mpls()
	case stepPPPoE:
		return p.pppoe()
	case stepARP:
		return p.arp()
	}
	return p.stepAbove(s)
}

// stepAbove reads what stands above IP.
func (p *Packet) stepAbove(s step) step {
	switch s {
	case stepHopByHop:
		return p.extension(KindHopByHop)
	case stepRouting:
		return p.extension(KindRouting)
	case stepDestination:
		return p.extension(KindDestination)
	case stepFragment:
		return p.fragment()
	case stepAH:
		return p.ah()
	case stepESP:
		return p.esp()
	case stepSCTP:
		return p.sctp()
	case stepICMPv4:
		return p.icmp(KindICMPv4)
	case stepICMPv6:
		return p.icmp(KindICMPv6)
	case stepVXLAN:
		return p.vxlan()
	case stepGeneve:
		return p.geneve()
	case stepGRE:
		return p.gre()
	}
	p.stop = StopUnknown
	return stepDone
}

// peek returns the next n bytes. If they are not all there it notes why and
// returns nil.
func (p *Packet) peek(n int) []byte {
	if p.off+n <= len(p.data) && p.off+n <= p.end {
		return p.data[p.off : p.off+n : p.off+n]
	}
	if p.off+n > p.end {
		p.stop, p.reason = StopMalformed, "header longer than the packet around it"
	} else {
		p.stop = StopCut
	}
	return nil
}

// take notes the next n bytes, which peek has shown to be there, as a layer.
func (p *Packet) take(k Kind, n int) {
	end := p.end
	if end == unknownEnd {
		end = len(p.data)
	}
	p.layers[p.count] = Layer{Kind: k, Off: p.off, Len: n, End: end}
	p.count++
	p.off += n
}

func (p *Packet) malformed(reason string) step {
	p.stop, p.reason = StopMalformed, reason
	return stepDone
}

// ofType returns the step for what stands behind a link header.
func (p *Packet) ofType(t EtherType) step {
	p.etype = t
	switch t {
	case TypeIPv4:
		return stepIPv4
	case TypeIPv6:
		return stepIPv6
	case TypeARP:
		return stepARP
	case TypeVLAN, TypeQinQ, TypeQinQOld:
		return stepVLAN
	case TypeMPLS, TypeMPLSMC:
		return stepMPLS
	case TypePPPoE:
		return stepPPPoE
	}
	return stepUnknown
}

// ofProto returns the step for what stands behind an IP header.
func (p *Packet) ofProto(proto Proto) step {
	p.proto = proto
	switch proto {
	case ProtoTCP:
		return stepTCP
	case ProtoUDP:
		return stepUDP
	case ProtoICMP:
		return stepICMPv4
	case ProtoICMPv6:
		return stepICMPv6
	case ProtoSCTP:
		return stepSCTP
	case ProtoIPv4:
		return stepIPv4
	case ProtoIPv6:
		return stepIPv6
	case ProtoGRE:
		return stepGRE
	case ProtoAH:
		return stepAH
	case ProtoESP:
		return stepESP
	}
	if k := p.layers[p.inner].Kind; k == KindIPv6 {
		return extensionStep(proto)
	}
	return stepUnknown
}

func extensionStep(proto Proto) step {
	switch proto {
	case ProtoHopByHop:
		return stepHopByHop
	case ProtoRouting:
		return stepRouting
	case ProtoFragment:
		return stepFragment
	case ProtoDestination, ProtoMobility, ProtoHIP, ProtoShim6:
		return stepDestination
	case ProtoNoNext:
		return stepDone
	}
	return stepUnknown
}
