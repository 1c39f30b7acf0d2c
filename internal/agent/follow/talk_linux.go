//go:build !pktrail_lite

package follow

import (
	"os"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// note tells a person something, now and in the stream's end.
func (s *session) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.about.Notes = appendNew(s.about.Notes, text)
	if s.events.Note != nil {
		s.events.Note(text)
	}
}

// blind adds what cannot be seen.
func (s *session) blind(list []trail.Blind, at *placeOf) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range list {
		if at != nil && b.Node == "" {
			b.Node, b.Namespace = at.node, at.name()
		}
		s.about.Blind = appendNew(s.about.Blind, b)
	}
}

func appendNew[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

// bootID identifies the run of a kernel; empty where it may not be read.
func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
