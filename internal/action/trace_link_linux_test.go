package action_test

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/trail"
)

// vtep is the hardware address of a node's flannel.1.
func vtep(n *lab.Node) string { return n.Devices[1].MAC }

func TestTraceLink(t *testing.T) {
	patient := func(_ *scene, o *action.TraceOptions) { o.Request.Probe.Timeout = 4 * time.Second }
	runTraceCases(t, []traceCase{
		{
			name: "nobody answers ARP",
			trace: func(s *scene, o *action.TraceOptions) {
				patient(s, o)
				o.Request.Destination = netip.AddrPortFrom(s.n2.PodNet4.Addr().Next().Next().Next().Next().Next().Next().Next().Next().Next(), 80).String()
			},
			want: wanted{outcome: trail.Rejected, node: "n2", in: "n2", finding: "neighbour-failed", cause: "cni0"},
		},
		{
			name: "forwarding entry of the wrong node",
			lab:  lab.Options{Nodes: 3},
			set: func(s *scene) {
				s.in("n1", "bridge fdb replace "+vtep(s.n2)+" dev flannel.1 dst "+s.lab.Nodes[2].IPv4.String())
			},
			want: wanted{outcome: trail.Dropped, finding: "vxlan-wrong-peer", cause: "flannel.1|" + "VTEP"},
			also: func(s *scene, r *action.TraceResult) {
				if r.Verdict.Node != s.lab.Nodes[2].Name {
					s.Errorf("node %q, want %q", r.Verdict.Node, s.lab.Nodes[2].Name)
				}
			},
		},
		{
			name: "address of no node in the forwarding table",
			set: func(s *scene) {
				s.in("n1", "bridge fdb replace "+vtep(s.n2)+" dev flannel.1 dst "+s.n2.IPv4.Next().Next().Next().Next().Next().String())
			},
			trace: patient,
			want:  wanted{outcome: trail.Dropped, node: "n1", in: "n1", finding: "vxlan-wrong-peer"},
		},
		{
			name: "VXLAN blocked on the underlay",
			set: func(s *scene) {
				s.listen("b", "tcp", ":80")
				s.in("n2", "iptables-nft -A INPUT -p udp --dport 8472 -j DROP")
			},
			want: wanted{outcome: trail.Dropped, node: "n2", in: "n2", at: "INPUT$", finding: "vxlan-port-blocked", rule: "--dport 8472 -j DROP"},
		},
		{
			name: "two pods with one address",
			set: func(s *scene) {
				s.listen("b", "tcp", ":80")
				s.in("b2", "ip addr add $b/24 dev eth0")
				s.in("n2", "ip neigh replace $b lladdr "+s.b2.MAC()+" dev cni0")
			},
			want: wanted{outcome: trail.Rejected, node: "n2", in: "b2", finding: "duplicate-address"},
			trace: func(s *scene, o *action.TraceOptions) {
				o.Request.Destination = "netns:" + s.b.Name + ":80"
			},
		},
	})
}

func TestTraceSocket(t *testing.T) {
	runTraceCases(t, []traceCase{
		{
			name: "nothing listens, TCP",
			set:  func(s *scene) { s.listen("b", "tcp", ":8080") },
			want: wanted{outcome: trail.Rejected, node: "n2", in: "b", finding: "nothing-listens", cause: "80"},
		},
		{
			name:  "nothing listens, UDP",
			trace: probing("udp", "$b:53"),
			want:  wanted{outcome: trail.Rejected, node: "n2", in: "b", finding: "nothing-listens", cause: "53"},
		},
		{
			name: "socket queue full",
			set: func(s *scene) {
				// Nobody reads, and there is room for little.
				c := labtest.ListenPacket(s, s.b.Name, "udp4", ":53")
				if err := c.(*net.UDPConn).SetReadBuffer(1); err != nil {
					s.Fatal(err)
				}
				d := labtest.Dial(s, s.a.Name, "udp4", netip.AddrPortFrom(s.b.IPv4, 53).String())
				for range 64 {
					if _, err := d.Write(make([]byte, 512)); err != nil {
						s.Fatal(err)
					}
				}
			},
			trace: probing("udp", "$b:53"),
			want:  wanted{outcome: trail.Dropped, node: "n2", in: "b", finding: "socket-queue-full"},
		},
	})
}

