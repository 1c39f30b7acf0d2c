package cli

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pktrail/pktrail/internal/action"
)

// size is a flag in bytes: "512K", "32M", "1GiB", "1500"; K is 1024.
type size int64

func (s *size) String() string {
	n := int64(*s)
	for _, u := range []struct {
		name  string
		shift int
	}{{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}} {
		if n >= 1<<u.shift && n%(1<<u.shift) == 0 {
			return strconv.FormatInt(n>>u.shift, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

func (s *size) Type() string { return "size" }

func (s *size) Set(text string) error {
	const hint = "a size is a number of bytes, or one with K, M or G: 512K, 32M, 1G"
	number := strings.TrimRight(text, "kKmMgGtTiIbB")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || n < 0 || math.IsInf(n, 0) || math.IsNaN(n) {
		return action.Usage(hint, errors.New("not a size"))
	}
	unit := strings.ToLower(text[len(number):])
	unit = strings.TrimSuffix(strings.TrimSuffix(unit, "b"), "i")
	shift, ok := map[string]int{"": 0, "k": 10, "m": 20, "g": 30, "t": 40}[unit]
	if !ok {
		return action.Usage(hint, fmt.Errorf("no unit %q", text[len(number):]))
	}
	n *= float64(int64(1) << shift)
	if n > math.MaxInt64/2 {
		return action.Usage(hint, errors.New("too large"))
	}
	*s = size(n)
	return nil
}

// span is a flag of time: "30s", "10m"; "0" lifts the limit.
type span time.Duration

func (d *span) String() string { return shortDuration(time.Duration(*d)) }

func (d *span) Type() string { return "duration" }

func (d *span) Set(text string) error {
	const hint = "a duration has a unit: 30s, 10m, 1h; 0 lifts the limit"
	v, err := time.ParseDuration(text)
	switch {
	case err != nil:
		if _, e := strconv.ParseFloat(text, 64); e == nil {
			return action.Usage(fmt.Sprintf("a duration has a unit: %ss for seconds", text), errors.New("no unit"))
		}
		return action.Usage(hint, errors.New("not a duration"))
	case v < 0:
		return action.Usage(hint, errors.New("negative"))
	}
	*d = span(v)
	return nil
}

// shortDuration writes 10m, not 10m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
