package xt

import (
	"fmt"
	"net/netip"
	"strings"
)

// Flags of xt_conntrack.h.
const (
	ctState = 1 << iota
	ctProto
	ctOrigSrc
	ctOrigDst
	ctReplSrc
	ctReplDst
	ctStatus
	ctExpires
	ctOrigSrcPort
	ctOrigDstPort
	ctReplSrcPort
	ctReplDstPort
	ctDirection
	ctStateAlias
)

func (i *info) stateAlias() bool {
	return i.rev >= 1 && len(i.b) >= 148 && i.u16(146)&ctStateAlias != 0
}

// xt_conntrack.h, struct xt_conntrack_mtinfo1 to 3
func matchConntrack(i *info, l *line) bool {
	if i.rev < 1 || i.rev > 3 {
		return false
	}
	match, inv := i.u16(146), i.u16(148)
	state, status := uint32(i.u8(150)), uint32(i.u8(151))
	if i.rev > 1 {
		state, status = uint32(i.u16(150)), uint32(i.u16(152))
	}
	not := func(f uint16) bool { l.not(inv&f != 0); return true }
	if match&ctState != 0 && not(ctState) {
		option := "--ctstate"
		if match&ctStateAlias != 0 {
			option = "--state"
		}
		l.add("%s %s", option, ConntrackState(state))
	}
	if match&ctProto != 0 && not(ctProto) {
		l.add("--ctproto %d", i.u16(136))
	}
	for n, option := range [...]string{"--ctorigsrc", "--ctorigdst", "--ctreplsrc", "--ctrepldst"} {
		if f := uint16(ctOrigSrc << n); match&f != 0 && not(f) {
			l.add("%s %s%s", option, i.addr(n*32), i.hostMask(n*32+16))
		}
	}
	for n, option := range [...]string{"--ctorigsrcport", "--ctorigdstport", "--ctreplsrcport", "--ctrepldstport"} {
		if f := uint16(ctOrigSrcPort << n); match&f != 0 && not(f) {
			l.add("%s %s", option, i.ctPort(n))
		}
	}
	if match&ctStatus != 0 && not(ctStatus) {
		l.add("--ctstatus %s", statusNames(status))
	}
	if match&ctExpires != 0 && not(ctExpires) {
		l.add("--ctexpire %s", span(i.u32(128), i.u32(132), ":"))
	}
	if match&ctDirection != 0 {
		l.add("--ctdir %s", map[bool]string{true: "REPLY", false: "ORIGINAL"}[inv&ctDirection != 0])
	}
	return true
}

func (i *info) ctPort(n int) string {
	if i.rev < 3 {
		return fmt.Sprint(i.port(138 + 2*n))
	}
	return span(i.u16(138+2*n), i.u16(154+2*n), ":")
}

// hostMask writes the mask of a union nf_inet_addr, nothing for one host.
func (i *info) hostMask(off int) string {
	m := i.addr(off).AsSlice()
	if a, _ := netip.AddrFromSlice(m); a.IsValid() && maskText(m) == fmt.Sprintf("/%d", a.BitLen()) {
		return ""
	}
	return maskText(m)
}

// ConntrackState writes the states of `--ctstate` (xt_conntrack.h,
// XT_CONNTRACK_STATE_*).
func ConntrackState(mask uint32) string {
	var s strings.Builder
	for _, n := range [...]struct {
		bit  uint32
		name string
	}{{1, "INVALID"}, {8, "NEW"}, {4, "RELATED"}, {2, "ESTABLISHED"}, {256, "UNTRACKED"}, {64, "SNAT"}, {128, "DNAT"}} {
		if mask&n.bit != 0 {
			s.WriteString("," + n.name)
		}
	}
	if s.String() == "" {
		return ""
	}
	return s.String()[1:]
}

func statusNames(mask uint32) string {
	if s := bitNames(mask, "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"); s != "" {
		return s
	}
	return "NONE"
}

// xt_state.h, struct xt_state_info
func matchState(i *info, l *line) bool {
	if i.rev != 0 {
		return false
	}
	mask := i.u32(0)
	const untracked = 1 << 6 // XT_STATE_UNTRACKED
	s := ConntrackState(mask & (untracked - 1))
	if mask&untracked != 0 {
		if s != "" {
			s += ","
		}
		s += "UNTRACKED"
	}
	l.add("--state %s", s)
	return true
}

// xt_connlimit.h
func matchConnlimit(i *info, l *line) bool {
	if i.rev != 1 {
		return false
	}
	flags := i.u32(20)
	option := "--connlimit-above"
	if flags&1 != 0 { // XT_CONNLIMIT_INVERT
		option = "--connlimit-upto"
	}
	l.add("%s %d", option, i.u32(16))
	ones := 0
	for _, b := range i.addr(0).AsSlice() {
		for ; b != 0; b <<= 1 {
			ones++
		}
	}
	l.add("--connlimit-mask %d", ones)
	if flags&2 != 0 { // XT_CONNLIMIT_DADDR
		l.add("--connlimit-daddr")
	} else {
		l.add("--connlimit-saddr")
	}
	return true
}

// xt_connbytes.h
func matchConnbytes(i *info, l *line) bool {
	from, to, what, dir := i.u64(0), i.u64(8), i.u8(16), i.u8(17)
	if what > 2 || dir > 2 {
		return false
	}
	not := from > to
	if not {
		from, to = to, from
	}
	l.not(not)
	l.add("--connbytes %d", from)
	if to != 0 && to != 1<<64-1 {
		fmt.Fprintf(&l.b, ":%d", to)
	}
	l.add("--connbytes-mode %s", [...]string{"packets", "bytes", "avgpkt"}[what])
	l.add("--connbytes-dir %s", [...]string{"original", "reply", "both"}[dir])
	return true
}

// xt_helper.h
func matchHelper(i *info, l *line) bool {
	l.not(i.u32(0) != 0)
	l.quoted("--helper", i.str(4, 30))
	return true
}

// xt_socket.h
func matchSocket(i *info, l *line) bool {
	if i.rev == 0 {
		return true
	}
	f := i.u8(0)
	l.flag(f&1 != 0, "--transparent")
	l.flag(f&2 != 0, "--nowildcard")
	l.flag(f&4 != 0, "--restore-skmark")
	return true
}

// xt_owner.h
func matchOwner(i *info, l *line) bool {
	if i.rev != 1 {
		return false
	}
	match, inv := i.u8(16), i.u8(17)
	if match&4 != 0 { // XT_OWNER_SOCKET
		l.not(inv&4 != 0)
		l.add("--socket-exists")
	}
	if match&1 != 0 {
		l.not(inv&1 != 0)
		l.add("--uid-owner %s", span(i.u32(0), i.u32(4), "-"))
	}
	if match&2 != 0 {
		l.not(inv&2 != 0)
		l.add("--gid-owner %s", span(i.u32(8), i.u32(12), "-"))
	}
	l.flag(match&8 != 0, "--suppl-groups")
	return true
}
