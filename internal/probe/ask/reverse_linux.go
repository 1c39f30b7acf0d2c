//go:build !pktrail_lite

package ask

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// ReversePath says whether the source of a packet from src to dst that came in
// by a device is let in, and by which devices answers to it leave.
func (a *Asker) ReversePath(src, dst netip.Addr, in string, mark uint32) (ReversePath, error) {
	var p ReversePath
	src, dst = src.Unmap(), dst.Unmap()
	back := Question{Dst: src, Src: dst}
	if src.Is4() {
		var names []string
		for _, key := range reverseKeys() {
			names = append(names, ConfName("ipv4", "all", key), ConfName("ipv4", in, key))
		}
		set, _, err := a.Settings(names...)
		if err != nil {
			return p, fmt.Errorf("reverse path of %s: %w", src, err)
		}
		p.take(set)
	}
	if p.UsesMark {
		back.Mark = mark
	}
	var err error
	if p.Steps, err = a.Explain(back); err != nil {
		return p, fmt.Errorf("reverse path of %s: %w", src, err)
	}
	p.Answer, err = a.Route(back)
	if err == nil && (p.Answer.Errno == int(unix.EINVAL) || p.Answer.Errno == int(unix.ENETUNREACH)) {
		// The kernel answers for a source of its own only. What is asked for a
		// packet that is passed on is a little less, then.
		back.Src = netip.Addr{}
		p.Answer, err = a.Route(back)
	}
	if err != nil {
		return p, fmt.Errorf("reverse path of %s: %w", src, err)
	}
	p.judge(src.String(), in)
	return p, nil
}
