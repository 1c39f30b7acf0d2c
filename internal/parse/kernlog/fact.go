package kernlog

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/parse"
)

// factOf reads what a line says that is of no single packet.
func factOf(m *message) (parse.Fact, bool) {
	s := m.text
	switch {
	case m.foreign:
	case strings.Contains(s, "nf_conntrack: ") && strings.Contains(s, "table full"),
		strings.HasPrefix(s, "ip_conntrack: table full"):
		return parse.Fact{Kind: parse.FactTableFull, Count: 1, Text: s}, true
	case strings.Contains(s, "neighbo") && strings.Contains(s, "table overflow"),
		strings.HasPrefix(s, "Neighbour table overflow"):
		return parse.Fact{Kind: parse.FactNeighbourFull, Count: 1, Text: s}, true
	}
	if n, ok := lost(s, m.foreign); ok {
		return parse.Fact{Kind: parse.FactLost, Count: n, Text: s}, true
	}
	return parse.Fact{}, false
}

// losses are how the kernel and the programs on a log's way say that lines are
// missing: what stands before their number, and behind it.
var losses = []struct {
	before, after string
	foreign       bool
}{
	{": ", " callbacks suppressed", false}, // lib/ratelimit.c
	{": ", " messages suppressed", false},  // before Linux 2.6.33
	{"** ", " printk messages dropped", false},
	{"dropped ", " messages", false},
	{"message repeated ", " times:", true},
	{"last message repeated ", " times", true},
	{"Missed ", " kernel messages", true},       // systemd-journald
	{"Suppressed ", " messages from ", true},    // systemd-journald
	{": ", " messages lost due to ", true},      // rsyslog
	{"lost ", " messages due to rate-", true},   // rsyslog, imuxsock
	{"begin to drop messages due to", "", true}, // rsyslog
}

// lost is how many lines a line says are missing: 0 if it says no number.
func lost(s string, foreign bool) (int, bool) {
	for _, l := range losses {
		if foreign && !l.foreign {
			continue
		}
		if l.after == "" {
			if strings.Contains(s, l.before) {
				return 0, true
			}
			continue
		}
		end := strings.Index(s, l.after)
		if end <= 0 {
			continue
		}
		at := end
		for at > 0 && s[at-1] >= '0' && s[at-1] <= '9' {
			at--
		}
		if n, err := strconv.ParseUint(s[at:end], 10, 31); err == nil && strings.HasSuffix(s[:at], l.before) {
			return int(n), true
		}
	}
	return 0, false
}

// isBoot takes the lines by which journalctl tells boots apart:
// "-- Boot 0123456789abcdef0123456789abcdef --", before systemd 247
// "-- Reboot --".
func (r *Reader) isBoot(m *message) bool {
	s := m.text
	if !strings.HasPrefix(s, "-- ") || m.hasWall || m.hasMono {
		return false
	}
	r.boots++
	switch {
	case strings.HasPrefix(s, "-- Boot ") && len(s) >= 8+32:
		r.boot = s[8 : 8+32]
	case strings.HasPrefix(s, "-- Reboot"):
		r.boot = "boot " + strconv.Itoa(r.boots)
	default:
		r.boots--
		return false
	}
	return true
}

func sortHosts(all []*host) {
	slices.SortFunc(all, func(a, b *host) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.boot, b.boot)) })
}
