package record

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/pcap"
	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// foreign is a file as other programs make them, with blocks and options that
// mean nothing to us.
func foreign(tb testing.TB) []byte {
	tb.Helper()
	var out bytes.Buffer
	w, err := pcapng.NewWriter(&out, &pcapng.Section{Application: "dumpcap", OS: "Linux"})
	if err != nil {
		tb.Fatal(err)
	}
	other := pcapng.Extra{Custom: []pcapng.Custom{{PEN: PEN, Text: true, Data: []byte("somebody else's")}}}
	opts := pcapng.AppendOption(nil, pcapng.OptHash, []byte{2, 1, 2, 3, 4})
	opts = pcapng.AppendCustom(opts, pcapng.Custom{PEN: 9, Data: []byte("other")})
	for _, a := range []pcapng.Appender{
		&pcapng.Secrets{Kind: pcapng.SecretsTLS, Data: []byte("CLIENT_RANDOM 01 02\n")},
		&pcapng.Interface{LinkType: 1, Name: "eth0", MAC: []byte{2, 0, 0, 0, 0, 1}, Extra: other},
		&pcapng.Interface{LinkType: 113, Description: "all of them"},
		&pcapng.Interface{LinkType: 101, Resolution: pcapng.Binary(20), Offset: 1000},
		&pcapng.CustomBlock{PEN: 9, Data: []byte("1234")},
		&pcapng.Packet{Interface: 0, Ticks: 5, Len: 42, Data: echo, Flags: 3, Options: pcapng.LittleEndianOptions(opts)},
		&pcapng.Statistics{Interface: 7, Received: pcapng.Known(1)},
		&pcapng.Packet{Interface: 2, Ticks: 3 << 19, Len: 28, Data: echo[14:], Flags: 1},
		&pcapng.Statistics{Interface: 2, Accepted: pcapng.Known(1), Extra: other},
		&pcapng.Names{Records: []pcapng.NameRecord{{MAC: []byte{1, 2, 3, 4, 5, 6}, Names: []string{"gate"}}}},
	} {
		if err := w.Write(a); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestForeign(t *testing.T) {
	r := open(t, foreign(t))
	list, notes, err := readFrames(r)
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	equal(t, "header", r.Header(), Header{Application: "dumpcap", OS: "Linux"})
	equal(t, "points", r.Points(), []trail.Point{
		{Interface: "eth0", Link: packet.LinkEthernet, MAC: "02:00:00:00:00:01"},
		{Interface: "all of them", Link: packet.LinkLinuxSLL},
		{Interface: "interface 2", Link: packet.LinkRaw},
	})
	equal(t, "frames", list, []trail.Frame{
		{Time: 5000, Point: 0, Len: 42, Data: echo},
		{Time: 1001_500000000, Point: 2, Dir: trail.In, Len: 28, Data: echo[14:]},
	})
	equal(t, "annotations", notes, []Annotation{{}, {}})
	if _, ok := r.Counters(2); ok || len(r.Names()) != 0 || r.Whole() {
		t.Error("counters, names or an end that are not there")
	}
}

// TestCopy: a copy without a choice is the same file, also what we do not
// know in it; a choice only leaves frames out.
func TestCopy(t *testing.T) {
	var ours bytes.Buffer
	small(t, &ours)
	for _, in := range [][]byte{ours.Bytes(), foreign(t)} {
		dst := &wholeBlocks{t: t}
		if err := Copy(dst, open(t, in), nil); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(dst.out.Bytes(), in) {
			t.Error("the copy differs")
		}
		var none bytes.Buffer
		if err := Copy(&none, open(t, in), func(*trail.Frame) bool { return false }); err != nil {
			t.Fatal(err)
		}
		list, _, err := readFrames(open(t, none.Bytes()))
		if len(list) != 0 || !errors.Is(err, io.EOF) || !bytes.Contains(none.Bytes(), []byte("pod's end")) && !bytes.Contains(none.Bytes(), []byte("CLIENT_RANDOM 01 02")) {
			t.Errorf("%d frames, %v", len(list), err)
		}
		var cut bytes.Buffer
		if err := Copy(&cut, open(t, in[:len(in)-5]), nil); !IsTruncated(err) || !bytes.HasPrefix(in, cut.Bytes()) || cut.Len() < len(in)/2 {
			t.Errorf("cut: %d bytes, %v", cut.Len(), err)
		}
	}
}

// TestCopyForgetsLength: a section that frames were left out of has another
// length than its header says.
func TestCopyForgetsLength(t *testing.T) {
	in := foreign(t)
	le.PutUint64(in[16:], uint64(len(in))-uint64(le.Uint32(in[4:])))
	var out bytes.Buffer
	if err := Copy(&out, open(t, in), nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), foreign(t)) {
		t.Error("the copy has another length than -1")
	}
}

// TestClassicAsPcapng copies classic pcap, micro and nano.
func TestClassicAsPcapng(t *testing.T) {
	for _, nano := range []bool{false, true} {
		var in, out bytes.Buffer
		w := pcap.NewWriter(&in, pcap.Header{LinkType: 113, SnapLen: 96, Nano: nano, HasFCSLen: true, FCSLen: 4})
		_ = w.Write(&pcap.Packet{Time: 1700000000_123456789, Len: 90, Data: echo})
		_ = w.Flush()
		if err := Copy(&out, open(t, in.Bytes()), nil); err != nil {
			t.Fatal(err)
		}
		r := open(t, out.Bytes())
		got, _, _ := readFrames(r)
		want, _, err := readFrames(open(t, in.Bytes()))
		if !errors.Is(err, io.EOF) || len(want) != 1 {
			t.Fatal(want, err)
		}
		equal(t, "frames", got, want)
		equal(t, "points", r.Points(), []trail.Point{{Interface: "interface 0", Link: packet.LinkLinuxSLL}})
		if i := r.ng.Interfaces()[0]; i.SnapLen != 96 || i.FCSLen != 32 || !i.HasFCSLen {
			t.Errorf("%+v", i)
		}
		r = open(t, in.Bytes()[:in.Len()-3])
		if _, _, err := readFrames(r); !IsTruncated(err) {
			t.Errorf("cut: %v", err)
		}
	}
}
