package record

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/pcapng"
)

// The kinds of our custom blocks.
const (
	kindSnapshot = "snapshot" // of a node
	kindCluster  = "cluster"  // what the API server said
)

// Sizes of snapshots in a stream, in bytes.
const (
	// snapshotBlock is how much of a packed snapshot a block has.
	snapshotBlock = 256 << 10
	// snapshotLine is about how much of a ruleset a line has: neither side
	// needs to hold the whole as text.
	snapshotLine = 512 << 10
	// maxSnapshotLine and maxSnapshot bound what a reader takes.
	maxSnapshotLine = 64 << 20
	maxSnapshot     = 1 << 30
)

// blockHead stands before the bytes of each block, with a newline behind it.
type blockHead struct {
	// Node is whose snapshot it is a part of; empty for the cluster's.
	Node string `json:"node,omitempty"`
	// Version is netstate.Version.
	Version int `json:"version"`
	// Block counts from 0; Bytes are packed ones in this block, the padding of
	// the block left out.
	Block int  `json:"block"`
	Bytes int  `json:"bytes"`
	Last  bool `json:"last,omitempty"`
}

// snapshotRecord is one line of a snapshot. One of its members is set.
type snapshotRecord struct {
	Namespace *netstate.Namespace `json:"namespace,omitempty"`
	// Snapshot is the last line of a node: all but its namespaces.
	Snapshot *netstate.Snapshot `json:"snapshot,omitempty"`
	Cluster  *netstate.Cluster  `json:"cluster,omitempty"`
}

// appendBlock makes the data of a custom block.
func appendBlock(dst []byte, kind string, h blockHead, packed []byte) ([]byte, error) {
	h.Bytes = len(packed)
	b, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	dst = fmt.Appendf(dst, "pktrail/%d %s %s\n", Version, kind, b)
	return append(dst, packed...), nil
}

// parseBlock reads what appendBlock makes; kind is empty if the block is
// another's.
func parseBlock(c pcapng.CustomBlock) (kind string, h blockHead, packed []byte, err error) {
	if c.PEN != PEN {
		return "", h, nil, nil
	}
	rest, ok := bytes.CutPrefix(c.Data, []byte("pktrail/1 "))
	if !ok {
		return "", h, nil, nil
	}
	word, rest, ok := bytes.Cut(rest, []byte{' '})
	if kind = string(word); !ok || kind != kindSnapshot && kind != kindCluster {
		return "", h, nil, nil
	}
	head, rest, ok := bytes.Cut(rest, []byte{'\n'})
	if !ok {
		return kind, h, nil, fmt.Errorf("a block of a %s without a head", kind)
	}
	if err := json.Unmarshal(head, &h); err != nil {
		return kind, h, nil, fmt.Errorf("read head of a %s: %w", kind, err)
	}
	if h.Bytes < 0 || h.Bytes > len(rest) {
		return kind, h, nil, fmt.Errorf("a block of a %s has %d bytes of %d", kind, len(rest), h.Bytes)
	}
	return kind, h, rest[:h.Bytes], nil
}

// SnapshotError says why a file cannot be read as a snapshot.
type SnapshotError struct {
	// What is wrong, in words, and what to do about it.
	What, Tip string
	// Err is what it comes from; may be nil.
	Err error
}

// Error implements error.
func (e *SnapshotError) Error() string {
	if e.Err != nil {
		return e.What + ": " + e.Err.Error()
	}
	return e.What
}

// Hint says what to do.
func (e *SnapshotError) Hint() string { return e.Tip }

// Unwrap gives what it comes from.
func (e *SnapshotError) Unwrap() error { return e.Err }
