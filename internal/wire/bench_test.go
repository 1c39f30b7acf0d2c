package wire

import (
	"io"
	"testing"
)

// BenchmarkLog appends and sends in turns: 64 KiB are to cost about a memcpy.
func BenchmarkLog(b *testing.B) {
	for name, c := range map[string]struct {
		mode Compress
		data []byte
	}{
		"off":        {CompressOff, noise(64 << 10)},
		"auto/noise": {CompressAuto, noise(64 << 10)},
		"auto/text":  {CompressAuto, text(64 << 10)},
	} {
		b.Run(name, func(b *testing.B) {
			l := NewLog(plenty, 0)
			pr, pw := io.Pipe()
			done := make(chan error, 1)
			go func() { done <- l.SendTo(b.Context(), pw, 0, c.mode) }()
			go func() {
				r := NewReceiver(pr, 0)
				for {
					f, err := r.Next()
					if err != nil {
						return
					}
					l.Ack(f.Seq)
				}
			}()
			b.SetBytes(int64(len(c.data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := l.Append(Stream, c.data); err != nil {
					b.Fatal(err)
				}
			}
			_ = l.Finish(0)
			if err := <-done; err != nil {
				b.Fatal(err)
			}
			_ = pw.Close()
		})
	}
}

// BenchmarkAppend appends, sends into nothing and acknowledges: what a session
// costs beside its connection.
func BenchmarkAppend(b *testing.B) {
	data := noise(64 << 10)
	l := NewLog(plenty, 0)
	seq := uint64(0)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		_ = l.Append(Stream, data)
		run, _, _ := l.take(seq)
		l.unpin(run[0].in)
		seq++
		l.Ack(seq)
	}
}

// BenchmarkCopy is the memcpy to compare with.
func BenchmarkCopy(b *testing.B) {
	src, dst := noise(64<<10), make([]byte, 64<<10)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		copy(dst, src)
	}
}
