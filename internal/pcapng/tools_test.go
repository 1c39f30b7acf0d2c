package pcapng

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// tool runs one of Wireshark's programs and fails the test at any complaint.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), labtest.RequireTool(t, name), args...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	said := strings.ReplaceAll(complaint.String(), "Running as user \"root\" and group \"root\". This could be dangerous.\n", "")
	if err != nil || said != "" {
		t.Errorf("%s %v: %v\n%s", name, args, err, said)
	}
	return out.String()
}

// everything has each block with every option, in the order of a capture.
func everything(t *testing.T) []byte {
	t.Helper()
	iface, stats, names := fullInterface(), fullStatistics(), fullNames()
	iface.Offset = 0
	p := Packet{Ticks: 1700000000_123456789, Len: 60, Data: make([]byte, 57), Flags: FlagInbound, Drops: 3, Options: LittleEndianOptions(packetOptions())}
	var file []byte
	for _, a := range []Appender{
		&Section{Hardware: "x86_64", OS: "Linux", Application: "pktrail", Extra: extra()}, &iface, &names,
		&Secrets{Kind: SecretsTLS, Data: []byte("CLIENT_RANDOM " + strings.Repeat("ab", 32) + " " + strings.Repeat("cd", 48) + "\n"), Extra: Extra{Comments: []string{"keys"}}},
		&p, &stats,
	} {
		var err error
		if file, err = a.Append(file); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

func saveFile(t *testing.T, file []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.pcapng")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTsharkBlocks(t *testing.T) {
	file := everything(t)
	for name, in := range map[string][]byte{"little": file, "big": bigEndian(t, file), "sections": append(bigEndian(t, file), file...)} {
		path := saveFile(t, in)
		got := tool(t, "tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=|", "-E", "aggregator=;", "-e", "frame.time_epoch", "-e", "frame.interface_name",
			"-e", "frame.interface_description", "-e", "frame.packet_flags_direction", "-e", "frame.drop_count", "-e", "frame.packet_id", "-e", "frame.comment", "-e", "frame.len", "-e", "frame.cap_len")
		want := "1700000000.123456789|eth0|the pod's end|0x00000001|3|72623859790382856|one;two|60|57\n"
		if name == "sections" {
			want += want
		}
		if got != want {
			t.Errorf("%s: tshark reads\n%swant\n%s", name, got, want)
		}
		info := tool(t, "capinfos", path)
		for _, want := range []string{
			"Filter string = tcp port 80", "Name = eth0", "Operating system = Linux 6.18", "Hardware = virtio", "Time precision = nanoseconds (9)",
			"Capture length = 96", "Speed = 10000000000", "FCS length = 32", "Comment = first comment",
		} {
			if !strings.Contains(info, want) {
				t.Errorf("%s: capinfos does not say %q:\n%s", name, want, info)
			}
		}
	}
}

// TestTsharkTimes: tshark and we read the same times, in all kinds of units.
func TestTsharkTimes(t *testing.T) {
	file := sectionBlock()
	const sec = 1700000000
	table := []struct {
		unit   Resolution
		offset int64
		ticks  uint64
		want   string
	}{
		{0, 0, sec*1e6 + 123456, "1700000000.123456"},
		{Decimal(0), 0, sec, "1700000000"},
		{Decimal(3), 0, sec*1e3 + 123, "1700000000.123"},
		{Microseconds, 3600, (sec-3600)*1e6 + 1, "1700000000.000001"},
		{Nanoseconds, 0, sec*1e9 + 1, "1700000000.000000001"},
		{Nanoseconds, sec - 5, 5e9 + 999999999, "1700000000.999999999"},
		{Nanoseconds, -3600, (sec + 3600) * 1e9, "1700000000"},
		{Binary(10), 0, sec<<10 | 1<<9, "1700000000.5"},
		{Binary(30), 0, sec<<30 | 1<<28, "1700000000.25"},
	}
	var want, ours []string
	for i, c := range table {
		iface := Interface{LinkType: 1, Resolution: c.unit, Offset: c.offset}
		p := Packet{Interface: i, Ticks: c.ticks, Len: 60, Data: make([]byte, 60)}
		file, _ = iface.Append(file)
		file, _ = p.Append(file)
		want = append(want, c.want)
	}
	path := saveFile(t, file)
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	for r.ReadPacket(&p) == nil {
		ours = append(ours, short(fmt.Sprintf("%d.%09d", p.Time/1e9, p.Time%1e9)))
	}
	theirs := strings.Fields(tool(t, "tshark", "-n", "-r", path, "-T", "fields", "-e", "frame.time_epoch"))
	for i := range theirs {
		theirs[i] = short(theirs[i])
	}
	if !slices.Equal(ours, want) || !slices.Equal(theirs, want) {
		t.Errorf("want %v\nwe read %v\ntshark reads %v", want, ours, theirs)
	}
}

// short drops zeros at the end of a fraction.
func short(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") }

// TestTsharkCustomBlocks: tshark takes custom blocks without a complaint.
func TestTsharkCustomBlocks(t *testing.T) {
	file := everything(t)
	for _, c := range []CustomBlock{{PEN: 32473, Data: []byte("data")}, {PEN: 32473, NoCopy: true}} {
		file, _ = c.Append(file)
	}
	tool(t, "tshark", "-n", "-r", saveFile(t, file))
	tool(t, "capinfos", saveFile(t, file))
}

// TestTsharkSaves reads what tshark and editcap save of a full file.
func TestTsharkSaves(t *testing.T) {
	path := saveFile(t, everything(t))
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte("CLIENT_RANDOM "+strings.Repeat("ab", 32)+" "+strings.Repeat("cd", 48)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"tshark", "-r", path, "-w"}, {"editcap", path}, {"editcap", "--inject-secrets", "tls," + keys, path}} {
		out := filepath.Join(t.TempDir(), "again.pcapng")
		tool(t, args[0], append(args[1:], out)...)
		file, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		secrets := 0
		for _, v := range decodeAll(t, file) {
			switch v := v.(type) {
			case Packet:
				p = v
			case Secrets:
				secrets++
			case Interface:
				if v.Name != "eth0" || v.Filter != "tcp port 80" || v.Resolution != Nanoseconds {
					t.Errorf("%v: %+v", args, v)
				}
			}
		}
		if p.Ticks != 1700000000_123456789 || p.Flags != FlagInbound || p.Drops != 3 || p.Len != 60 || secrets == 0 {
			t.Errorf("%v: %+v, %d secrets", args, p, secrets)
		}
	}
}
