package nft

import (
	"fmt"
	"strings"
)

// rateUnits are the seconds that a rate counts by.
var rateUnits = map[uint64]string{1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week"}

// defaultBurst is what nft takes where none is said, and does not show.
const defaultBurst = 5

func (l *Limit) text() string {
	over := ""
	if l.Invert {
		over = "over "
	}
	unit, ok := rateUnits[l.Unit]
	if !ok {
		unit = fmt.Sprintf("%ds", l.Unit)
	}
	if l.Type == 0 { // NFT_LIMIT_PKTS
		s := fmt.Sprintf("limit rate %s%d/%s", over, l.Rate, unit)
		if l.Burst != 0 && l.Burst != defaultBurst {
			s += fmt.Sprintf(" burst %d packets", l.Burst)
		}
		return s
	}
	s := "limit rate " + over + amount(l.Rate) + "/" + unit
	if l.Burst != 0 {
		s += " burst " + amount(uint64(l.Burst))
	}
	return s
}

// amount writes bytes in the largest unit that holds them without remainder.
func amount(n uint64) string {
	units := [...]string{"bytes", "kbytes", "mbytes"}
	i := 0
	for n != 0 && n%1024 == 0 && i < len(units)-1 {
		n /= 1024
		i++
	}
	return fmt.Sprintf("%d %s", n, units[i])
}

func (q *Quota) text() string {
	if q.Invert {
		return "quota over " + amount(q.Bytes)
	}
	return "quota " + amount(q.Bytes)
}

func (c *Connlimit) text() string {
	if c.Invert {
		return fmt.Sprintf("ct count over %d", c.Count)
	}
	return fmt.Sprintf("ct count %d", c.Count)
}

func (l *Log) text() string {
	var b strings.Builder
	b.WriteString("log")
	if l.Prefix != "" {
		fmt.Fprintf(&b, " prefix %q", l.Prefix)
	}
	if l.HasGroup {
		fmt.Fprintf(&b, " group %d", l.Group)
		if l.Snaplen != 0 {
			fmt.Fprintf(&b, " snaplen %d", l.Snaplen)
		}
		if l.Threshold != 0 {
			fmt.Fprintf(&b, " queue-threshold %d", l.Threshold)
		}
	}
	names := [...]string{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit"}
	if l.HasLevel && l.Level != 4 && l.Level < uint32(len(names)) {
		b.WriteString(" level " + names[l.Level])
	}
	b.WriteString(logFlags(l.Flags))
	return b.String()
}

// logFlags writes NF_LOG_* of linux/netfilter/nf_log.h.
func logFlags(f uint32) string {
	const sequence, tcpOptions, ipOptions, uid, mac = 1, 2, 4, 8, 32
	const all = sequence | tcpOptions | ipOptions | uid | mac
	if f&all == all {
		return " flags all"
	}
	var b strings.Builder
	switch f & (sequence | tcpOptions) {
	case sequence:
		b.WriteString(" flags tcp sequence")
	case tcpOptions:
		b.WriteString(" flags tcp options")
	case sequence | tcpOptions:
		b.WriteString(" flags tcp sequence,options")
	}
	if f&ipOptions != 0 {
		b.WriteString(" flags ip options")
	}
	if f&uid != 0 {
		b.WriteString(" flags skuid")
	}
	if f&mac != 0 {
		b.WriteString(" flags ether")
	}
	return b.String()
}

func (p *printer) queue(e *Queue) string {
	var flags []string
	if e.Flags&1 != 0 { // NFT_QUEUE_FLAG_BYPASS
		flags = append(flags, "bypass")
	}
	if e.Flags&2 != 0 { // NFT_QUEUE_FLAG_CPU_FANOUT
		flags = append(flags, "fanout")
	}
	s := "queue"
	if flags != nil {
		s += " flags " + strings.Join(flags, ",")
	}
	switch {
	case e.Sreg != 0:
		return s + " to " + p.operand(e.Sreg, kindInteger, true)
	case e.Total > 1:
		return s + fmt.Sprintf(" to %d-%d", e.Num, e.Num+e.Total-1)
	}
	return s + fmt.Sprintf(" to %d", e.Num)
}

func (s *Synproxy) text() string {
	var b strings.Builder
	b.WriteString("synproxy")
	// NF_SYNPROXY_OPT_* of linux/netfilter/nf_synproxy.h
	if s.Flags&1 != 0 {
		fmt.Fprintf(&b, " mss %d", s.MSS)
	}
	if s.Flags&2 != 0 {
		fmt.Fprintf(&b, " wscale %d", s.Wscale)
	}
	if s.Flags&8 != 0 {
		b.WriteString(" timestamp")
	}
	if s.Flags&4 != 0 {
		b.WriteString(" sack-perm")
	}
	return b.String()
}
