package ipset

import (
	"fmt"
	"io"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// WriteSave writes sets as `ipset save` does.
func WriteSave(w io.Writer, sets []netstate.IPSet) error {
	for i := range sets {
		if err := save(w, &sets[i]); err != nil {
			return err
		}
	}
	return nil
}

func save(w io.Writer, s *netstate.IPSet) error {
	words := []string{"create", s.Name, s.Type}
	if s.Header != "" {
		words = append(words, s.Header)
	}
	for _, r := range s.Raw {
		words = append(words, unknown(r.Type, r.Data))
	}
	if _, err := fmt.Fprintln(w, strings.Join(words, " ")); err != nil {
		return err
	}
	for _, e := range s.Entries {
		if _, err := fmt.Fprintln(w, "add", s.Name, e); err != nil {
			return err
		}
	}
	return nil
}
