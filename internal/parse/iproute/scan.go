package iproute

import "strings"

// scanner gives a line's words one by one.
type scanner struct{ words []string }

func scan(line string) *scanner { return &scanner{strings.Fields(line)} }

// next gives the next word, and "" at the end.
func (s *scanner) next() string {
	if len(s.words) == 0 {
		return ""
	}
	w := s.words[0]
	s.words = s.words[1:]
	return w
}

// peek is next without taking it.
func (s *scanner) peek() string {
	if len(s.words) == 0 {
		return ""
	}
	return s.words[0]
}

// skip takes the next word if it is the given one.
func (s *scanner) skip(word string) bool {
	if s.peek() != word || word == "" {
		return false
	}
	s.words = s.words[1:]
	return true
}
