package pcapng

// Option codes of the SHB.
const (
	OptHardware    = 2
	OptOS          = 3
	OptApplication = 4
)

// Section is a Section Header Block.
type Section struct {
	// BigEndian is the byte order of all that follows up to the next section.
	// Written sections are always little-endian.
	BigEndian bool
	// Major and Minor are the format's version: 1.0, or 1.2 in files of some
	// old programs, which is the same. Written: always 1.0.
	Major, Minor uint16
	// Length of the section in bytes without this block; -1 if not known.
	// Written: always -1, which streaming needs.
	Length int64
	// Hardware, OS and Application describe the machine and the program that
	// made the section.
	Hardware, OS, Application string
	Extra
}

// Section reads a Section Header Block.
func (b *Block) Section() (Section, error) {
	body := b.Body()
	if b.Type != TypeSection || len(body) < 16 {
		return Section{}, b.bad("%d bytes are too few for a section header", len(body))
	}
	o := b.order()
	s := Section{
		BigEndian: b.BigEndian,
		Major:     o.u16(body[4:]), Minor: o.u16(body[6:]),
		Length: int64(o.u64(body[8:])),
	}
	l := Options{body[16:], o}
	if err := l.check(b); err != nil {
		return s, err
	}
	for opt := range l.All() {
		switch opt.Code {
		case OptHardware:
			s.Hardware = string(opt.Value)
		case OptOS:
			s.OS = string(opt.Value)
		case OptApplication:
			s.Application = string(opt.Value)
		default:
			s.take(l, opt)
		}
	}
	return s, nil
}

// Append appends the section header to dst as a block.
func (s *Section) Append(dst []byte) ([]byte, error) {
	b := build(dst, TypeSection)
	b.u32(byteOrderMagic)
	b.u16(1)
	b.u16(0)
	b.u64(1<<64 - 1)
	b.text(OptHardware, s.Hardware)
	b.text(OptOS, s.OS)
	b.text(OptApplication, s.Application)
	b.extra(&s.Extra)
	return b.end()
}
