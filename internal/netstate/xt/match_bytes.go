package xt

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// xt_string.h, revision 1
func matchString(i *info, l *line) bool {
	const invert, noCase, toEnd = 1, 2, 0xffff
	n := int(i.u8(148))
	if i.rev != 1 || n > 128 { // XT_STRING_MAX_PATTERN_SIZE
		return false
	}
	pattern, flags := i.at(20, n), i.u8(149)
	l.not(flags&invert != 0)
	if printable(pattern) {
		l.add(`--string "%s"`, strings.NewReplacer(`"`, `\"`).Replace(string(pattern)))
	} else {
		l.add(`--hex-string "|%s|"`, hex.EncodeToString(pattern))
	}
	l.add("--algo %s", i.str(4, 16))
	if from := i.u16(0); from != 0 {
		l.add("--from %d", from)
	}
	if to := i.u16(2); to != 0 && to != toEnd {
		l.add("--to %d", to)
	}
	l.flag(flags&noCase != 0, "--icase")
	return true
}

// printable says that iptables writes the bytes as a string: letters, and no
// bar at the start or backslash anywhere.
func printable(b []byte) bool {
	for i, c := range b {
		if c < 0x20 || c > 0x7e || c == '\\' || (c == '|' && i == 0) {
			return false
		}
	}
	return len(b) == 0 || b[len(b)-1] != ' '
}

// xt_u32.h
func matchU32(i *info, l *line) bool {
	const most, testSize, values = 11, 180, 88 // XT_U32_MAXSIZE + 1, struct xt_u32_test
	tests := int(i.u8(most * testSize))
	if tests > most {
		return false
	}
	var b strings.Builder
	for t := range tests {
		off := t * testSize
		if t > 0 {
			b.WriteString("&&")
		}
		numbers, ranges := int(i.u8(off+2*values)), int(i.u8(off+2*values+1))
		if numbers > most || ranges > most {
			return false
		}
		for n := range numbers {
			if n > 0 {
				op := i.u8(off + n*8 + 4)
				if op > 3 {
					return false
				}
				b.WriteString([...]string{"&", "<<", ">>", "@"}[op])
			}
			fmt.Fprintf(&b, "0x%x", i.u32(off+n*8))
		}
		for n := range ranges {
			b.WriteString(map[bool]string{true: "=", false: ","}[n == 0])
			from, to := i.u32(off+values+n*8), i.u32(off+values+n*8+4)
			fmt.Fprintf(&b, "0x%x", from)
			if to != from {
				fmt.Fprintf(&b, ":0x%x", to)
			}
		}
	}
	l.not(i.u8(most*testSize+1) != 0)
	l.add(`--u32 "%s"`, b.String())
	return true
}

// xt_bpf.h, revision 1
func matchBPF(i *info, l *line) bool {
	const most = 64 // XT_BPF_MAX_NUM_INSTR
	mode, n := i.u16(0), int(i.u16(2))
	switch {
	case i.rev != 1:
		return false
	case mode == 1: // XT_BPF_MODE_FD_PINNED
		l.add("--object-pinned %s", i.str(8, 512))
		return true
	case mode != 0 || n > most:
		return false
	}
	words := []string{fmt.Sprint(n)}
	for k := range n {
		off := 8 + k*8 // struct sock_filter
		words = append(words, fmt.Sprintf("%d %d %d %d", i.u16(off), i.u8(off+2), i.u8(off+3), i.u32(off+4)))
	}
	l.add(`--bytecode "%s"`, strings.Join(words, ","))
	return true
}

// chunks are the types of SCTP chunks by name (linux/sctp.h).
var chunks = [...]struct {
	n     uint8
	name  string
	flags string
}{
	{0, "DATA", "----IUBE"},
	{1, "INIT", ""},
	{2, "INIT_ACK", ""},
	{3, "SACK", ""},
	{4, "HEARTBEAT", ""},
	{5, "HEARTBEAT_ACK", ""},
	{6, "ABORT", "-------T"},
	{7, "SHUTDOWN", ""},
	{8, "SHUTDOWN_ACK", ""},
	{9, "ERROR", ""},
	{10, "COOKIE_ECHO", ""},
	{11, "COOKIE_ACK", ""},
	{12, "ECN_ECNE", ""},
	{13, "ECN_CWR", ""},
	{14, "SHUTDOWN_COMPLETE", "-------T"},
	{64, "I_DATA", "----IUBE"},
	{128, "ASCONF_ACK", ""},
	{130, "RE_CONFIG", ""},
	{132, "PAD", ""},
	{192, "FORWARD_TSN", ""},
	{193, "ASCONF", ""},
	{194, "I_FORWARD_TSN", ""},
}

// sctpChunks writes the chunk types of a struct xt_sctp_info.
func (i *info) sctpChunks() (string, bool) {
	how, ok := map[uint32]string{1: "any", 2: "all", 4: "only"}[i.u32(264)]
	count := int(i.u32(280))
	if !ok || count > 4 { // XT_NUM_SCTP_FLAGS
		return "", false
	}
	bits := i.at(8, 256)
	if full := strings.Count(string(bits), "\xff"); full == len(bits) {
		return how + " ALL", true
	}
	var names []string
	for _, c := range chunks {
		if i.u32(8+int(c.n/32)*4)&(1<<(c.n%32)) == 0 {
			continue
		}
		name := []string{c.name}
		for k := range count {
			if off := 268 + 3*k; i.u8(off) == c.n {
				name = append(name, chunkFlags(c.flags, i.u8(off+1), i.u8(off+2)))
			}
		}
		names = append(names, strings.Join(name, ":"))
	}
	if names == nil {
		return how + " NONE", true
	}
	return how + " " + strings.Join(names, ","), true
}

// chunkFlags writes flags that must be set in capital letters, and those that
// must not be in small ones.
func chunkFlags(names string, value, mask uint8) string {
	var b strings.Builder
	for n := range len(names) {
		bit := uint8(0x80) >> n
		switch {
		case mask&bit == 0:
		case value&bit != 0:
			b.WriteString(strings.ToUpper(names[n : n+1]))
		default:
			b.WriteString(strings.ToLower(names[n : n+1]))
		}
	}
	return b.String()
}
