package labtest

import (
	"crypto/rand"
	"os"
	"strconv"
	"strings"
)

// Name returns a lab's name that no other test on this machine has: at
// most 12 characters, with the process in it.
func Name() string {
	return processPrefix() + strings.ToLower(rand.Text()[:5])
}

// processPrefix begins the names that this process gives.
func processPrefix() string {
	return "t" + strconv.FormatInt(int64(os.Getpid()), 36) + "x"
}

// Leftovers returns the names in /run/netns that this process's tests gave
// and did not remove, e.g. for TestMain.
func Leftovers() []string {
	entries, err := os.ReadDir("/run/netns")
	if err != nil {
		return nil // no directory, no namespaces
	}
	var left []string
	for _, e := range entries {
		if strings.HasPrefix(strings.TrimPrefix(e.Name(), "ns-"), processPrefix()) {
			left = append(left, e.Name())
		}
	}
	return left
}
