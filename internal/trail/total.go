package trail

// PointTotal is what a capture caught at one point.
type PointTotal struct {
	Point Point `json:"point"`
	// Packets and Bytes were caught; Bytes is their length on the wire, link
	// headers included, however little of them was kept.
	Packets int64 `json:"packets"`
	Bytes   int64 `json:"bytes"`
	// Missed packets matched the filter and were not caught. A socket over
	// several interfaces counts them at the interface of the next packet.
	Missed uint64 `json:"missed"`
}
