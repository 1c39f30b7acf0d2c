package follow

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/trail"
)

// Request says which packets to follow.
type Request struct {
	// Source and Destination are ends: a target of this machine
	// (`netns:NAME`, `pid:N`, ...) or an IP address, each with an optional
	// `:PORT`; "any" is every address.
	Source      string `json:"source"`
	Destination string `json:"destination"`
	// Port is the destination's, where Destination has none; 0 is any.
	Port int `json:"port,omitempty"`
	// Filter narrows further, in the language of pcap-filter(7).
	Filter string `json:"filter,omitempty"`
	// Probe sends packets of our own; valid iff its Proto is not empty.
	Probe Probe `json:"probe,omitzero"`
	// Full arms everything: netfilter stages, transmissions, ends of packets.
	Full bool `json:"full,omitempty"`
	// NoBPF uses packet sockets instead of the kernel probe.
	NoBPF bool `json:"noBPF,omitempty"`
	// LegacyTrace changes where TRACE of iptables-legacy goes, and puts it
	// back: a setting of the namespace.
	LegacyTrace bool `json:"legacyTrace,omitempty"`
	// Rate is how many packets a second are marked for netfilter tracing; 0 is
	// DefaultRate.
	Rate int `json:"rate,omitempty"`
	// Count is how many packets a person wants to see; the probes stop
	// following new ones some way beyond it. 0 is no limit.
	Count int `json:"count,omitempty"`
	// Duration ends it; 0 lifts the limit.
	Duration time.Duration `json:"duration,omitempty"`
	// SnapLen is how many bytes of each packet are kept; 0 is enough for
	// headers in a tunnel.
	SnapLen int `json:"snaplen,omitempty"`
	// Comments puts each decision in words beside its packet, for Wireshark.
	Comments bool `json:"comments,omitempty"`
	// CRISocket is the path of the CRI socket; empty looks at the known ones.
	CRISocket string `json:"criSocket,omitempty"`
	// Also are addresses that the source's may be translated to on its way here,
	// such as its node's.
	Also []netip.Addr `json:"also,omitempty"`
	// Back are ways by which packets may come back here from another machine,
	// translated there.
	Back []Detour `json:"back,omitempty"`
	// Names are what namespaces with these addresses are called, wherever
	// packets pass through them: pods, by their names.
	Names map[netip.Addr]string `json:"names,omitempty"`
}

// Detour is a packet that another machine has translated: from one of its
// addresses to the one where it belongs.
type Detour struct {
	From []netip.Addr   `json:"from"`
	To   netip.AddrPort `json:"to"`
}

// Probe is a packet that is sent from the source, as an application would.
type Probe struct {
	// Proto is "tcp", "udp" or "icmp".
	Proto string `json:"proto,omitempty"`
	// Timeout is how long an answer is waited for; 0 is DefaultTimeout.
	Timeout time.Duration `json:"timeout,omitempty"`
	// Size is how many bytes are sent; 0 is what the protocol needs.
	Size int `json:"size,omitempty"`
	// DontFragment sets DF.
	DontFragment bool `json:"dontFragment,omitempty"`
}

// Defaults.
const (
	DefaultRate    = 10
	DefaultTimeout = 3 * time.Second
)

// Events are what is told beside the stream. Each is called from one goroutine
// at a time; those that are nil are left out.
type Events struct {
	// Armed is called once, when packets are seen from now on.
	Armed func(s trail.Session)
	// Note is something a person should know.
	Note func(text string)
	// Answered is called with the result of the probe.
	Answered func(c trail.Conversation)
}

// UsageError is a request that is wrong as it was written.
type UsageError struct {
	Err error
	Tip string
}

// Error implements error.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *UsageError) Unwrap() error { return e.Err }

// Hint says what to write instead.
func (e *UsageError) Hint() string { return e.Tip }

// Check refuses what can be seen to be wrong without opening anything.
func (q *Request) Check() error {
	src, err := ParseEndpoint(q.Source)
	if err != nil {
		return err
	}
	dst, err := q.destination()
	if err != nil {
		return err
	}
	if _, err := filter.Parse(q.Filter); err != nil {
		return err
	}
	switch {
	case q.Rate < 0 || q.Count < 0 || q.Duration < 0 || q.SnapLen < 0 || q.Probe.Timeout < 0:
		return errors.New("a number below 0")
	case src.Any && dst.Any && q.Filter == "":
		return &UsageError{errors.New("nothing to choose packets by"), "name a source or a destination, or give --filter"}
	}
	return q.Probe.check(src, dst)
}

// destination is the Destination with its port.
func (q *Request) destination() (Endpoint, error) {
	e, err := ParseEndpoint(q.Destination)
	switch {
	case err != nil:
		return e, err
	case q.Port < 0 || q.Port > 65535:
		return e, &UsageError{fmt.Errorf("port %d", q.Port), "a port is 1 to 65535"}
	case q.Port > 0 && e.Port != 0 && q.Port != int(e.Port):
		return e, &UsageError{fmt.Errorf("two ports, %d and %d", e.Port, q.Port), "write it once"}
	case q.Port > 0:
		e.Port = uint16(q.Port)
	}
	return e, nil
}

func (p *Probe) check(src, dst Endpoint) error {
	if p.Proto == "" {
		if p.Size != 0 || p.DontFragment {
			return &UsageError{errors.New("size and DF are a probe's"), "--probe icmp --size 1500 --df"}
		}
		return nil
	}
	switch {
	case !slices.Contains([]string{"tcp", "udp", "icmp"}, p.Proto):
		return &UsageError{fmt.Errorf("unknown probe %q", p.Proto), "--probe tcp, udp or icmp"}
	case src.Target == "":
		return &UsageError{fmt.Errorf("a probe is sent from inside of a namespace, and %s is none", src), "name the source as netns:NAME, pid:N or container:ID"}
	case dst.Addr.IsUnspecified():
		return &UsageError{fmt.Errorf("nobody has the address %s", dst), "name one that somebody has"}
	case dst.Any:
		return &UsageError{errors.New("a probe needs a destination"), "an address with a port, as 10.244.2.2:80"}
	case p.Proto != "icmp" && dst.Port == 0:
		return &UsageError{fmt.Errorf("a %s probe needs a port", p.Proto), "write it behind the destination, as " + dst.withPort("80")}
	case p.Size < 0 || p.Size > maxProbe:
		return &UsageError{fmt.Errorf("size %d is not within 0 to %d", p.Size, maxProbe), "--size 1472 fills an Ethernet frame"}
	}
	return nil
}

// maxProbe is the most payload of a probe, in bytes: an IPv4 datagram's.
const maxProbe = 65507
