package kernlog

import (
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/trail"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// martian is a packet that the kernel's routing refused (net/ipv4/route.c,
// ip_handle_martian_source). Its link header comes on a line of its own.
type martian struct {
	line     int
	time     int64
	text     string
	in       string
	src, dst netip.Addr
	words    nflog.Line
}

// martian takes the lines about martian addresses.
func (r *Reader) martian(h *host, m *message, at int64) {
	if bytes, ok := strings.CutPrefix(m.text, "ll header: "); ok {
		if h.martian != nil {
			h.martian.header(bytes)
			r.settle(h)
		}
		return
	}
	f, ok := decodeMartian(m.text)
	if !ok {
		return
	}
	r.settle(h)
	f.line, f.time = m.line, at
	h.martian = &f
}

// decodeMartian reads "IPv4: martian source 10.0.1.12 from 192.168.235.13, on
// dev enp5s0", whose first address is the destination, and "martian
// destination 0.0.0.0 from 10.0.0.1, dev eth0".
func decodeMartian(s string) (martian, bool) {
	rest := strings.TrimPrefix(s, "IPv4: ")
	rest, ok := strings.CutPrefix(rest, "martian ")
	if !ok {
		return martian{}, false
	}
	_, rest, _ = strings.Cut(rest, " ") // source, destination
	dst, rest, ok := strings.Cut(rest, " from ")
	if !ok {
		return martian{}, false
	}
	src, rest, ok := strings.Cut(rest, ", ")
	if !ok {
		return martian{}, false
	}
	rest = strings.TrimPrefix(rest, "on ")
	device, ok := strings.CutPrefix(rest, "dev ")
	m := martian{text: s, in: strings.TrimSpace(device)}
	var errs [2]error
	m.src, errs[0] = netip.ParseAddr(src)
	m.dst, errs[1] = netip.ParseAddr(dst)
	return m, ok && errs[0] == nil && errs[1] == nil && m.src.Is4() && m.dst.Is4()
}

// header reads "00000000: 00 23 7d 5b 96 ec 00 21 5a ef 39 fe 08 00   .#}[" and,
// of before Linux 3.8, "00:23:7d:5b:96:ec:00:21:5a:ef:39:fe:08:00".
func (m *martian) header(s string) {
	if at := strings.Index(s, ": "); at == 8 {
		s = s[at+2:]
	}
	if n := 3*nflog.EtherLen - 1; len(s) >= n {
		m.words.MAC = s[:n]
	}
}

// settle hands out the martian that waits.
func (r *Reader) settle(h *host) {
	m := h.martian
	if m == nil {
		return
	}
	h.martian = nil
	s := &parse.Sighting{Line: m.line, Boot: h.boot, At: trail.Point{Node: h.name, Interface: m.in, Link: packet.LinkRaw}}
	o := &s.Seen
	o.Time, o.Dir = m.time, trail.In
	if t := h.refused(m); t != nil {
		mac := m.words.MAC
		m.words = t.words
		if m.words.MAC == "" {
			m.words.MAC = mac
		}
		h.passes.Leave(t.pass) // its last line came before this one
		r.collect(h)
	} else {
		m.words.Src, m.words.Dst = m.src, m.dst
	}
	show(s, &m.words)
	o.Stage, o.Drop, o.Mark = trail.StageDrop, &trail.Drop{}, m.words.Mark
	o.Answers = []trail.Answer{{Question: "dmesg", Text: m.text}}
	r.sighting(s)
}

// refused finds the packet in the trace: the last one that came by this device
// with these addresses, or was translated since.
func (h *host) refused(m *martian) *traced {
	var other *traced
	for i := h.at - 1; i >= max(0, h.at-recent); i-- {
		t := &h.traced[i%recent]
		w := &t.words
		if w.Src != m.src || w.In != m.in || w.Out != "" || m.time-t.time >= int64(together) {
			continue
		}
		if w.Dst == m.dst {
			return t
		}
		if other == nil && t.pass.First.Table == "nat" {
			other = t
		}
	}
	return other
}
