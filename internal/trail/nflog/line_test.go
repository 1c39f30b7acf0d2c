package nflog

import (
	"errors"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
)

// Lines of real kernels, and what the headers that are made again say.
var lines = []struct {
	s, prefix, flow string
	frame           int // bytes
	exact           bool
}{
	{"TRACE: raw:OUTPUT:policy:2 IN= OUT=lo SRC=127.0.0.1 DST=127.0.0.1 LEN=39 TOS=0x00 PREC=0x00 TTL=64 ID=55696 DF PROTO=UDP SPT=59442 DPT=49999 LEN=19 ", "TRACE: raw:OUTPUT:policy:2 ", "127.0.0.1:59442 -> 127.0.0.1:49999", 28, true},
	{"TRACE: filter:OUTPUT:rule:2 IN= OUT=lo SRC=127.0.0.1 DST=127.0.0.1 LEN=67 TOS=0x00 PREC=0xC0 TTL=64 ID=42039 PROTO=ICMP TYPE=3 CODE=3 [SRC=127.0.0.1 DST=127.0.0.1 LEN=39 TOS=0x00 PREC=0x00 TTL=64 ID=55696 DF PROTO=UDP SPT=59442 DPT=49999 LEN=19 ] ", "TRACE: filter:OUTPUT:rule:2 ", "127.0.0.1 -> 127.0.0.1", 56, true},
	{"TRACE: nat:KUBE-SVC:rule:1 IN= OUT=lo SRC=127.0.0.1 DST=127.0.0.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=44333 DF PROTO=TCP SPT=55948 DPT=49999 SEQ=376576935 ACK=0 WINDOW=65495 RES=0x00 SYN URGP=0 OPT (0204FFD70402080A3A6022EB000000000103030A) ", "TRACE: nat:KUBE-SVC:rule:1 ", "127.0.0.1:55948 -> 127.0.0.1:49999", 60, true},
	{"TRACE: nat:K:rule:1 IN= OUT=lo SRC=0000:0000:0000:0000:0000:0000:0000:0001 DST=0000:0000:0000:0000:0000:0000:0000:0001 LEN=80 TC=0 HOPLIMIT=64 FLOWLBL=471572 PROTO=TCP SPT=46274 DPT=49999 SEQ=3233628902 ACK=0 WINDOW=65476 RES=0x00 SYN URGP=0 OPT (0204FFC40402080A31769A98000000000103030A) ", "TRACE: nat:K:rule:1 ", "[::1]:46274 -> [::1]:49999", 80, true},
	{"x IN=lo OUT= MAC=00:00:00:00:00:00:00:00:00:00:00:00:08:00 SRC=127.0.0.1 DST=127.0.0.1 LEN=84 TOS=0x00 PREC=0x00 TTL=64 ID=42042 DF PROTO=ICMP TYPE=8 CODE=0 ID=16094 SEQ=1 ", "x ", "127.0.0.1 -> 127.0.0.1 id 16094", 28, true},
	{"IN=eth0 OUT= SRC=1.2.3.4 DST=5.6.7.8 LEN=1500 TOS=0x02 PREC=0x20 TTL=9 ID=7 CE MF FRAG:185 OPT (94040000) PROTO=UDP MARK=0x2a ", "", "1.2.3.4 -> 5.6.7.8", 24, true},
	{"[UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56:52:54:00:ab:cd:ef:08:00 SRC=203.0.113.9 DST=192.0.2.7 LEN=40 TOS=0x00 PREC=0x00 TTL=242 ID=54321 PROTO=TCP SPT=41000 DPT=23 WINDOW=65535 RES=0x00 SYN URGP=0 ", "[UFW BLOCK] ", "", 0, false},
	{"FINAL_REJECT: IN=eth0 OUT= MACSRC=52:54:00:ab:cd:ef MACDST=52:54:00:12:34:56 MACPROTO=0800 SRC=203.0.113.9 DST=192.0.2.7 LEN=29 TOS=0x00 PREC=0x00 TTL=242 ID=54321 PROTO=UDP INCOMPLETE [4 bytes] UID=1000 GID=100 MARK=0x1 ", "FINAL_REJECT: ", "", 0, false},
	{"drop:IN=br0 OUT=br0 PHYSIN=veth1 PHYSOUT=veth2 MAC=52:54:00:12:34:56:52:54:00:ab:cd:ef:86:dd SRC=fd00:0000:0000:0000:0000:0000:0000:0001 DST=fd00:0000:0000:0000:0000:0000:0000:0002 LEN=1496 TC=0 HOPLIMIT=63 FLOWLBL=0 OPT ( FRAG:181 ID:0000beef ) PROTO=UDP ", "drop:", "fd00::1 -> fd00::2", 62, true},
	{"q IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=576 TOS=0x00 PREC=0xC0 TTL=63 ID=1 PROTO=ICMP TYPE=3 CODE=4 [SRC=192.0.2.2 DST=192.0.2.9 LEN=1500 TOS=0x00 PREC=0x00 TTL=62 ID=777 DF PROTO=TCP INCOMPLETE [8 bytes] ] MTU=1400 UID=0 GID=0 MARK=0x7 ", "q ", "", 0, false},
	{"a IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=60 TOS=0x00 PREC=0xC0 TTL=63 ID=1 PROTO=ICMP TYPE=5 CODE=1 GATEWAY=192.0.2.77 [SRC=192.0.2.2 DST=192.0.2.9 LEN=100 TOS=0x00 PREC=0x00 TTL=62 ID=777 DF PROTO=UDP SPT=1 DPT=2 LEN=80 ] ", "a ", "192.0.2.1 -> 192.0.2.2", 56, true},
	{"arp IN=eth0 OUT= ARP HTYPE=1 PTYPE=0x0800 OPCODE=1 MACSRC=02:00:00:00:00:01 IPSRC=10.0.0.1 MACDST=00:00:00:00:00:00 IPDST=10.0.0.2", "arp ", "", 42, true},
	{"esp IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=120 TOS=0x00 PREC=0x00 TTL=63 ID=99 PROTO=ESP SPI=0xc0ffee01 ", "esp ", "", 0, false},
	{"gre IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=120 TOS=0x00 PREC=0x00 TTL=63 ID=99 PROTO=47 ", "gre ", "", 0, false},
	{"vl IN=br0 OUT= MAC=52:54:00:12:34:56:52:54:00:ab:cd:ef:08:00 VPROTO=8100 VID=7 SRC=192.0.2.1 DST=192.0.2.2 LEN=29 TOS=0x00 PREC=0x00 TTL=63 ID=99 PROTO=UDP SPT=5 DPT=6 LEN=9 ", "vl ", "192.0.2.1:5 -> 192.0.2.2:6", 46, true},
}

