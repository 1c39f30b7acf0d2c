package kernlog

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/parsetest"
)

// FuzzRead reads any log: it ends, and gives what can be shown and joined.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/*.txt", "testdata/dresses/*"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatal(paths, err)
		}
		for _, path := range paths {
			s := file(f, path)
			f.Add(s[:min(len(s), 3000)])
		}
	}
	for _, c := range clothes {
		f.Add(c.line(time.Unix(1e9, 0), "[   77.000001] ", "x "+arrives+syn+flags))
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := New(strings.NewReader(s), Options{})
		var items []parse.Item
		for {
			item, err := r.Read()
			var wrong *parse.LineError
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil && !errors.As(err, &wrong) {
				t.Fatal(err)
			}
			if err == nil {
				items = append(items, item)
			}
			if len(items) > 10*len(s)+10 {
				t.Fatal("more items than the log has bytes")
			}
		}
		for _, it := range items {
			if s := it.Sighting; s != nil && s.Frame == nil && s.Key.Version == 0 {
				t.Errorf("nothing tells the packet: %+v", s)
			}
		}
		_ = parsetest.TrailText(parsetest.Trails(items))
		Detect([]byte(s))
	})
}

// benchmark tells the rate by the process's own time: the machine may be busy.
func benchmark(b *testing.B, text string) {
	b.Helper()
	b.ReportAllocs()
	start, bytes := cpuTime(b), 0
	defer func() { b.ReportMetric(float64(bytes)/1e6/(cpuTime(b)-start).Seconds(), "MB/cpu-s") }()
	for b.Loop() {
		bytes += len(text)
		r := New(strings.NewReader(text), Options{})
		for {
			if _, err := r.Read(); err != nil {
				if !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
				break
			}
		}
	}
}

// The article's packet again and again, each with a number of its own.
func BenchmarkTrace(b *testing.B) {
	one := file(b, "testdata/kernlog-service-dnat.txt")
	var text strings.Builder
	for i := range 2000 {
		text.WriteString(strings.ReplaceAll(one, "ID=57266", fmt.Sprintf("ID=%d", i+1)))
	}
	benchmark(b, text.String())
}

func BenchmarkLog(b *testing.B) {
	var text strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&text, "May  8 15:51:07 box kernel: [%5d.%06d] [UFW BLOCK] %s\n", 77+i/1000, i%1000*1000, arrives+strings.Replace(syn, "ID=4321", fmt.Sprintf("ID=%d", i+1), 1)+flags)
	}
	benchmark(b, text.String())
}

// Lines of other origin, as long as those of a kernel's log are.
func BenchmarkOther(b *testing.B) {
	var text strings.Builder
	for i := range 50000 {
		fmt.Fprintf(&text, "May  8 15:51:07 box kernel: [%5d.%06d] docker0: port 2(veth98a1fef) entered blocking state\n", 77+i/1000, i%1000*1000)
		fmt.Fprintf(&text, "May  8 15:51:07 box systemd[1]: Started Session %d of user root, with a longer text than that of others behind it.\n", i)
	}
	benchmark(b, text.String())
}
