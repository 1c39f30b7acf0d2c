package record

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/pcapng"
)

// Name gives an address its names (pods, services), best one first. In the
// stream the best one stands last: of several, Wireshark shows that one.
type Name struct {
	Addr  netip.Addr
	Names []string
}

// WriteNames writes the names of addresses. Names that are empty or hold a
// NUL byte are left out.
func (w *Writer) WriteNames(names []Name) error {
	if w.ended {
		return ErrEnded
	}
	blocks := nameBlocks(names)
	for i := range blocks {
		if err := w.out.Write(&blocks[i]); err != nil {
			return err
		}
	}
	return nil
}

// nameBlocks are blocks of a size that all readers take.
func nameBlocks(names []Name) []pcapng.Names {
	var out []pcapng.Names
	size := maxNamesBlock // so that the first name begins a block
	for _, name := range names {
		rec := pcapng.NameRecord{Addr: name.Addr.Unmap().WithZone("")}
		used := 16
		for _, s := range name.Names {
			if s == "" || strings.Contains(s, "\x00") || used+len(s)+1 > MaxText {
				continue
			}
			rec.Names = append(rec.Names, s)
			used += len(s) + 1
		}
		if len(rec.Names) == 0 || !rec.Addr.IsValid() {
			continue
		}
		slices.Reverse(rec.Names)
		if size+used > maxNamesBlock {
			out, size = append(out, pcapng.Names{}), 0
		}
		last := &out[len(out)-1]
		last.Records = append(last.Records, rec)
		size += used
	}
	return out
}

// maxNamesBlock is about how many bytes of names stand in one block.
const maxNamesBlock = 128 << 10