func TestDecode(t *testing.T) {
	for _, c := range lines {
		var l Line
		if err := Decode(c.s, &l); err != nil {
			t.Errorf("%s: %v", c.s, err)
			continue
		}
		if l.Prefix != c.prefix || l.ARP == nil && l.Exact() != c.exact {
			t.Errorf("%s: prefix %q, exact %v", c.s, l.Prefix, l.Exact())
		}
		if !c.exact {
			if k := l.Key(); k.Version != 4 || k.ID == 0 || (k.Len == 0) != (k.Proto == packet.ProtoTCP) {
				t.Errorf("%s: %+v", c.s, k)
			}
			continue
		}
		b, ethernet := l.AppendFrame(nil)
		link := packet.LinkRaw
		if ethernet {
			link = packet.LinkEthernet
		}
		var p packet.Packet
		p.DecodeLen(link, b, l.Len+len(b)-len(l.Append(nil)))
		if len(b) != c.frame {
			t.Errorf("%s: %d bytes", c.s, len(b))
		}
		if _, ok := p.Identity(); !ok {
			t.Errorf("%s: no identity: %x", c.s, b)
		}
		if f, _ := p.Flow(); l.ARP == nil && (f.String() != c.flow || f != l.Flow()) {
			t.Errorf("%s: %v, %v", c.s, f, l.Flow())
		}
	}
}

