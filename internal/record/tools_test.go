package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// rootWarning is what tshark says to root, whatever the file.
const rootWarning = "Running as user \"root\" and group \"root\". This could be dangerous.\n"

// tool runs one of Wireshark's programs and fails the test at any complaint.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), labtest.RequireTool(t, name), args...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	if said := strings.ReplaceAll(complaint.String(), rootWarning, ""); err != nil || said != "" {
		t.Errorf("%s %v: %v\n%s", name, args, err, said)
	}
	return out.String()
}

// fields gives the values of tshark's fields, a line per packet.
func fields(t *testing.T, path string, names ...string) string {
	t.Helper()
	args := []string{"-n", "-r", path, "-T", "fields", "-E", "separator=|", "-E", "aggregator=;"}
	for _, n := range names {
		args = append(args, "-e", n)
	}
	return tool(t, "tshark", args...)
}

func save(t *testing.T, name string, write func(w io.Writer)) string {
	t.Helper()
	var out bytes.Buffer
	write(&out)
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTshark(t *testing.T) {
	path := save(t, "small.pcapng", func(w io.Writer) { small(t, w) })
	got := fields(t, path, "frame.time_epoch", "frame.interface_id", "frame.interface_name", "frame.interface_description",
		"frame.packet_flags_direction", "frame.drop_count", "frame.comment", "frame.len", "frame.cap_len", "frame.protocols")
	want := `1700000000.123456789|0|node1/client/eth0|pod's end|0x00000002|||42|42|eth:ethertype:ip:icmp
1700000000.123456790|1|node1/tun0|pod's end|0x00000001|7|nat rule 2: DNAT -> 10.244.2.3:8080;second, äöü|1000|28|raw:ip:icmp
1700000000.999999999|0|node1/client/eth0|pod's end||||42|42|eth:ethertype:ip:icmp
`
	if got != want {
		t.Errorf("tshark reads\n%swant\n%s", got, want)
	}
	resolved := tool(t, "tshark", "-r", path, "-N", "n", "-T", "fields", "-e", "ip.src_host", "-c", "1")
	if resolved != "client\n" {
		t.Errorf("tshark names the source %q", resolved)
	}
	info := tool(t, "capinfos", path)
	for _, want := range []string{
		"pcapng", "nanoseconds (9)", "Number of packets:   3", "Number of interfaces in file: 2", "Name = node1/client/eth0", "Name = node1/tun0",
		"Filter string = icmp", "Description = pod's end", "Capture length = 96", "Encapsulation = Ethernet (1 - ether)", "Encapsulation = Raw IP (7 - rawip)",
		"Capture application: pktrail 0.1.0", "Capture oper-sys:    Linux 6.18.5", "Capture hardware:    x86_64", "Capture comment:     two points",
		"Number of stat entries = 3", "Number of stat entries = 2",
	} {
		if !strings.Contains(info, want) {
			t.Errorf("capinfos does not say %q:\n%s", want, info)
		}
	}
}

// TestTsharkMany: large and small frames, points that come late, a stream
// without points, and one that is cut.
func TestTsharkMany(t *testing.T) {
	path := save(t, "flood.pcapng", func(w io.Writer) { flood(t, w) })
	if n := strings.Count(fields(t, path, "frame.number"), "\n"); n != 3000 {
		t.Errorf("tshark reads %d packets of 3000", n)
	}
	if info := tool(t, "capinfos", "-Mc", path); !strings.Contains(info, "Number of packets:   3000") {
		t.Error(info)
	}
	for name, write := range map[string]func(w io.Writer){
		"two":   func(w io.Writer) { small(t, w); small(t, w) },
		"empty": func(w io.Writer) { end(t, w, 0) },
		"point": func(w io.Writer) { end(t, w, 1) },
		"links": func(w io.Writer) { links(t, w) },
	} {
		path := save(t, name+".pcapng", write)
		n := map[string]int{"two": 6, "links": len(linkTypes)}[name]
		if got := strings.Count(fields(t, path, "frame.number"), "\n"); got != n {
			t.Errorf("%s: tshark reads %d packets of %d", name, got, n)
		}
		tool(t, "capinfos", path)
	}
	classic := save(t, "x.pcap", func(dst io.Writer) {
		c := NewClassicWriter(dst)
		flood(t, c)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	})
	if n := strings.Count(fields(t, classic, "frame.number"), "\n"); n != 3000 {
		t.Errorf("tshark reads %d packets of 3000 from classic pcap", n)
	}
}

// end writes a stream that ends at once.
func end(tb testing.TB, dst io.Writer, n int) {
	tb.Helper()
	w, err := NewWriter(dst, Header{})
	for _, p := range points[:n] {
		_, _ = w.AddPoint(p, PointOptions{})
	}
	if err := errors.Join(err, w.End(End{Reason: "nothing", At: started})); err != nil {
		tb.Fatal(err)
	}
}

var linkTypes = []packet.LinkType{
	packet.LinkNull, packet.LinkEthernet, packet.LinkRaw, packet.LinkLoop, packet.LinkLinuxSLL,
	packet.LinkIPv4, packet.LinkIPv6, packet.LinkLinuxSLL2,
}

// links writes a frame of each link type, each at a point of its own.
func links(tb testing.TB, dst io.Writer) {
	tb.Helper()
	w, err := NewWriter(dst, Header{})
	for i, l := range linkTypes {
		id, aerr := w.AddPoint(trail.Point{Interface: fmt.Sprint("if", i), Link: l}, PointOptions{})
		err = errors.Join(err, aerr, w.WriteFrame(&trail.Frame{Point: id, Time: 1, Len: 28, Data: echo[14:]}))
	}
	if err := errors.Join(err, w.End(End{})); err != nil {
		tb.Fatal(err)
	}
}

// TestTcpdump: libpcap reads pcapng where all points have one link type and
// one snap length.
func TestTcpdump(t *testing.T) {
	path := save(t, "one.pcapng", func(w io.Writer) { ethernet(t, w) })
	cmd := exec.CommandContext(t.Context(), labtest.RequireTool(t, "tcpdump"), "--nano", "-tt", "-nr", path)
	out, err := cmd.Output()
	want := `1700000000.123456789 IP 10.244.1.7 > 10.244.2.3: ICMP echo request, id 1, seq 1, length 8
1700000000.999999999 IP 10.244.1.7 > 10.244.2.3: ICMP echo request, id 1, seq 1, length 8
`
	if err != nil || string(out) != want {
		t.Errorf("%v: tcpdump reads\n%swant\n%s", err, out, want)
	}
}

// TestSavedAgain reads what Wireshark's programs make of our files: frames,
// comments, observations, points and header stay; counters, names and the end
// record do not have to.
func TestSavedAgain(t *testing.T) {
	path := save(t, "small.pcapng", func(w io.Writer) { small(t, w) })
	one := save(t, "one.pcapng", func(w io.Writer) { ethernet(t, w) })
	again := filepath.Join(t.TempDir(), "again.pcapng")
	for name, run := range map[string]func(){
		"tshark":      func() { tool(t, "tshark", "-r", path, "-w", again) },
		"editcap":     func() { tool(t, "editcap", path, again) },
		"editcap -E":  func() { tool(t, "editcap", "-a", "3:a comment", path, again) },
		"mergecap":    func() { tool(t, "mergecap", "-w", again, path) },
		"mergecap 2":  func() { tool(t, "mergecap", "-w", again, path, path) },
		"classic":     func() { tool(t, "editcap", "-F", "nsecpcap", one, again) },
		"classic us":  func() { tool(t, "editcap", "-F", "pcap", one, again) },
		"reordercap":  func() { tool(t, "reordercap", path, again) },
		"one of them": func() { tool(t, "editcap", "-r", path, again, "2") },
	} {
		run()
		file, err := os.ReadFile(again)
		if err != nil {
			t.Fatal(err)
		}
		r := open(t, file)
		list, notes, err := readFrames(r)
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
		checkSavedAgain(t, name, r, list, notes)
	}
}

// ethernet writes Ethernet frames alone, of two points.
func ethernet(tb testing.TB, dst io.Writer) {
	tb.Helper()
	w, err := NewWriter(dst, header)
	_, perr := w.AddPoint(points[0], PointOptions{})
	list := frames()
	ferr := w.WriteFrame(&list[0])
	_, qerr := w.AddPoint(points[0], PointOptions{})
	list[2].Point = 1
	if err := errors.Join(err, perr, ferr, qerr, w.WriteFrame(&list[2]), w.End(End{})); err != nil {
		tb.Fatal(err)
	}
}

func checkSavedAgain(t *testing.T, name string, r *Reader, list []trail.Frame, notes []Annotation) {
	t.Helper()
	want, wantNotes := frames(), []Annotation{{}, annotation, {}}
	switch name {
	case "editcap -E":
		wantNotes[2].Comments = []string{"a comment"}
	case "mergecap 2":
		want = []trail.Frame{want[0], want[0], want[1], want[1], want[2], want[2]}
		wantNotes = []Annotation{{}, {}, annotation, annotation, {}, {}}
		for i := range list { // the second file's points, if they were not merged
			list[i].Point %= 2
		}
	case "one of them":
		want, wantNotes = want[1:2], wantNotes[1:2]
	case "classic", "classic us":
		want = []trail.Frame{want[0], want[2]}
		for i := range want {
			want[i].Dir = trail.DirUnknown
			if name == "classic us" {
				want[i].Time -= want[i].Time % 1000
			}
		}
		equal(t, name+": frames", list, want)
		return
	}
	equal(t, name+": frames", list, want)
	equal(t, name+": annotations", notes, wantNotes)
	equal(t, name+": points", r.Points()[:2], points)
	if !strings.HasPrefix(name, "mergecap") {
		equal(t, name+": header", r.Header(), header)
	}
	if r.Whole() && len(list) != 3 {
		t.Errorf("%s: taken for whole", name)
	}
}
