package record

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// ReadState reads the snapshots in a stream; frames are passed over. What
// cannot be read as such is a *SnapshotError: a file of another kind, one
// without a snapshot, one that is cut off, one of a newer version.
func ReadState(src io.Reader) (*netstate.State, error) {
	r, err := NewReader(src)
	if err != nil {
		return nil, noSnapshot(err)
	}
	s := stateReader{parts: map[string]*snapshotParts{}}
	var f trail.Frame
	for {
		_, _, err := r.ReadRaw(&f)
		switch {
		case errors.Is(err, io.EOF) && !IsTruncated(err):
			return s.end(r.Whole(), nil)
		case IsTruncated(err):
			return s.end(false, err)
		case err != nil:
			return nil, broken(err)
		case r.block.Type != pcapng.TypeCustom:
			continue
		}
		c, err := r.block.Custom()
		if err == nil {
			err = s.take(c)
		}
		if err != nil {
			return nil, err
		}
	}
}

const makeOne = "pktrail snapshot -o FILE makes one"

func noSnapshot(err error) error {
	what := "it is no snapshot"
	if errors.Is(err, pcapng.ErrEmpty) {
		what = "it is empty"
	}
	return &SnapshotError{What: what, Tip: makeOne}
}

func broken(err error) error {
	return &SnapshotError{What: "it is damaged", Err: err, Tip: "take the snapshot again, or copy the file again"}
}

func cutOff(err error) error {
	return &SnapshotError{What: "it is cut off", Err: err, Tip: "take the snapshot again, or copy the file again"}
}

type stateReader struct {
	state netstate.State
	parts map[string]*snapshotParts // by kind and node
	taken int                       // bytes, unpacked
}

// snapshotParts are the blocks of one snapshot so far.
type snapshotParts struct {
	next   int
	packed []byte
}

func (s *stateReader) take(c pcapng.CustomBlock) error {
	kind, h, packed, err := parseBlock(c)
	switch {
	case err != nil:
		return broken(err)
	case kind == "":
		return nil
	case h.Version > netstate.Version:
		return &SnapshotError{
			What: fmt.Sprintf("it is a snapshot of version %d, and this pktrail knows %d", h.Version, netstate.Version),
			Tip:  "a newer pktrail reads it",
		}
	}
	key := kind + " " + h.Node
	p := s.parts[key]
	if p == nil {
		p = &snapshotParts{}
		s.parts[key] = p
	}
	if h.Block != p.next {
		return broken(fmt.Errorf("block %d of the %s of %s where %d should be", h.Block, kind, h.Node, p.next))
	}
	p.next++
	p.packed = append(p.packed, packed...)
	if !h.Last {
		return nil
	}
	delete(s.parts, key)
	if err := s.unpack(h.Node, p.packed); err != nil {
		return broken(fmt.Errorf("read the %s of %s: %w", kind, cmp.Or(h.Node, "the cluster"), err))
	}
	return nil
}

// unpack reads the lines of one snapshot.
func (s *stateReader) unpack(node string, packed []byte) error {
	zip, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxSnapshot), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return err
	}
	defer zip.Close()
	lines := bufio.NewScanner(zip)
	lines.Buffer(make([]byte, 0, snapshotLine), maxSnapshotLine)
	n := nodeReader{seen: map[uint64]*netstate.Namespace{}}
	for lines.Scan() {
		if s.taken += len(lines.Bytes()); s.taken > maxSnapshot {
			return fmt.Errorf("more than %d bytes", maxSnapshot)
		}
		var r snapshotRecord
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		switch {
		case n.whole != nil:
			return errors.New("something behind its end")
		case r.Namespace != nil:
			n.add(r.Namespace)
		case r.Snapshot != nil:
			n.whole = r.Snapshot
		case r.Cluster != nil && node == "":
			s.state.Cluster = r.Cluster
		}
	}
	switch {
	case lines.Err() != nil:
		return lines.Err()
	case n.whole != nil:
		n.whole.Node, n.whole.Namespaces = node, n.list
		s.state.Nodes = append(s.state.Nodes, n.whole)
	case node != "":
		return errors.New("it has no end")
	}
	return nil
}

// nodeReader gathers a node's namespaces.
type nodeReader struct {
	list  []*netstate.Namespace
	seen  map[uint64]*netstate.Namespace
	whole *netstate.Snapshot
}

// add takes a namespace, or more of the ruleset of one that is there.
func (n *nodeReader) add(ns *netstate.Namespace) {
	first := n.seen[ns.Inode]
	if first == nil {
		n.seen[ns.Inode] = ns
		n.list = append(n.list, ns)
		return
	}
	to, more := &first.Ruleset, &ns.Ruleset
	to.Tables, to.Chains = append(to.Tables, more.Tables...), append(to.Chains, more.Chains...)
	to.Rules = append(to.Rules, more.Rules...)
	to.Sets, to.Elements = append(to.Sets, more.Sets...), append(to.Elements, more.Elements...)
	to.Objects, to.Flowtables = append(to.Objects, more.Objects...), append(to.Flowtables, more.Flowtables...)
	to.Saved = append(to.Saved, more.Saved...)
	for _, t := range more.Legacy {
		i := len(to.Legacy) - 1
		if i >= 0 && to.Legacy[i].Name == t.Name && to.Legacy[i].IP6 == t.IP6 {
			to.Legacy[i].Entries = append(to.Legacy[i].Entries, t.Entries...)
		} else {
			to.Legacy = append(to.Legacy, t)
		}
	}
}

// end gives what was read, if it is whole.
func (s *stateReader) end(whole bool, err error) (*netstate.State, error) {
	for key := range s.parts {
		_, node, _ := strings.Cut(key, " ")
		return nil, cutOff(fmt.Errorf("the snapshot of %s has no end", cmp.Or(node, "the cluster")))
	}
	switch {
	case err != nil:
		return nil, cutOff(err)
	case len(s.state.Nodes) == 0 && s.state.Cluster == nil:
		return nil, &SnapshotError{What: "there is no snapshot in it", Tip: makeOne}
	case !whole:
		return nil, cutOff(errors.New("it has no end record"))
	}
	slices.SortStableFunc(s.state.Nodes, func(a, b *netstate.Snapshot) int { return strings.Compare(a.Node, b.Node) })
	return &s.state, nil
}

// CopySnapshots gives the blocks of the snapshots in a stream to a function, as
// they stand there, so that nobody needs to unpack them. A block is valid until
// the function returns. A snapshot without its end is an error.
func CopySnapshots(src io.Reader, to func(block []byte) error) error {
	r, err := pcapng.NewReader(src)
	if err != nil {
		return noSnapshot(err)
	}
	open := map[string]bool{}
	var b pcapng.Block
	for {
		err := r.Next(&b)
		if err != nil {
			for node := range open {
				return cutOff(fmt.Errorf("the snapshot of %s has no end", node))
			}
			if errors.Is(err, io.EOF) && !IsTruncated(err) {
				return nil
			}
			return err
		}
		if b.Type != pcapng.TypeCustom {
			continue
		}
		c, err := b.Custom()
		if err != nil {
			return broken(err)
		}
		kind, h, _, err := parseBlock(c)
		if err != nil {
			return broken(err)
		}
		if kind == "" {
			continue
		}
		if open[h.Node] = true; h.Last {
			delete(open, h.Node)
		}
		if err := to(b.Raw); err != nil {
			return err
		}
	}
}
