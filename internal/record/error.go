package record

import (
	"errors"

	"github.com/pktrail/pktrail/internal/pcap"
	"github.com/pktrail/pktrail/internal/pcapng"
)

// ErrTooLong says that a text does not fit into MaxText.
var ErrTooLong = errors.New("too long for the stream")

// ErrEnded says that the stream has already been ended.
var ErrEnded = errors.New("the stream has been ended")

// ErrFormat says that the input is a file of a kind that is not read.
var ErrFormat = errors.New("not a capture file")

// IsTruncated reports whether an error of Reader.Read says that the stream
// ends in the middle of a block. All frames before it have been delivered.
func IsTruncated(err error) bool {
	_, ng := errors.AsType[*pcapng.TruncatedError](err)
	_, old := errors.AsType[*pcap.TruncatedError](err)
	return ng || old
}