func TestTraceConntrack(t *testing.T) {
	runTraceCases(t, []traceCase{
		{
			name: "invalid",
			set: func(s *scene) {
				s.listen("b", "tcp", ":80")
				s.sysctl("n1", "netfilter/nf_conntrack_tcp_loose", "0")
				s.in("n1", "iptables-nft -A FORWARD -m conntrack --ctstate INVALID -j DROP")
			},
			trace: to("$b:80"),
			send:  func(s *scene) { strayACK(s) },
			want: wanted{
				outcome: trail.Dropped, node: "n1", in: "n1", at: "FORWARD$", finding: "conntrack-invalid", rule: "--ctstate INVALID -j DROP",
			},
		},
		{
			name: "table full",
			set:  func(s *scene) { fillConntrack(s) },
			want: wanted{outcome: trail.Dropped, node: "n1", in: "n1", at: "PREROUTING", finding: "conntrack-table-full"},
		},
	})
}

// strayACK sends an acknowledgement of a connection that nobody has opened, by
// a raw socket in a.
func strayACK(s *scene) {
	err := lab.Do(s.a.Name, func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
		if err != nil {
			return err
		}
		defer func() { _ = unix.Close(fd) }()
		b := make([]byte, 20)
		b[0], b[1], b[3] = 0x9c, 0x40, 80 // from port 40000
		b[7], b[11] = 9, 7
		b[12], b[13] = 5<<4, 0x10 // ACK
		b[14] = 16
		sum := checksumTCP(s.a.IPv4, s.b.IPv4, b)
		b[16], b[17] = byte(sum>>8), byte(sum)
		return unix.Sendto(fd, b, 0, &unix.SockaddrInet4{Addr: s.b.IPv4.As4()})
	})
	if err != nil {
		s.Error(err)
	}
}

func checksumTCP(src, dst netip.Addr, b []byte) uint16 {
	pseudo := append(append(src.AsSlice(), dst.AsSlice()...), 0, 6, 0, byte(len(b)))
	var sum uint32
	all := append(pseudo, b...)
	for i := 0; i+1 < len(all); i += 2 {
		sum += uint32(all[i])<<8 | uint32(all[i+1])
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

// fillConntrack fills the table of n1 up to its limit. The limit is the
// machine's, and not to be changed here.
func fillConntrack(s *scene) {
	s.Helper()
	labtest.RequireTool(s, "conntrack")
	s.in("n1", "iptables-nft -A FORWARD -m conntrack --ctstate INVALID -j ACCEPT") // switches tracking on
	limit := 0
	err := lab.Do(s.n1.Name, func() error {
		b, err := os.ReadFile("/proc/sys/net/netfilter/nf_conntrack_max")
		for _, c := range strings.TrimSpace(string(b)) {
			limit = limit*10 + int(c-'0')
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	var b strings.Builder
	for i := range limit + 16 {
		a := netip.AddrFrom4([4]byte{172, byte(16 + i>>22), byte(i >> 14), byte(i >> 6)})
		b.WriteString("-I -s " + a.String() + " -d 172.31.255.1 -p udp --sport " + itoa(1024+i&63) + " --dport 9 -t 600 -u ASSURED\n") // others would make room
	}
	var out strings.Builder
	// It ends with an error when the table is full.
	if _, err := s.lab.Exec(s.Context(), s.n1.Name, []string{"conntrack", "-R", "-"}, lab.Stdio{In: strings.NewReader(b.String()), Out: &out, Err: &out}); err != nil {
		s.Fatal(err)
	}
	if !strings.Contains(out.String(), "not enough memory") {
		s.Fatalf("the table is not full: %s", out.String())
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}
