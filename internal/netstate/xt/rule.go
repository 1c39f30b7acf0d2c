package xt

import (
	"net/netip"
	"strings"
)

// Rule is one rule of iptables or ip6tables.
type Rule struct {
	Chain string
	// Src and Dst are the -s and -d conditions.
	Src, Dst Network
	// In and Out are the -i and -o conditions.
	In, Out Name
	// Proto is the layer 4 protocol of -p; valid iff it is not 0. NotProto
	// inverts it.
	Proto    uint16
	NotProto bool
	// Fragment is -f: second and further fragments; NotFragment is `! -f`.
	Fragment, NotFragment bool
	Matches               []Match
	Target                Target
	// Packets and Bytes that matched; 0 where they were not asked for.
	Packets, Bytes uint64
}

// Network is an address condition; none if Addr is invalid.
type Network struct {
	Addr netip.Addr
	// Mask has as many bytes as Addr; its ones need not be in front.
	Mask []byte
	Not  bool
}

// Name is a condition on an interface's name; none if it is empty. A `+` at
// the end stands for any rest.
type Name struct {
	Name string
	Not  bool
}

// Match is one -m of a rule.
type Match struct {
	Name     string
	Revision uint8
	// Data is the kernel's structure; nil where Words were made otherwise.
	Data []byte
	// Words are what iptables-save prints, "-m" included; Opaque is true where
	// they only say how many bytes there are.
	Words  string
	Opaque bool
}

// Target is what a rule does with a packet that matches.
type Target struct {
	// Name is as after -j: "ACCEPT", "DNAT", a chain's name; "" for a rule
	// that only counts.
	Name     string
	Revision uint8
	Data     []byte
	// Chain is true where Name is a chain; Goto where it is not come back from.
	Chain, Goto bool
	// Words are what iptables-save prints, "-j" included; "" without a target.
	// Opaque is as in Match.
	Words  string
	Opaque bool
}

// Text writes the rule as iptables-save does, without counters.
func (r *Rule) Text() string {
	var l line
	l.b.Grow(256)
	l.words("-A", r.Chain)
	r.Src.write(&l, "-s")
	r.Dst.write(&l, "-d")
	r.In.write(&l, "-i")
	r.Out.write(&l, "-o")
	if r.Proto != 0 {
		l.not(r.NotProto)
		l.words("-p", ProtocolName(r.Proto))
	}
	if r.Fragment || r.NotFragment {
		l.not(r.NotFragment)
		l.words("-f")
	}
	for _, m := range r.Matches {
		l.words(m.Words)
	}
	if r.Target.Words != "" {
		l.words(r.Target.Words)
	}
	return l.String()
}

func (n *Network) write(l *line, option string) {
	if !n.Addr.IsValid() {
		return
	}
	l.not(n.Not)
	l.words(option, n.Addr.String()+maskText(n.Mask))
}

func (n *Name) write(l *line, option string) {
	if n.Name != "" {
		l.not(n.Not)
		l.words(option, n.Name)
	}
}

// Comment joins the comments of the rule's `-m comment`, with ", " between:
// Calico gives two, a hash and plain words.
func (r *Rule) Comment() string {
	var all []string
	for _, m := range r.Matches {
		if m.Name == "comment" {
			i := info{b: m.Data}
			all = append(all, i.str(0, min(len(m.Data), maxComment)))
		}
	}
	return strings.Join(all, ", ")
}

const maxComment = 256 // XT_MAX_COMMENT_LEN of linux/netfilter/xt_comment.h

// Verdict says what the target does, in the words of trail.Rule, and the chain
// that a jump or goto leads to.
func (t *Target) Verdict() (verdict, to string) {
	switch {
	case t.Chain && t.Goto:
		return "goto", t.Name
	case t.Chain:
		return "jump", t.Name
	}
	switch t.Name {
	case "ACCEPT", "DROP", "RETURN", "QUEUE", "REJECT", "DNAT", "SNAT", "MASQUERADE":
		return strings.ToLower(t.Name), ""
	case "REDIRECT":
		return "dnat", ""
	case "NETMAP":
		return "", ""
	case "NFQUEUE":
		return "queue", ""
	case "TPROXY":
		return "accept", ""
	}
	return "continue", ""
}
