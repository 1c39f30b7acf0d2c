package nft

import (
	"fmt"
	"strings"
)

// write writes the counter, with its values if they are wanted.
func (c *Counter) write(n Names) string {
	switch {
	case n.json && n.State:
		return object("counter", object("packets", uintText(c.Packets), "bytes", uintText(c.Bytes)))
	case n.json:
		return object("counter", "null")
	case n.State:
		return "counter packets " + uintText(c.Packets) + " bytes " + uintText(c.Bytes)
	}
	return "counter"
}

// rateUnits are the seconds that a rate counts by.
var rateUnits = map[uint64]string{1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week"}

// defaultBurst is what nft takes where none is said, and does not show.
const defaultBurst = 5

// unit is what the rate counts by.
func (l *Limit) unit() string {
	if unit, ok := rateUnits[l.Unit]; ok {
		return unit
	}
	return fmt.Sprintf("%ds", l.Unit)
}

func (l *Limit) write(n Names) string {
	if n.json {
		return object("limit", object(l.pairs()...))
	}
	return "limit " + l.text()
}

// pairs are the limit's values in JSON.
func (l *Limit) pairs() []string {
	pairs := []string{"per", quoted(l.unit()), "inv", whenTrue(l.Invert)}
	if l.Type == 0 { // NFT_LIMIT_PKTS
		return append(pairs, "rate", uintText(l.Rate), "burst", uintText(l.Burst))
	}
	rate, rateUnit := scaled(l.Rate)
	burst, burstUnit := scaled(uint64(l.Burst))
	return append(pairs, "rate", uintText(rate), "burst", uintText(burst), "rate_unit", quoted(rateUnit), "burst_unit", quoted(burstUnit))
}

// text is the limit without the word.
func (l *Limit) text() string {
	over := ""
	if l.Invert {
		over = "over "
	}
	if l.Type == 0 {
		s := fmt.Sprintf("rate %s%d/%s", over, l.Rate, l.unit())
		if l.Burst != 0 && l.Burst != defaultBurst {
			s += fmt.Sprintf(" burst %d packets", l.Burst)
		}
		return s
	}
	s := "rate " + over + amount(l.Rate) + "/" + l.unit()
	if l.Burst != 0 {
		s += " burst " + amount(uint64(l.Burst))
	}
	return s
}

// scaled gives bytes in the largest unit that holds them without remainder.
func scaled(n uint64) (uint64, string) {
	units := [...]string{"bytes", "kbytes", "mbytes"}
	i := 0
	for n != 0 && n%1024 == 0 && i < len(units)-1 {
		n /= 1024
		i++
	}
	return n, units[i]
}

// amount writes bytes.
func amount(n uint64) string {
	n, unit := scaled(n)
	return uintText(n) + " " + unit
}

func (q *Quota) write(n Names) string {
	used, val := q.Used, q.Bytes
	if !n.State {
		used = 0
	}
	if n.json {
		val, unit := scaled(val)
		pairs := []string{"val", uintText(val), "val_unit", quoted(unit), "inv", whenTrue(q.Invert)}
		if used != 0 {
			used, unit := scaled(used)
			pairs = append(pairs, "used", uintText(used), "used_unit", quoted(unit))
		}
		return object("quota", object(pairs...))
	}
	return "quota " + quotaText(val, used, q.Invert)
}

// quotaText is a quota without the word.
func quotaText(val, used uint64, over bool) string {
	s := amount(val)
	if over {
		s = "over " + s
	}
	if used != 0 {
		s += " used " + amount(used)
	}
	return s
}

func (c *Connlimit) write(n Names) string {
	switch {
	case n.json:
		return object("ct count", object("val", uintText(c.Count), "inv", whenTrue(c.Invert)))
	case c.Invert:
		return fmt.Sprintf("ct count over %d", c.Count)
	}
	return fmt.Sprintf("ct count %d", c.Count)
}

func (p *printer) queue(e *Queue) string {
	n := p.names
	var flags []string
	if e.Flags&1 != 0 { // NFT_QUEUE_FLAG_BYPASS
		flags = append(flags, "bypass")
	}
	if e.Flags&2 != 0 { // NFT_QUEUE_FLAG_CPU_FANOUT
		flags = append(flags, "fanout")
	}
	num := uintText(e.Num)
	switch {
	case e.Sreg != 0:
		num = p.operand(e.Sreg, kindInteger, true)
	case e.Total > 1:
		num = n.between(num, uintText(e.Num+e.Total-1))
	}
	if n.json {
		list := ""
		if flags != nil {
			list = oneOrArray(quotedAll(flags))
		}
		return object("queue", object("num", num, "flags", list))
	}
	s := "queue"
	if flags != nil {
		s += " flags " + strings.Join(flags, ",")
	}
	return s + " to " + num
}

func (s *Synproxy) write(n Names) string {
	if n.json {
		pairs := object(s.pairs()...)
		if pairs == "{}" {
			pairs = "null"
		}
		return object("synproxy", pairs)
	}
	if words := s.words(); words != nil {
		return "synproxy " + strings.Join(words, " ")
	}
	return "synproxy"
}

// The options of linux/netfilter/nf_synproxy.h, NF_SYNPROXY_OPT_*.
const (
	synproxyMSS = 1 << iota
	synproxyWscale
	synproxySackPerm
	synproxyTimestamp
)

// words are the options in text.
func (s *Synproxy) words() []string {
	var words []string
	if s.Flags&synproxyMSS != 0 {
		words = append(words, fmt.Sprintf("mss %d", s.MSS))
	}
	if s.Flags&synproxyWscale != 0 {
		words = append(words, fmt.Sprintf("wscale %d", s.Wscale))
	}
	return append(words, s.flags()...)
}

func (s *Synproxy) flags() []string {
	var flags []string
	if s.Flags&synproxyTimestamp != 0 {
		flags = append(flags, "timestamp")
	}
	if s.Flags&synproxySackPerm != 0 {
		flags = append(flags, "sack-perm")
	}
	return flags
}

// pairs are the options in JSON.
func (s *Synproxy) pairs() []string {
	var pairs []string
	if s.Flags&synproxyMSS != 0 {
		pairs = append(pairs, "mss", uintText(s.MSS))
	}
	if s.Flags&synproxyWscale != 0 {
		pairs = append(pairs, "wscale", uintText(s.Wscale))
	}
	if flags := s.flags(); flags != nil {
		pairs = append(pairs, "flags", oneOrArray(quotedAll(flags)))
	}
	return pairs
}
