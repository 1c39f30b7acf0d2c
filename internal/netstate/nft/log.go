package nft

import (
	"fmt"
	"strings"
)

// levels are the levels of the kernel's log, by number.
var levels = [...]string{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit"}

// level is the one that has to be said; "" for the usual one, warn.
func (l *Log) level() string {
	if l.HasLevel && l.Level != 4 && l.Level < uint32(len(levels)) {
		return levels[l.Level]
	}
	return ""
}

func (l *Log) write(n Names) string {
	if !n.json {
		return l.text()
	}
	var pairs []string
	if l.Prefix != "" {
		pairs = append(pairs, "prefix", quoted(l.Prefix))
	}
	if l.HasGroup {
		pairs = append(pairs, "group", uintText(l.Group))
		if l.Snaplen != 0 {
			pairs = append(pairs, "snaplen", uintText(l.Snaplen))
		}
		if l.Threshold != 0 {
			pairs = append(pairs, "queue-threshold", uintText(l.Threshold))
		}
	}
	if level := l.level(); level != "" {
		pairs = append(pairs, "level", quoted(level))
	}
	if flags := logFlags(l.Flags); flags != nil {
		pairs = append(pairs, "flags", oneOrArray(quotedAll(flags)))
	}
	if pairs == nil {
		return object("log", "null")
	}
	return object("log", object(pairs...))
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
	if level := l.level(); level != "" {
		b.WriteString(" level " + level)
	}
	flags := logFlags(l.Flags)
	for i := 0; i < len(flags); i++ {
		if flags[i] == "tcp sequence" && i+1 < len(flags) && flags[i+1] == "tcp options" {
			b.WriteString(" flags tcp sequence,options")
			i++
			continue
		}
		b.WriteString(" flags " + flags[i])
	}
	return b.String()
}

// logFlags names NF_LOG_* of linux/netfilter/nf_log.h.
func logFlags(f uint32) []string {
	const sequence, tcpOptions, ipOptions, uid, mac = 1, 2, 4, 8, 32
	const every = sequence | tcpOptions | ipOptions | uid | mac
	if f&every == every {
		return []string{"all"}
	}
	var all []string
	for _, w := range [...]struct {
		bit  uint32
		name string
	}{{sequence, "tcp sequence"}, {tcpOptions, "tcp options"}, {ipOptions, "ip options"}, {uid, "skuid"}, {mac, "ether"}} {
		if f&w.bit != 0 {
			all = append(all, w.name)
		}
	}
	return all
}
