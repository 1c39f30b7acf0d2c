package record

import "github.com/pktrail/pktrail/internal/trail"

// readOld reads the next frame of a classic pcap file.
func (r *Reader) readOld(f *trail.Frame) error {
	p := &r.oldPkt
	if err := r.old.Read(p); err != nil {
		return err
	}
	*f = trail.Frame{Time: p.Time, Len: max(p.Len, len(p.Data)), Data: p.Data}
	seen := &r.points[0].seen
	seen.Frames++
	seen.Bytes += uint64(f.Len)
	return nil
}
