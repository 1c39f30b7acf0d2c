package cilium

import (
	"bytes"
	"strconv"

	"github.com/pktrail/pktrail/internal/packet"
)

// message is an ICMP type by the name that the monitor has for it, with the
// names of its codes in their order; one without a name stands for a number.
type message struct {
	name  string
	typ   uint8
	codes []string
}

func messages(v6 bool) []message {
	if v6 {
		return []message{
			{"DestinationUnreachable", packet.ICMPv6Unreachable, []string{"NoRouteToDst", "AdminProhibited", "BeyondScopeOfSrc", "AddressUnreachable", "PortUnreachable", "SrcAddressFailedPolicy", "RejectRouteToDst"}},
			{"PacketTooBig", packet.ICMPv6TooBig, nil},
			{"TimeExceeded", packet.ICMPv6TimeExceeded, []string{"HopLimitExceeded", "FragmentReassemblyTimeExceeded"}},
			{"ParameterProblem", packet.ICMPv6Parameter, []string{"ErroneousHeaderField", "UnrecognizedNextHeader", "UnrecognizedIPv6Option"}},
			{"EchoRequest", packet.ICMPv6Echo, nil},
			{"EchoReply", packet.ICMPv6EchoReply, nil},
			{"RouterSolicitation", packet.ICMPv6RouterSol, nil},
			{"RouterAdvertisement", packet.ICMPv6RouterAdvert, nil},
			{"NeighborSolicitation", packet.ICMPv6NeighborSol, nil},
			{"NeighborAdvertisement", packet.ICMPv6NeighborAdv, nil},
			{"Redirect", packet.ICMPv6Redirect, nil},
		}
	}
	return []message{
		{"EchoRequest", packet.ICMPv4Echo, nil},
		{"EchoReply", packet.ICMPv4EchoReply, nil},
		{"DestinationUnreachable", packet.ICMPv4Unreachable, []string{
			"Net", "Host", "Protocol", "Port", "FragmentationNeeded", "SourceRoutingFailed", "NetUnknown", "HostUnknown", "SourceIsolated",
			"NetAdminProhibited", "HostAdminProhibited", "NetTOS", "HostTOS", "CommAdminProhibited", "HostPrecedence", "PrecedenceCutoff",
		}},
		{"TimeExceeded", packet.ICMPv4TimeExceeded, []string{"TTLExceeded", "FragmentReassemblyTimeExceeded"}},
		{"ParameterProblem", packet.ICMPv4Parameter, []string{"PointerIndicatesError", "MissingOption", "BadLength"}},
		{"SourceQuench", packet.ICMPv4SourceQuench, nil},
		{"Redirect", packet.ICMPv4Redirect, []string{"Net", "Host", "TOS+Net", "TOS+Host"}},
		{"TimestampRequest", packet.ICMPv4Timestamp, nil},
		{"TimestampReply", packet.ICMPv4TimestampRep, nil},
		{"InfoRequest", packet.ICMPv4Info, nil},
		{"InfoReply", packet.ICMPv4InfoReply, nil},
		{"RouterSolicitation", packet.ICMPv4RouterSol, nil},
		{"RouterAdvertisement", packet.ICMPv4RouterAdvert, nil},
		{"AddressMaskRequest", packet.ICMPv4Mask, nil},
		{"AddressMaskReply", packet.ICMPv4MaskReply, nil},
	}
}

// ICMPType reads a type and code as gopacket, and with it the monitor and
// Hubble, writes them: "EchoRequest", "DestinationUnreachable(Port)", "42(3)".
func ICMPType(b []byte, v6 bool) (typ, code uint8, ok bool) {
	switch string(b) { // nearly all that there are
	case "EchoRequest":
		return echo(v6, packet.ICMPv4Echo, packet.ICMPv6Echo), 0, true
	case "EchoReply":
		return echo(v6, packet.ICMPv4EchoReply, packet.ICMPv6EchoReply), 0, true
	}
	name, rest, hasCode := bytes.Cut(b, []byte("("))
	if hasCode {
		rest, hasCode = bytes.CutSuffix(rest, []byte(")"))
		if !hasCode {
			return 0, 0, false
		}
	}
	for _, m := range messages(v6) {
		if m.name != string(name) {
			continue
		}
		if !hasCode {
			return m.typ, 0, len(m.codes) == 0
		}
		for i, c := range m.codes {
			if c == string(rest) {
				return m.typ, uint8(i), true
			}
		}
		code, ok = small(bytes.TrimPrefix(rest, []byte("Code: ")))
		return m.typ, code, ok
	}
	typ, ok = small(name)
	if !ok || !hasCode {
		return 0, 0, false
	}
	code, ok = small(rest)
	return typ, code, ok
}

func echo(v6 bool, four, six uint8) uint8 {
	if v6 {
		return six
	}
	return four
}

func small(b []byte) (uint8, bool) {
	n, err := strconv.ParseUint(string(b), 10, 8)
	return uint8(n), err == nil
}
