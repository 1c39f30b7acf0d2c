//go:build !pktrail_lite

package follow

import (
	"context"
	"net/netip"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/probe/dial"
	"github.com/pktrail/pktrail/internal/trail"
)

// prober sends the probe and waits for what comes of it.
type prober struct {
	d *dial.Prepared
}

// prepareProbe opens the probe's socket, so that its flow is known before
// anything is sent.
func (s *session) prepareProbe() error {
	q := s.req.Probe
	timeout := q.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	d, err := dial.Prepare(dial.Options{
		Netns: s.ends[0].ns.File(), Proto: protoOf(q.Proto),
		Dst:     netip.AddrPortFrom(s.probeAddr(), s.ends[1].Port),
		SrcPort: s.ends[0].Port, Timeout: timeout, Size: q.Size, DontFragment: q.DontFragment,
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, d.Close)
	s.probe = &prober{d: d}
	return nil
}

func protoOf(name string) packet.Proto {
	switch name {
	case "udp":
		return packet.ProtoUDP
	case "icmp":
		return packet.ProtoICMP
	}
	return packet.ProtoTCP
}

// probeAddr is the destination's first address of a family that the source
// has.
func (s *session) probeAddr() netip.Addr {
	for _, b := range s.ends[1].Addrs {
		for _, a := range s.ends[0].Addrs {
			if a.Is4() == b.Is4() {
				return b
			}
		}
	}
	return s.ends[1].Addrs[0]
}

func (p *prober) flow() packet.Flow { return p.d.Flow() }

// run sends the probe, tells how it went, and gives what it caused the time to
// come in.
func (p *prober) run(ctx context.Context, s *session) error {
	c, err := p.d.Run(ctx)
	if err != nil && ctx.Err() == nil {
		return err
	}
	s.mu.Lock()
	s.about.Conversation = &c
	err = s.out.WriteSession(&s.about)
	s.mu.Unlock()
	if s.events.Answered != nil {
		s.events.Answered(c)
	}
	wait := settle
	if c.Result == trail.ResultNothing {
		wait = settleLong
	}
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
	return err
}

// What a probe caused is still on its way when the application has its answer:
// the last acknowledgement, the messages of rule tracing. A next hop that does
// not answer ARP ends a packet after 3.1 s, just after a connect gives up.
const (
	settle     = 150 * time.Millisecond
	settleLong = 600 * time.Millisecond
)
