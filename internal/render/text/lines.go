package text

import (
	"time"

	"github.com/pktrail/pktrail/internal/trail"
)

// Lines prints packets one below the other: time, place, direction, and what
// tcpdump -n prints. It keeps the columns of places as wide as the widest so
// far.
type Lines struct {
	printer Printer
	owner   int
	device  int
}

// NewLines starts a list.
func NewLines() *Lines { return &Lines{} }

// Append adds one line with its end to dst.
func (l *Lines) Append(dst []byte, p trail.Point, f *trail.Frame) []byte {
	dst = time.Unix(0, f.Time).AppendFormat(dst, "15:04:05.000000")
	dst = append(dst, ' ')
	dst, l.owner = column(dst, p.Owner(), l.owner)
	dst, l.device = column(dst, p.Interface, l.device)
	dst, _ = column(dst, f.Dir.String(), len("Out"))
	if f.Missed > 0 {
		dst = append(dst, "("+Count(f.Missed, "packet")+" missed before this) "...)
	}
	return append(l.Packet(dst, p, f), '\n')
}

// Packet adds what tcpdump -n prints of one packet.
func (l *Lines) Packet(dst []byte, p trail.Point, f *trail.Frame) []byte {
	return l.printer.Append(dst, p.Link, f.Data, f.Len)
}

// column pads a cell to its width, and a blank; a longer one widens it.
func column(dst []byte, cell string, width int) ([]byte, int) {
	dst = append(dst, cell...)
	for n := len(cell); n < width; n++ {
		dst = append(dst, ' ')
	}
	return append(dst, ' '), max(width, len(cell))
}
