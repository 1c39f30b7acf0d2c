package cli

import (
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64 // negative: refused
		back string
	}{
		{"0", 0, "0"},
		{"1500", 1500, "1500"},
		{"512K", 512 << 10, "512KiB"},
		{"512k", 512 << 10, "512KiB"},
		{"32M", 32 << 20, "32MiB"},
		{"32MB", 32 << 20, "32MiB"},
		{"1GiB", 1 << 30, "1GiB"},
		{"1.5G", 3 << 29, "1536MiB"},
		{"2T", 2 << 40, "2TiB"},
		{"7B", 7, "7"},
		{"", -1, ""},
		{"G", -1, ""},
		{"-1", -1, ""},
		{"10Q", -1, ""},
		{"ten", -1, ""},
		{"1e300", -1, ""},
		{"NaN", -1, ""},
		{"Inf", -1, ""},
		{"99999999T", -1, ""},
		{"1KK", -1, ""},
	} {
		var s size
		err := s.Set(c.text)
		if (err != nil) != (c.want < 0) {
			t.Errorf("size %q: %v", c.text, err)
			continue
		}
		if err == nil && (int64(s) != c.want || s.String() != c.back) {
			t.Errorf("size %q is %d, written %s; want %d, %s", c.text, int64(s), s.String(), c.want, c.back)
		}
	}
}

func TestSpan(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration // negative: refused
		back string
	}{
		{"0", 0, "0s"},
		{"30s", 30 * time.Second, "30s"},
		{"10m", 10 * time.Minute, "10m"},
		{"1h", time.Hour, "1h"},
		{"1h5m", 65 * time.Minute, "1h5m"},
		{"300ms", 300 * time.Millisecond, "300ms"},
		{"10", -1, ""},
		{"", -1, ""},
		{"-5s", -1, ""},
		{"soon", -1, ""},
	} {
		var d span
		err := d.Set(c.text)
		if (err != nil) != (c.want < 0) {
			t.Errorf("duration %q: %v", c.text, err)
			continue
		}
		if err == nil && (time.Duration(d) != c.want || d.String() != c.back) {
			t.Errorf("duration %q is %v, written %s; want %v, %s", c.text, time.Duration(d), d.String(), c.want, c.back)
		}
	}
}
