package find

import (
	"strconv"
	"strings"
)

// count writes "1 pod", "2 pods".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func more(n int) string { return strconv.Itoa(n) + " more" }

// oneLine makes one line of what a cluster says, without its last stop.
func oneLine(s string) string {
	return strings.TrimRight(strings.Join(strings.Fields(s), " "), ". ")
}

// colon joins those of words that are not empty by ": ".
func colon(words ...string) string {
	var out []string
	for _, w := range words {
		if w = oneLine(w); w != "" {
			out = append(out, w)
		}
	}
	return strings.Join(out, ": ")
}
