package nftrace

import (
	"strings"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// decodeRecord reads one record of /dev/kmsg. It is false for what is no
// trace, and for what a program wrote, which says so by its facility.
func decodeRecord(b []byte) (nflog.Step, bool) {
	r, ok := nflog.DecodeRecord(string(b))
	if !ok || r.Facility != 0 || !strings.HasPrefix(r.Text, "TRACE: ") {
		return nflog.Step{}, false
	}
	return decodeText(r.Text)
}

// decodeText reads the line of a TRACE in the kernel log.
func decodeText(s string) (nflog.Step, bool) {
	var l nflog.Line
	if err := nflog.Decode(s, &l); err != nil || l.ARP != nil {
		return nflog.Step{}, false
	}
	t, ok := nflog.DecodeTrace(l.Prefix)
	data := l.Append(nil)
	return nflog.Step{Trace: t, Family: ipFamily(data), In: l.In, Out: l.Out, Mark: l.Mark, Data: data}, ok
}

// ipFamily is the family of the tables that a packet meets.
func ipFamily(b []byte) string {
	if len(b) > 0 && b[0]>>4 == 6 {
		return "ip6"
	}
	return "ip"
}

// decodeLog reads a packet of NFLOG: the body of NFULNL_MSG_PACKET
// (linux/netfilter/nfnetlink_log.h, enum nfulnl_attr_type). It is false for
// what is no trace; other rules may log to the same group. Data is part of b.
func decodeLog(b []byte) (nflog.Step, bool) {
	if len(b) < nfHeader {
		return nflog.Step{}, false
	}
	s := nflog.Step{Family: familyName(b[0])}
	is := false
	ok := nlattr.Each(b[nfHeader:], func(typ uint16, v []byte) {
		switch typ {
		case 1: // NFULA_PACKET_HDR: protocol, hook
			if len(v) >= 3 {
				s.Hook = hookName(b[0], uint32(v[2]))
			}
		case 2: // NFULA_MARK
			s.Mark = nlattr.BE32(v)
		case 3: // NFULA_TIMESTAMP: seconds, microseconds
			if len(v) >= 16 {
				s.Time = int64(nlattr.BE64(v))*1e9 + int64(nlattr.BE64(v[8:]))*1e3
			}
		case 4: // NFULA_IFINDEX_INDEV
			s.InIndex = nlattr.BE32(v)
		case 5: // NFULA_IFINDEX_OUTDEV
			s.OutIndex = nlattr.BE32(v)
		case 9: // NFULA_PAYLOAD
			s.Data = v
		case 10: // NFULA_PREFIX
			s.Trace, is = nflog.DecodeTrace(nlattr.Text(v))
		}
	})
	return s, ok && is
}

// legacyEvent is a pass as an event, but for its devices.
func legacyEvent(p *nflog.Pass) Event {
	f := &p.First
	e := Event{Data: f.Data, Link: packet.LinkRaw}
	e.Time, e.Late = p.Start, true
	if f.Time != 0 {
		e.Time, e.Late = f.Time, false
	}
	e.Stage = trail.StageRules
	e.Len = totalLen(f.Data)
	e.Rules = p.Rules
	e.Mark = f.Mark
	return e
}
