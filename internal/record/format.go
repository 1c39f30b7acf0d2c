package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// Version is the version of docs/file-format.md that is written.
const Version = 1

// PEN is the Private Enterprise Number in our custom options. pktrail has
// none of its own: 32473 is the one that RFC 5612 reserves for examples in
// documentation. Others may use it too, so the value starts with "pktrail/".
const PEN = 32473

// Sizes in bytes.
const (
	// MaxFrame is the most that is kept of one frame. Wireshark refuses files
	// with larger packets (WTAP_MAX_PACKET_SIZE_STANDARD in wiretap/wtap.h).
	MaxFrame = 262144
	// MaxText is the longest comment or JSON value, less than an option's
	// limit of 65535 by the room for our prefix.
	MaxText = 65000
)

// The kinds of our custom options: the word after "pktrail/1 ".
const (
	kindHeader      = "header"      // SHB
	kindPoint       = "point"       // IDB
	kindObservation = "observation" // EPB
	kindTotals      = "totals"      // ISB
	kindEnd         = "end"         // ISB, or NRB in a stream without points
	kindAside       = "aside"       // NRB
	kindSession     = "session"     // NRB
	kindStream      = "stream"      // NRB
)

// Header says who made the stream. Empty fields are not written.
type Header struct {
	// Application is the program's name, e.g. "pktrail", Version its version.
	Application string `json:"application,omitempty"`
	Version     string `json:"version,omitempty"`
	// OS is the system, e.g. "Linux 6.18.5".
	OS string `json:"-"`
	// Hardware is the machine's CPU.
	Hardware string `json:"-"`
	// Comment is for people, at most MaxText bytes.
	Comment string `json:"-"`
	// Started is when the capture began.
	Started time.Time `json:"started,omitzero"`
	// Node is the machine's name, Boot the kernel's boot id
	// (/proc/sys/kernel/random/boot_id): streams with one boot id are of one
	// kernel, and have one clock.
	Node string `json:"node,omitempty"`
	Boot string `json:"boot,omitempty"`
}

// PointTotals are what a stream holds of one point when it ends.
type PointTotals struct {
	// Frames in the stream and their Bytes on the wire.
	Frames uint64 `json:"frames"`
	Bytes  uint64 `json:"bytes"`
	trail.Counters
}

// End is the last thing that a whole stream says.
type End struct {
	// Reason is why the capture ended, for people ("duration", "Ctrl-C").
	Reason string `json:"reason"`
	// At is when it ended.
	At time.Time `json:"at"`
	// Streams say how each stream of a merged one ended, those that broke
	// first; the longest list is cut. Nil in a stream of one agent.
	Streams []StreamEnd `json:"streams,omitempty"`
	// Points are the totals of each point, by id.
	Points []PointTotals `json:"-"`
}

// endJSON is End in the stream: the totals stand in options of their own.
type endJSON struct {
	End
	Points int `json:"points"`
}

// custom makes a custom option: "pktrail/1 KIND JSON".
func custom(kind string, v any) (pcapng.Custom, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return pcapng.Custom{}, fmt.Errorf("encode %s: %w", kind, err)
	}
	return customJSON(kind, b)
}

func customJSON(kind string, b []byte) (pcapng.Custom, error) {
	if len(b) > MaxText {
		return pcapng.Custom{}, fmt.Errorf("%s of %d bytes: %w", kind, len(b), ErrTooLong)
	}
	data := make([]byte, 0, len(b)+32)
	data = append(data, "pktrail/"...)
	data = strconv.AppendInt(data, Version, 10)
	data = append(data, ' ')
	data = append(data, kind...)
	data = append(data, ' ')
	return pcapng.Custom{PEN: PEN, Text: true, Data: append(data, b...)}, nil
}

// ours finds the JSON of a kind in a custom option; nil if it is another's or
// of a version that is not known.
func ours(c pcapng.Custom, kind string) []byte {
	if c.PEN != PEN {
		return nil
	}
	rest, ok := bytes.CutPrefix(c.Data, []byte("pktrail/1 "))
	if !ok {
		return nil
	}
	rest, ok = bytes.CutPrefix(rest, []byte(kind))
	if !ok || len(rest) < 2 || rest[0] != ' ' {
		return nil
	}
	return rest[1:]
}

// find decodes the first option of a kind into v.
func find(list []pcapng.Custom, kind string, v any) bool {
	for _, c := range list {
		if b := ours(c, kind); b != nil && json.Unmarshal(b, v) == nil {
			return true
		}
	}
	return false
}

// cut shortens a text to MaxText bytes, between two characters.
func cut(s string) string { return cutTo(s, MaxText) }

func cutTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
