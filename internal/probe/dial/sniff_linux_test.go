//go:build !pktrail_lite

package dial

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/packet"
)

// sniffer counts the packets at the client's eth0, by flow.
type sniffer struct {
	b      bed
	fd     int
	flows  map[packet.Flow]int
	resets int
}

func (b bed) sniff() *sniffer {
	b.t.Helper()
	s := &sniffer{b: b, flows: map[packet.Flow]int{}}
	err := lab.Do(b.client, func() (err error) {
		const all = 0x0300 // ETH_P_ALL in network byte order
		s.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, all)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := unix.Close(s.fd); err != nil {
			b.t.Error(err)
		}
	})
	return s
}

// count is how many packets of a flow there were up to now.
func (s *sniffer) count(f packet.Flow) int {
	s.b.t.Helper()
	buf := make([]byte, 1<<16)
	for {
		n, _, err := unix.Recvfrom(s.fd, buf, 0)
		if errors.Is(err, unix.EAGAIN) {
			return s.flows[f]
		}
		if err != nil {
			s.b.t.Fatal(err)
		}
		var p packet.Packet
		p.Decode(packet.LinkEthernet, buf[:n])
		if got, ok := p.Flow(); ok {
			s.flows[got]++
			if l, ok := p.Find(packet.KindTCP); ok && packet.TCP(p.Header(l)).Flags()&packet.RST != 0 {
				s.resets++
			}
		}
	}
}
