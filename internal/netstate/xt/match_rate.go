package xt

import (
	"fmt"
	"net/netip"
	"strings"
)

// period is a time that rates are counted by, in units of 1/scale s.
type period struct {
	seconds uint64
	name    string
}

func periods() [4]period {
	return [4]period{{86400, "day"}, {3600, "hour"}, {60, "min"}, {1, "sec"}}
}

// rate writes the time per packet, in units of 1/scale s, as a rate. It picks
// the unit as libxt_limit does.
func rate(per, scale uint64) string {
	if per == 0 {
		return "0"
	}
	all := periods()
	i := 1
	for ; i < len(all); i++ {
		m := all[i].seconds * scale
		if per > m || m/per < m%per {
			break
		}
	}
	return fmt.Sprintf("%d/%s", all[i-1].seconds*scale/per, all[i-1].name)
}

// xt_limit.h: XT_LIMIT_SCALE is 10000
func matchLimit(i *info, l *line) bool {
	l.add("--limit %s", rate(uint64(i.u32(0)), 10000))
	if burst := i.u32(4); burst != 5 {
		l.add("--limit-burst %d", burst)
	}
	return true
}

// hashlimit is what the revisions of xt_hashlimit.h have in common.
type hashlimit struct {
	name                   string
	mode                   uint32
	avg, burst, scale      uint64
	size, max, gc, expire  uint32
	interval               uint32
	srcMask, dstMask, bits uint8
}

func (i *info) hashlimit() (hashlimit, bool) {
	h := hashlimit{bits: 32, scale: 10000}
	if i.ip6 {
		h.bits = 128
	}
	switch i.rev {
	case 1:
		h.name, h.mode, h.avg, h.burst = i.str(0, 16), i.u32(16), uint64(i.u32(20)), uint64(i.u32(24))
		h.size, h.max, h.gc, h.expire = i.u32(28), i.u32(32), i.u32(36), i.u32(40)
		h.srcMask, h.dstMask = i.u8(44), i.u8(45)
	case 2, 3:
		h.scale = 1000000 // XT_HASHLIMIT_SCALE_v2
		h.name, h.avg, h.burst, h.mode = i.str(0, 255), i.u64(256), i.u64(264), i.u32(272)
		h.size, h.max, h.gc, h.expire = i.u32(276), i.u32(280), i.u32(284), i.u32(288)
		if i.rev == 2 {
			h.srcMask, h.dstMask = i.u8(292), i.u8(293)
			return h, true
		}
		h.interval, h.srcMask, h.dstMask = i.u32(292), i.u8(296), i.u8(297)
	default:
		return h, false
	}
	return h, true
}

// byteUnits are the units that hashlimit writes bytes in.
var byteUnits = [...]struct {
	size uint64
	name string
}{{1 << 20, "m"}, {1 << 10, "k"}, {1, ""}}

// byteRate writes a rate of bytes, and the burst in bytes. The kernel keeps what
// 16 bytes cost (XT_HASHLIMIT_BYTE_SHIFT).
func byteRate(cost, burst uint64) (rate, words string) {
	const all, shift = 1<<32 - 1, 4
	if cost == 0 || cost > all {
		return "", ""
	}
	r := (all/cost - 1) << shift
	for _, u := range byteUnits {
		if whole := r &^ (u.size - 1); u.size == 1 || (r >= u.size && all/(whole>>shift+1) == cost) {
			rate = fmt.Sprintf("%d%sb/s", r/u.size, u.name)
			break
		}
	}
	if burst == 0 {
		return rate, ""
	}
	for _, u := range byteUnits {
		if total := r * burst; u.size == 1 || total >= u.size {
			return rate, fmt.Sprintf("%d%sb", total/u.size, u.name)
		}
	}
	return rate, ""
}