func TestDecodeFields(t *testing.T) {
	var l Line
	read := func(i int) {
		t.Helper()
		if err := Decode(lines[i].s, &l); err != nil {
			t.Fatal(err)
		}
	}
	read(2)
	if l.Seq != 376576935 || l.Flags != packet.SYN || l.Window != 65495 || l.Out != "lo" || l.In != "" {
		t.Errorf("%+v", l)
	}
	b := l.Append(nil)
	if checksum(b[:20]) != 0 || packet.TCP(b[20:]).Seq() != l.Seq {
		t.Errorf("%x", b)
	}
	read(5)
	if b = l.Append(nil); l.Mark != 0x2a || b[1] != 0x22 || b[6] != 0xa0 || b[7] != 185 {
		t.Errorf("%+v, %x", l, b)
	}
	read(7)
	if !l.HasOwner || l.UID != 1000 || l.GID != 100 || l.Mark != 1 || !l.Incomplete || l.SrcMAC != "52:54:00:ab:cd:ef" {
		t.Errorf("%+v", l)
	}
	read(8)
	if l.PhysIn != "veth1" || l.PhysOut != "veth2" || l.ID != 0xbeef || l.Fragment != 181 {
		t.Errorf("%+v", l)
	}
	read(9)
	if q := l.Quote; q == nil || q.ID != 777 || q.Proto != packet.ProtoTCP || l.Rest != 1400 || l.Mark != 7 || !l.HasOwner || l.Incomplete {
		t.Errorf("%+v, %+v", l, l.Quote)
	}
}

// A line that the log's own limits, or a rotation, have cut is an error: half
// a packet would be another one.
func TestDecodeCut(t *testing.T) {
	for _, c := range lines {
		var l Line
		for n := range len(c.s) {
			switch err := Decode(c.s[:n], &l); {
			case errors.Is(err, ErrOther):
			case err == nil && n < len(c.s)-60 && l.ARP == nil && l.Proto != packet.ProtoICMP && l.Fragment&fragmentOffset == 0 && !l.Incomplete:
				t.Errorf("%q is whole", c.s[:n])
			}
		}
	}
	for _, s := range []string{"", "IN=", "a OUT=b", "TRACE: raw:OUTPUT:policy:2", "I N=a OUT=b", "IN=a b OUT=c SRC=1.2.3.4"} {
		var l Line
		if err := Decode(s, &l); !errors.Is(err, ErrOther) {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{
		"IN= OUT=lo SRC=127.0.0.1 LEN=4", "IN= OUT=lo SRC=127.0.0.1 DST=::1 LEN=4", "IN= OUT=lo SRC=127.0.0 DST=1.1.1.1",
		"IN= OUT=lo SRC=1.1.1.1 DST=1.1.1.1 LEN=x PROTO=1", "IN=a OUT= SRC=1.1.1.1 DST=1.1.1.2 LEN=99 PROTO=ICMP TYPE=3 CODE=1 [SRC=1.1.1.1 DST=1.1.1.2 ",
		"IN=a OUT= ARP HTYPE=1 PTYPE=0x0800 OPCODE=1 MACSRC=02:00:00:00:00:01 IPSRC=10.0.0.1",
	} {
		var l Line
		if err := Decode(s, &l); err == nil || errors.Is(err, ErrOther) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range lines {
		f.Add(c.s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var l Line
		if Decode(s, &l) != nil {
			return
		}
		b, ethernet := l.AppendFrame(nil)
		if len(b) < 20 || len(b) > 300 {
			t.Errorf("%d bytes", len(b))
		}
		if l.ARP != nil || !l.Exact() {
			return
		}
		var p packet.Packet
		link := packet.LinkRaw
		if ethernet {
			link = packet.LinkEthernet
		}
		p.DecodeLen(link, b, max(len(b), l.Len))
		if len(p.Layers()) == 0 {
			t.Errorf("no layer in %x", b)
		}
		_ = l.Key()
	})
}
