package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Magic numbers, as the first four bytes of a file read in its byte order.
const (
	magicMicro = 0xA1B2C3D4
	magicNano  = 0xA1B23C4D
)

// Sizes in bytes.
const (
	fileHeader   = 24
	recordHeader = 16
	// MaxRecord is the most bytes of one packet that are read into memory.
	MaxRecord = 16 << 20
	// DefaultSnapLen is written where a Header names none: what tcpdump
	// writes, and the most that Wireshark takes.
	DefaultSnapLen = 262144
)

// Header is what a file says about all of its packets.
type Header struct {
	// LinkType as in https://www.tcpdump.org/linktypes.html.
	LinkType uint16
	// SnapLen is the most bytes kept of a packet; 0 is DefaultSnapLen when
	// written.
	SnapLen uint32
	// Nano says that time stamps are stored in nanoseconds, not microseconds.
	Nano bool
	// BigEndian is the file's byte order. Written files are little-endian.
	BigEndian bool
	// FCSLen is the length of the frame check sequence at each packet's end
	// in bytes, valid iff HasFCSLen.
	FCSLen    int
	HasFCSLen bool
}

// Packet is one record.
type Packet struct {
	// Time is nanoseconds since 1970-01-01 UTC.
	Time int64
	// Len is the packet's length on the wire in bytes.
	Len int
	// Data is what was kept of it. From a Reader it is valid until the next
	// Read.
	Data []byte
}

// ErrEmpty says that the input has no bytes at all.
var ErrEmpty = errors.New("empty file: not even a pcap header")

// ErrNotPcap says that the input does not start with a pcap file header.
var ErrNotPcap = errors.New("not a pcap file")

// UnsupportedError says that the input is a relative of pcap whose records
// have another layout.
type UnsupportedError struct {
	// Variant is the name of the format.
	Variant string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s is not supported: convert it with editcap -F pcapng", e.Variant)
}

// TruncatedError says that the input ends inside a record or in the file
// header. All records before it have been delivered.
type TruncatedError struct {
	// Offset is where the incomplete record starts, in bytes.
	Offset int64
	// Missing is how many bytes of it are not there; a lower bound where the
	// input ends before the record's length is known.
	Missing int64
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("cut short: the record at byte %d lacks %d bytes", e.Offset, e.Missing)
}

// FormatError says that the record at Offset makes no sense.
type FormatError struct {
	// Offset is where the record starts, in bytes.
	Offset int64
	// What is wrong.
	What string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("malformed record at byte %d: %s", e.Offset, e.What)
}

// Sniff reports whether a file that starts with these bytes, at least four,
// is a pcap file that NewReader reads.
func Sniff(head []byte) bool {
	_, _, err := readMagic(head)
	return err == nil
}

func readMagic(head []byte) (big, nano bool, err error) {
	if len(head) < 4 {
		return false, false, ErrNotPcap
	}
	for _, big := range []bool{false, true} {
		m := binary.LittleEndian.Uint32(head)
		if big {
			m = binary.BigEndian.Uint32(head)
		}
		switch m {
		case magicMicro, magicNano:
			return big, m == magicNano, nil
		case 0xA1B2CD34: // wiretap/libpcap.h, PCAP_MODIFIED_MAGIC
			return false, false, &UnsupportedError{"modified pcap of Alexey Kuznetzov's patch"}
		case 0xA1B234CD: // PCAP_NAVTEL_MAGIC
			return false, false, &UnsupportedError{"modified pcap of Navtel"}
		case 0xA1E2CB12: // PCAP_IXIAHW_MAGIC and the two below it
			return false, false, &UnsupportedError{"modified pcap of Ixia"}
		case 0x1C0001AC, 0x1C0001AB:
			return false, false, &UnsupportedError{"Ixia's lcap"}
		}
	}
	return false, false, ErrNotPcap
}

// header reads the file header, whose magic is known.
func (h *Header) decode(b []byte) error {
	var o binary.ByteOrder = binary.LittleEndian
	if h.BigEndian {
		o = binary.BigEndian
	}
	if major := o.Uint16(b[4:]); major != 2 {
		return &FormatError{What: fmt.Sprintf("version %d.%d, of which only 2 is known", major, o.Uint16(b[6:]))}
	}
	h.SnapLen = o.Uint32(b[16:])
	// The upper half of the last word: 4 bits of FCS length in units of 16
	// bits, R, P = the length is given (draft-ietf-opsawg-pcap, section 4).
	link := o.Uint32(b[20:])
	h.LinkType = uint16(link)
	if h.HasFCSLen = link&(1<<26) != 0; h.HasFCSLen {
		h.FCSLen = int(link>>28) * 2
	}
	return nil
}

func (h *Header) encode() []byte {
	le := binary.LittleEndian
	magic, snap, link := uint32(magicMicro), h.SnapLen, uint32(h.LinkType)
	if h.Nano {
		magic = magicNano
	}
	if snap == 0 {
		snap = DefaultSnapLen
	}
	if h.HasFCSLen {
		link |= 1<<26 | uint32(h.FCSLen/2&0xf)<<28
	}
	b := make([]byte, 0, fileHeader)
	b = le.AppendUint32(b, magic)
	b = le.AppendUint16(b, 2)
	b = le.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...) // thiszone, sigfigs
	b = le.AppendUint32(b, snap)
	return le.AppendUint32(b, link)
}