// xt_hashlimit.h
func matchHashlimit(i *info, l *line) bool {
	const invert, byBytes, rateMatch = 1 << 4, 1 << 5, 1 << 6
	h, ok := i.hashlimit()
	if !ok {
		return false
	}
	option := "--hashlimit-upto"
	if h.mode&invert != 0 {
		option = "--hashlimit-above"
	}
	speed, burst := rate(h.avg, h.scale), fmt.Sprint(h.burst)
	if h.mode&byBytes != 0 {
		speed, burst = byteRate(h.avg, h.burst)
	}
	l.add("%s %s", option, speed)
	if burst != "" {
		l.add("--hashlimit-burst %s", burst)
	}
	// dstip, dstport, srcip, srcport are the bits; iptables writes them so
	if mode := hashMode(h.mode); mode != "" {
		l.add("--hashlimit-mode %s", mode)
	}
	l.add("--hashlimit-name %s", h.name)
	if h.size != 0 {
		l.add("--hashlimit-htable-size %d", h.size)
	}
	if h.max != 0 {
		l.add("--hashlimit-htable-max %d", h.max)
	}
	if h.gc != 1000 {
		l.add("--hashlimit-htable-gcinterval %d", h.gc)
	}
	if h.expire != hashExpire(h) {
		l.add("--hashlimit-htable-expire %d", h.expire)
	}
	if h.srcMask != h.bits {
		l.add("--hashlimit-srcmask %d", h.srcMask)
	}
	if h.dstMask != h.bits {
		l.add("--hashlimit-dstmask %d", h.dstMask)
	}
	if h.mode&rateMatch != 0 {
		l.add("--hashlimit-rate-match")
		if h.interval != 1 {
			l.add("--hashlimit-rate-interval %d", h.interval)
		}
	}
	return true
}

func hashMode(mode uint32) string {
	var all []string
	for _, m := range [...]struct {
		bit  uint32
		name string
	}{{4, "srcip"}, {8, "srcport"}, {1, "dstip"}, {2, "dstport"}} {
		if mode&m.bit != 0 {
			all = append(all, m.name)
		}
	}
	return strings.Join(all, ",")
}

// hashExpire is the default of --hashlimit-htable-expire: the unit that the
// rate is written in, in milliseconds.
func hashExpire(h hashlimit) uint32 {
	if h.mode&(1<<5) != 0 && h.burst == 0 { // XT_HASHLIMIT_BYTE_EXPIRE and _BURST
		return 15000
	} else if h.mode&(1<<5) != 0 {
		return 60000
	}
	_, unit, _ := strings.Cut(rate(h.avg, h.scale), "/")
	for _, p := range periods() {
		if p.name == unit {
			return uint32(p.seconds * 1000)
		}
	}
	return 0
}

// xt_statistic.h
func matchStatistic(i *info, l *line) bool {
	not := i.u16(2)&1 != 0
	switch i.u16(0) {
	case 0: // XT_STATISTIC_MODE_RANDOM
		l.add("--mode random")
		l.not(not)
		l.add("--probability %.11f", float64(i.u32(4))/0x80000000)
	case 1: // XT_STATISTIC_MODE_NTH; the kernel keeps every - 1
		l.add("--mode nth")
		l.not(not)
		l.add("--every %d", i.u32(4)+1)
		l.add("--packet %d", i.u32(8))
	default:
		return false
	}
	return true
}

// xt_quota.h
func matchQuota(i *info, l *line) bool {
	l.not(i.u32(0)&1 != 0)
	l.add("--quota %d", i.u64(8))
	return true
}

// xt_recent.h, revision 0 and 1
func matchRecent(i *info, l *line) bool {
	const check, set, update, remove, ttl, reap = 1, 2, 4, 8, 16, 32
	flags := i.u8(8)
	l.not(i.u8(9) != 0)
	switch {
	case flags&set != 0:
		l.add("--set")
	case flags&check != 0:
		l.add("--rcheck")
	case flags&update != 0:
		l.add("--update")
	case flags&remove != 0:
		l.add("--remove")
	}
	if s := i.u32(0); s != 0 {
		l.add("--seconds %d", s)
	}
	l.flag(flags&reap != 0, "--reap")
	if n := i.u32(4); n != 0 {
		l.add("--hitcount %d", n)
	}
	l.flag(flags&ttl != 0, "--rttl")
	if name := i.str(10, 200); name != "" {
		l.add("--name %s", name)
	}
	switch i.rev {
	case 0:
		mask := netip.AddrFrom4([4]byte{255, 255, 255, 255})
		if i.ip6 {
			mask = netip.AddrFrom16([16]byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255})
		}
		l.add("--mask %s", mask)
	case 1:
		l.add("--mask %s", i.addr(212))
	default:
		return false
	}
	l.add("%s", map[bool]string{true: "--rdest", false: "--rsource"}[i.u8(210) != 0])
	return true
}

// xt_nfacct.h; iptables-save prints two spaces
func matchNfacct(i *info, l *line) bool {
	l.add("--nfacct-name  %s", i.str(0, 32))
	return true
}
