package pcapng

import "fmt"

// BlockType is the first word of a block.
type BlockType uint32

// The block types of draft-ietf-opsawg-pcapng, section 4 and its registry.
const (
	TypeInterface    BlockType = 0x00000001 // IDB
	TypeOldPacket    BlockType = 0x00000002 // Packet Block, obsolete
	TypeSimplePacket BlockType = 0x00000003 // SPB
	TypeNames        BlockType = 0x00000004 // NRB
	TypeStatistics   BlockType = 0x00000005 // ISB
	TypePacket       BlockType = 0x00000006 // EPB
	TypeSecrets      BlockType = 0x0000000A // DSB
	TypeCustom       BlockType = 0x00000BAD // custom, may be copied
	TypeCustomNoCopy BlockType = 0x40000BAD // custom, must not be copied when the file is changed
	TypeSection      BlockType = 0x0A0D0D0A // SHB; reads the same in both byte orders
)

// String returns the draft's abbreviation, or the number.
func (t BlockType) String() string {
	switch t {
	case TypeSection:
		return "SHB"
	case TypeInterface:
		return "IDB"
	case TypeOldPacket:
		return "PB"
	case TypeSimplePacket:
		return "SPB"
	case TypeNames:
		return "NRB"
	case TypeStatistics:
		return "ISB"
	case TypePacket:
		return "EPB"
	case TypeSecrets:
		return "DSB"
	case TypeCustom, TypeCustomNoCopy:
		return "CB"
	}
	return fmt.Sprintf("block type 0x%08x", uint32(t))
}

// IsPacket reports whether blocks of the type hold a packet.
func (t BlockType) IsPacket() bool {
	return t == TypePacket || t == TypeSimplePacket || t == TypeOldPacket
}

// Sizes in bytes.
const (
	// MinBlock is the smallest block: type, length, length.
	MinBlock = 12
	// MaxBlock is the largest block that is read into memory or written.
	// Wireshark refuses larger ones (MAX_BLOCK_SIZE in wiretap/pcapng.c).
	MaxBlock = 16 << 20
	// MaxOption is the largest value that an option's length field can tell.
	MaxOption = 1<<16 - 1
	// MaxInterfaces is how many interfaces of one section the Reader keeps.
	MaxInterfaces = 1 << 16
	// MaxDescriptions is how many bytes the interface blocks of one section
	// may have together.
	MaxDescriptions = 16 << 20
	// MaxOptions is how many options a block may have, packets excepted.
	MaxOptions = 1 << 14
	// MaxNames is how many addresses one block may name.
	MaxNames = 1 << 18
)

// byteOrderMagic stands in each SHB in the section's byte order.
const byteOrderMagic = 0x1A2B3C4D

// Block is one block as it stands in the file.
type Block struct {
	// Type is the block's type.
	Type BlockType
	// Raw is the whole block, from its type to its trailing length. It
	// belongs to the Reader and is valid until the next call.
	Raw []byte
	// Offset is where the block starts in the stream, in bytes.
	Offset int64
	// BigEndian is the byte order of the block's section.
	BigEndian bool
}

// Body is the block without type and lengths.
func (b *Block) Body() []byte { return b.Raw[8 : len(b.Raw)-4] }

func (b *Block) order() order { return order(b.BigEndian) }
