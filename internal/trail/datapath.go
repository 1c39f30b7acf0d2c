package trail

import (
	"fmt"
	"net/netip"
	"strings"
)

// Datapath is what a datapath of BPF programs (Cilium) says of a packet at a
// point of its own.
type Datapath struct {
	// Point is the datapath's word for the place: "from-endpoint", "to-stack",
	// "to-network" (cilium/cilium, pkg/monitor/api). Empty for a drop or a
	// policy, which have a Stage of their own.
	Point string `json:"point,omitempty"`
	// Endpoint is the number, on its node, of the pod's endpoint whose program
	// spoke, or that the packet goes to; valid iff not 0.
	Endpoint uint32 `json:"endpoint,omitempty"`
	// Source and Destination are who the datapath takes the two ends for.
	Source      Identity `json:"source,omitzero"`
	Destination Identity `json:"destination,omitzero"`
	// Original is the source before the datapath translated it; may be
	// invalid.
	Original netip.Addr `json:"original,omitzero"`
	// ProxyPort is that of the proxy that the packet goes to; valid iff not 0.
	ProxyPort uint16 `json:"proxyPort,omitempty"`
	// Encrypted is true if the datapath says so.
	Encrypted bool `json:"encrypted,omitempty"`
}

// Identity is a group of pods, or of addresses, that policies are about.
type Identity struct {
	// Number is 0 where it is not known, or not told.
	Number uint32 `json:"number,omitempty"`
	// Name is its reserved name ("host", "world"), or the pod as
	// "namespace/name"; may be empty.
	Name string `json:"name,omitempty"`
}

// Policy is what network policies decided about a packet.
type Policy struct {
	// Action is "allow", "deny", "redirect" (to a proxy) or "audit" (it would
	// be denied); empty if not told.
	Action string `json:"action,omitempty"`
	// Direction is In for what comes to the endpoint, Out for what it sends.
	Direction Direction `json:"direction,omitempty"`
	// Match is how narrow the entry was that decided, as Cilium says it:
	// "none", "L3-Only", "L3-L4", "L4-Only", "all". Empty if not told.
	Match string `json:"match,omitempty"`
	// Names are the policies that decided, "namespace/name"; empty if not
	// told.
	Names []string `json:"names,omitempty"`
}

// Place is where a datapath saw a packet, "to-endpoint 1177".
func (d *Datapath) Place() string {
	if d.Endpoint != 0 && (d.Point == "to-endpoint" || d.Point == "from-endpoint") {
		return fmt.Sprintf("%s %d", d.Point, d.Endpoint)
	}
	return d.Point
}

// Words is "to-endpoint 1177, identity 2 (world) to 50600".
func (d *Datapath) Words() string {
	parts := make([]string, 0, 4)
	if p := d.Place(); p != "" {
		parts = append(parts, p)
	}
	switch a, b := d.Source.Words(), d.Destination.Words(); {
	case a != "" && b != "":
		parts = append(parts, "identity "+a+" to "+b)
	case a != "":
		parts = append(parts, "identity "+a)
	case b != "":
		parts = append(parts, "to identity "+b)
	}
	if d.Original.IsValid() {
		parts = append(parts, "before translation "+d.Original.String())
	}
	if d.ProxyPort != 0 {
		parts = append(parts, fmt.Sprintf("proxy port %d", d.ProxyPort))
	}
	if d.Encrypted {
		parts = append(parts, "encrypted")
	}
	return strings.Join(parts, ", ")
}

// Words is "2 (world)"; empty where it is not known.
func (i Identity) Words() string {
	switch {
	case i.Number == 0:
		return i.Name
	case i.Name == "":
		return fmt.Sprint(i.Number)
	}
	return fmt.Sprintf("%d (%s)", i.Number, i.Name)
}

// Words is "ingress denied, nothing allows it" or "egress allowed by
// shop/web (L3-L4)".
func (p *Policy) Words() string {
	text := map[Direction]string{In: "ingress ", Out: "egress "}[p.Direction]
	switch p.Action {
	case "allow":
		text += "allowed"
	case "deny":
		text += "denied"
	case "redirect":
		text += "redirected to a proxy"
	case "audit":
		text += "would be denied"
	default:
		text += "decided"
	}
	if len(p.Names) > 0 {
		text += " by " + strings.Join(p.Names, ", ")
	}
	switch {
	case p.Match == "none" && p.Action == "deny" && len(p.Names) == 0:
		text += ", nothing allows it"
	case p.Match != "" && p.Match != "none":
		text += " (" + p.Match + ")"
	}
	if p.Action == "audit" {
		text += ", let through by audit mode"
	}
	return text
}
