package text

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

func TestUnits(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB", 62464: "61 KiB", 1047552: "1023 KiB",
		1048570: "1.0 MiB", 1 << 20: "1 MiB", 3 << 29: "1.5 GiB", 1 << 62: "4096 PiB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) is %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0 us", 214 * time.Microsecond: "214 us", 9999 * time.Microsecond: "9999 us", 10 * time.Millisecond: "10 ms",
		1200 * time.Millisecond: "1.2 s", 41 * time.Second: "41 s", 10 * time.Minute: "10m", time.Hour: "1h",
		65 * time.Minute: "1h5m", 61 * time.Second: "1m1s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%v) is %q, want %q", d, got, want)
		}
	}
	if got := Count(1, "packet") + ", " + Count(2, "packet"); got != "1 packet, 2 packets" {
		t.Error(got)
	}
}

func TestDetails(t *testing.T) {
	got := Details([]trail.Point{
		{Node: "n1", Target: "web", Interface: "eth0", Index: 17, Netns: 4026532249, Role: trail.RolePod, Kind: "veth", MTU: 1450, MAC: "02:42:ac:1e:01:00"},
		{Node: "n1", Interface: "any"},
	})
	want := "n1/web/eth0  pod, veth, index 17, mtu 1450, netns 4026532249, 02:42:ac:1e:01:00\nn1/any       \n"
	if got != want {
		t.Errorf("%q", got)
	}
}

func TestTotals(t *testing.T) {
	pod := trail.Point{Node: "n1", Target: "web", Interface: "eth0", Role: trail.RolePod}
	lo := pod
	lo.Interface = "lo"
	host := trail.Point{Node: "n1", Interface: "cni0"}
	totals := []trail.PointTotal{
		{Point: pod, Packets: 411, Bytes: 62000, Missed: 2}, {Point: lo, Packets: 1, Bytes: 464}, {Point: host, Packets: 1, Bytes: 60},
	}
	want := "web  412 packets  61 KiB  missed 2\n" +
		"n1   1 packet     60 B    missed 0\n"
	if d := cmp.Diff(want, Totals(totals, false)); d != "" {
		t.Errorf("per target (-want +got):\n%s", d)
	}
	want = "n1/web/eth0  411 packets  61 KiB  missed 2\n" +
		"n1/web/lo    1 packet     464 B   missed 0\n" +
		"n1/cni0      1 packet     60 B    missed 0\n"
	if d := cmp.Diff(want, Totals(totals, true)); d != "" {
		t.Errorf("per point (-want +got):\n%s", d)
	}
	if got := Totals(nil, false); got != "" {
		t.Errorf("no points: %q", got)
	}
}

func TestPoints(t *testing.T) {
	all := trail.Point{Node: "n1", Target: "web", Interface: "any", Role: trail.RolePod}
	eth := trail.Point{Node: "n1", Target: "web", Interface: "eth0", Index: 2, Role: trail.RolePod}
	cni := trail.Point{Node: "n1", Interface: "cni0", Index: 3}
	up := trail.Point{Node: "n1", Interface: "eth0", Index: 4}
	if got, want := Points([]trail.Point{all}), "web (n1): all interfaces"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := Points([]trail.Point{eth, cni, up}), "web (n1): eth0\nn1: cni0, eth0"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTrail(t *testing.T) {
	flow := packet.Flow{Proto: packet.ProtoICMP, Src: netip.MustParseAddr("10.244.1.2"), Dst: netip.MustParseAddr("10.244.2.2"), ID: 7}
	at := func(node, target, ifc string, dir trail.Direction, us int64, changes ...string) trail.Observation {
		return trail.Observation{
			Time: 1e15 + us*1000, Dir: dir, Changes: changes,
			Point: trail.Point{Node: node, Target: target, Interface: ifc},
		}
	}
	tr := trail.Trail{Packet: "ICMP echo request seq 1", Flow: flow, Observations: []trail.Observation{
		at("node1", "web", "eth0", trail.Out, 0),
		at("node1", "", "cni0", trail.In, 6),
		at("node1", "", "eth0", trail.Out, 41, "VXLAN 1, 10.99.0.11:4 -> 10.99.0.12:8472", "TTL 64 -> 63"),
		at("node2", "", "eth0", trail.In, 97),
		at("node2", "db", "eth0", trail.In, 1214, "VXLAN 1 removed"),
	}}
	want := `ICMP echo request seq 1  10.244.1.2 -> 10.244.2.2 id 7  seen at 5 points in 1214 us
node1
  web        0 us  eth0 out
  host       6 us  cni0 in
            41 us  eth0 out  VXLAN 1, 10.99.0.11:4 -> 10.99.0.12:8472, TTL 64 -> 63
node2
  host      97 us  eth0 in
  db      1214 us  eth0 in   VXLAN 1 removed
`
	if d := cmp.Diff(want, Trail(tr)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := Trail(trail.Trail{Packet: "it"}); got != "it: not seen\n" {
		t.Errorf("%q", got)
	}
}

func TestChecks(t *testing.T) {
	got := Checks([]Check{
		{State: "ok", Name: "kernel", Detail: "6.18", Hint: "not shown"},
		{State: "no", Name: "CAP_NET_RAW", Hint: "packet sockets are refused without it, and this goes on for longer than the line is wide, which is why it is broken"},
		{State: "unknown", Name: "lockdown", Detail: "cannot read"},
	})
	want := `ok       kernel       6.18
no       CAP_NET_RAW
         packet sockets are refused without it, and this goes on for longer than the line is wide,
         which is why it is broken
unknown  lockdown     cannot read
`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestScreenLines(t *testing.T) {
	l := NewLines()
	pod := trail.Point{Target: "web", Interface: "eth0", Link: packet.LinkRaw}
	other := trail.Point{Target: "web-x2k8l", Interface: "flannel.1", Link: packet.LinkRaw}
	f := trail.Frame{Time: time.Date(2026, 11, 21, 14, 2, 11, 84127000, time.Local).UnixNano(), Dir: trail.In}
	first := string(l.Append(nil, pod, &f))
	if want := "14:02:11.084127 web eth0 In  "; len(first) < len(want) || first[:len(want)] != want {
		t.Errorf("%q, want it to start with %q", first, want)
	}
	f.Dir, f.Missed = trail.Out, 3
	if got, want := string(l.Append(nil, other, &f)), "14:02:11.084127 web-x2k8l flannel.1 Out (3 packets missed before this) "; got[:len(want)] != want {
		t.Errorf("%q, want it to start with %q", got, want)
	}
	f.Missed = 0
	if got, want := string(l.Append(nil, pod, &f)), "14:02:11.084127 web       eth0      Out "; got[:len(want)] != want {
		t.Errorf("%q, want it to start with %q", got, want)
	}
}

func TestLive(t *testing.T) {
	if got, want := Live(2500*time.Millisecond, 710, 76800, 0, 410.4), "2.0 s  710 packets  75 KiB  missed 0  410/s"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
