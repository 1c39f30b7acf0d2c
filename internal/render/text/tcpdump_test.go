package text

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
)

// differences are the places where our line is not tcpdump's, on purpose. Each
// rewrites tcpdump's line, or gives the whole of ours.
var differences = map[string]func(theirs, ours string) string{
	// Tags are shown by tcpdump with -e alone. Where a packet is in a VLAN
	// matters too much for that.
	"vlan": func(theirs, ours string) string {
		return strings.Join(vlanTag.FindAllString(ours, -1), "") + theirs
	},
	// What an application says is not for the screen.
	"payload": func(theirs, _ string) string {
		if head, _, ok := strings.Cut(theirs, ": HTTP: "); ok {
			return head
		}
		head, _, _ := strings.Cut(theirs, "NTP")
		return head + "UDP, length 48"
	},
	// Multipath options are named, not told.
	"mptcp": func(theirs, _ string) string {
		return regexp.MustCompile(`mptcp (\d+)[^\]]*`).ReplaceAllString(theirs, "mptcp $1")
	},
	// Names are escaped as RFC 4343 says, not as ^[.
	"escape": func(theirs, _ string) string { return strings.Replace(theirs, "^[[3m", `\027[3m`, 1) },
	// Packets before segmentation have length 0.
	"length 0": func(_, _ string) string {
		return "IP 10.244.1.7.40003 > 10.244.2.3.9000: Flags [.], seq 0:16, ack 1, win 64240, length 16"
	},
	"length 0 6": func(_, _ string) string {
		return "IP6 fd00:244:1::7.40003 > fd00:244:2::3.9000: Flags [.], seq 0:16, ack 1, win 64240, length 16"
	},
	// tcpdump knows no extension header behind AH.
	"behind ah": func(theirs, _ string) string {
		return strings.Replace(theirs, " ip-proto-60 32", "DSTOPT 5000 > 6000: UDP, length 16", 1)
	},
	// 8472 is the kernel's default port for VXLAN, and flannel's.
	"otv": func(theirs, _ string) string {
		return regexp.MustCompile(`OTV, flags \[I\] \(0x08\), overlay 0, instance (\d+)`).ReplaceAllString(theirs, "VXLAN, flags [I] (0x08), vni $1")
	},
	"otv plain": func(theirs, _ string) string {
		head, _, _ := strings.Cut(theirs, "OTV")
		return head + "UDP, length 8"
	},
	// A header without its one mandatory flag is not VXLAN's.
	"vxlan plain": func(theirs, _ string) string {
		head, _, _ := strings.Cut(theirs, "VXLAN")
		return head + "UDP, length 8"
	},
	// GRE of version 1 is named, not told.
	"pptp": func(theirs, _ string) string {
		head, _, _ := strings.Cut(theirs, "GREv1")
		return head + "GREv1, length 16"
	},
	// Interface and direction are printed by others, from better sources.
	"sll2": func(theirs, _ string) string { return theirs[strings.Index(theirs, "IP"):] },
	// Of a tunnel's header that was cut short no more is said than that.
	"cut": func(theirs, ours string) string {
		head, mark, ok := strings.Cut(ours, " [|")
		if ok && strings.HasPrefix(theirs, strings.TrimSpace(head)) && strings.HasSuffix(theirs, mark) {
			return ours
		}
		return theirs
	},
	// 802.3 frames are left alone.
	"802.3": func(_, _ string) string { return "02:00:00:00:00:0b > 02:00:00:00:00:0a, 802.3, length 38" },
}

var (
	vlanTag = regexp.MustCompile(`vlan \d+, p \d(, DEI)?, `)
	dump    = regexp.MustCompile(`\n\t *0x[0-9a-f]{4}:.*`)
	// The line ends after a tunnel's header and before the gaps of a SACK.
	vni  = regexp.MustCompile(`((?:vni|instance) \d+) ?\n`)
	gaps = regexp.MustCompile(` *\n\t\t\[`)
)

// oneLine joins what tcpdump prints of one packet, without dumps of bytes.
func oneLine(s string) string {
	s = dump.ReplaceAllString(s, "")
	s = vni.ReplaceAllString(s, "$1: ")
	s = gaps.ReplaceAllString(s, " [")
	return strings.TrimRight(s, " \n")
}

// TestAgainstTcpdump prints the corpus and compares each line with tcpdump's.
func TestAgainstTcpdump(t *testing.T) {
	tcpdump := labtest.RequireTool(t, "tcpdump")
	groups := map[packet.LinkType][]sample{}
	for _, s := range corpus(t) {
		groups[s.link] = append(groups[s.link], s)
	}
	total := 0
	for link, samples := range groups {
		theirs := runTcpdump(t, tcpdump, link, samples)
		var p Printer
		for i, s := range samples {
			total++
			ours := string(p.Append(nil, s.link, s.data, s.wire))
			want := oneLine(theirs[i])
			if s.differs != "" {
				want = differences[s.differs](want, ours)
			}
			if ours != want {
				t.Errorf("%s (%s)\n ours    %s\n tcpdump %s", s.name, s.differs, ours, want)
			}
		}
	}
	if total < 300 {
		t.Errorf("%d packets compared only", total)
	}
}

// runTcpdump returns what tcpdump prints for each packet, without the time.
func runTcpdump(t *testing.T, tcpdump string, link packet.LinkType, samples []sample) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "corpus.pcap")
	if err := os.WriteFile(file, pcapFile(link, samples), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	cmd := exec.CommandContext(t.Context(), tcpdump, "-n", "-tt", "-r", "-")
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = in, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, stderr.String())
	}
	// The time of packet i is i seconds and 123456 microseconds.
	rest, lines := string(out), make([]string, len(samples))
	for i := range samples {
		mark := fmt.Sprintf("%d.123456 ", i+1)
		var ok bool
		if rest, ok = strings.CutPrefix(rest, mark); !ok {
			t.Fatalf("packet %d: tcpdump prints %.100q, not %q", i, rest, mark)
		}
		line, after, _ := strings.Cut(rest, fmt.Sprintf("\n%d.123456 ", i+2))
		lines[i] = line
		if i+1 < len(samples) {
			rest = fmt.Sprintf("%d.123456 ", i+2) + after
		}
	}
	return lines
}

// pcapFile writes a classic pcap file by hand.
func pcapFile(link packet.LinkType, samples []sample) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0xa1b2c3d4)
	b = le.AppendUint32(b, 2|4<<16)
	b = append(b, make([]byte, 8)...)
	b = le.AppendUint32(b, 262144)
	b = le.AppendUint32(b, uint32(link))
	for i, s := range samples {
		for _, v := range []int{i + 1, 123456, len(s.data), max(s.wire, len(s.data))} {
			b = le.AppendUint32(b, uint32(v))
		}
		b = append(b, s.data...)
	}
	return b
}
