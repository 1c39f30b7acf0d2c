package follow

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/probe/netns"
)

// Endpoint is one end of what is traced, as the user wrote it.
type Endpoint struct {
	// Target is the target's text ("netns:web"); empty for an address.
	Target string
	// Addr is the address; valid iff Target is empty and Any is false.
	Addr netip.Addr
	// Any stands for every address.
	Any bool
	// Port is 0 for every port.
	Port uint16
}

// ParseEndpoint reads "netns:NAME:80", "10.244.2.2:80", "[fd00::1]:80",
// "fd00::1", "pid:4711" or "any". Its error has a method Hint.
func ParseEndpoint(text string) (Endpoint, error) {
	if text == "" {
		return Endpoint{}, &UsageError{fmt.Errorf("an end without a name"), "a target as netns:NAME, an address as 10.244.2.2:80, or any"}
	}
	if a, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return Endpoint{Addr: a.Unmap()}, nil
	}
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return Endpoint{Addr: ap.Addr().Unmap(), Port: ap.Port()}, nil
	}
	if err := almostAddress(text); err != nil {
		return Endpoint{}, err
	}
	e := Endpoint{Target: text}
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		head, tail := text[:i], text[i+1:]
		if port, err := strconv.ParseUint(tail, 10, 16); err == nil && hasValue(head) {
			e.Target, e.Port = head, uint16(port)
		}
	}
	if e.Target == "any" {
		return Endpoint{Any: true, Port: e.Port}, nil
	}
	if _, err := netns.ParseTarget(e.Target); err != nil {
		return Endpoint{}, err
	}
	return e, nil
}

// almostAddress explains what looks like an address and is none.
func almostAddress(text string) error {
	host, port, found := strings.Cut(text, ":")
	switch _, err := netip.ParseAddr(host); {
	case found && err == nil:
		return &UsageError{fmt.Errorf("port %q of %s", port, host), "a port is 1 to 65535"}
	case strings.Trim(host, "0123456789.") == "" && strings.Contains(host, "."):
		return &UsageError{fmt.Errorf("%q is no address", host), "four numbers of 0 to 255, as 10.244.2.2"}
	case strings.HasPrefix(text, "["):
		return &UsageError{fmt.Errorf("%q is no address with a port", text), "write [fd00::1]:80"}
	}
	return nil
}

// hasValue reports whether a target without its port is whole: "netns:web" is,
// "pid" of "pid:80" is not.
func hasValue(head string) bool {
	return strings.Contains(head, ":") || head == "host" || head == "any"
}

// String gives the end as the user writes it, without its port.
func (e Endpoint) String() string {
	switch {
	case e.Any:
		return "any"
	case e.Target != "":
		return e.Target
	}
	return e.Addr.String()
}

// withPort is the end with a port, as the user writes it.
func (e Endpoint) withPort(port string) string {
	if e.Target == "" && e.Addr.Is6() {
		return "[" + e.String() + "]:" + port
	}
	return e.String() + ":" + port
}
