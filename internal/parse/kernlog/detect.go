package kernlog

import (
	"time"

	"github.com/pktrail/pktrail/internal/parse/lines"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// Detect reports whether a text that begins like this is a kernel's log, or a
// log that has a kernel's among others: by a line about a packet, or by the
// dress of most lines.
func Detect(head []byte) bool {
	dressed, all := 0, 0
	var words nflog.Line
	for _, b := range lines.Head(head, 2000) {
		b = uncolour(b)
		if len(b) == 0 {
			continue
		}
		all++
		switch dressOf(b) {
		case dressRecords:
			dressed++
		case dressJournal:
			if isJournal(b) {
				return true
			}
		case dressExport:
			return true
		case dressDmesg:
			if all <= 2 && string(b) != "{" {
				return true
			}
		default:
			m := undress(string(b), time.UTC)
			if nflog.Decode(m.text, &words) == nil {
				return true
			}
			if _, ok := decodeMartian(m.text); ok {
				return true
			}
			if m.hasMono || m.hasStep || m.hasWall && m.tag != "" {
				dressed++
			}
		}
	}
	return all > 0 && 2*dressed > all
}
