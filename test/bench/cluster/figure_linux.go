package cluster

import (
	"cmp"
	"slices"
)

func median[T cmp.Ordered](v []T) T {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}

// ratios is the median of the ratios of runs side by side.
func ratios[T ~int64 | ~float64](a, b []T) float64 {
	var out []float64
	for i := range min(len(a), len(b)) {
		out = append(out, float64(a[i])/float64(b[i]))
	}
	return median(out)
}

func met(yes bool) string {
	if yes {
		return "met"
	}
	return "MISSED"
}
