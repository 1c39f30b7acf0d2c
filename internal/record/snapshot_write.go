package record

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/pcapng"
)

// SnapshotWriter writes the snapshot of one node into a stream, a namespace at
// a time: the whole of it is never in memory. It is not safe for concurrent
// use, and nor is the Writer beside it.
type SnapshotWriter struct {
	blocks *blockWriter
	zip    *zstd.Encoder
	lines  *json.Encoder
}

// Snapshot begins a node's snapshot.
func (w *Writer) Snapshot(node string) (*SnapshotWriter, error) {
	if w.ended {
		return nil, ErrEnded
	}
	return newSnapshotWriter(w.out, kindSnapshot, node)
}

func newSnapshotWriter(out *pcapng.Writer, kind, node string) (*SnapshotWriter, error) {
	b := &blockWriter{out: out, kind: kind, head: blockHead{Node: node, Version: netstate.Version}}
	// One thread, since an agent is a guest on its node.
	zip, err := zstd.NewWriter(b, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, fmt.Errorf("write snapshot: %w", err)
	}
	lines := json.NewEncoder(zip)
	lines.SetEscapeHTML(false)
	return &SnapshotWriter{b, zip, lines}, nil
}

// Namespace writes one namespace. Its inode must not have been written before.
func (w *SnapshotWriter) Namespace(n *netstate.Namespace) error {
	first := *n
	rest := first.Ruleset
	first.Ruleset = netstate.Ruleset{Generation: rest.Generation}
	if err := w.line(snapshotRecord{Namespace: &first}); err != nil {
		return err
	}
	for {
		part, more := cutRuleset(&rest)
		if !more {
			return nil
		}
		if err := w.line(snapshotRecord{Namespace: &netstate.Namespace{Inode: n.Inode, Ruleset: part}}); err != nil {
			return err
		}
	}
}

// cutRuleset takes about snapshotLine bytes off a ruleset; false if nothing is
// left.
func cutRuleset(r *netstate.Ruleset) (part netstate.Ruleset, more bool) {
	room := snapshotLine
	cut := func(from *[][]byte) (taken [][]byte) {
		n := 0
		for n < len(*from) && room > 0 {
			room -= len((*from)[n])
			n++
		}
		taken, *from = (*from)[:n], (*from)[n:]
		more = more || n > 0
		return taken
	}
	part.Tables, part.Chains, part.Rules = cut(&r.Tables), cut(&r.Chains), cut(&r.Rules)
	part.Sets, part.Elements = cut(&r.Sets), cut(&r.Elements)
	part.Objects, part.Flowtables = cut(&r.Objects), cut(&r.Flowtables)
	for len(r.Legacy) > 0 && room > 0 {
		t := &r.Legacy[0]
		n := min(len(t.Entries), room)
		part.Legacy = append(part.Legacy, netstate.LegacyTable{IP6: t.IP6, Name: t.Name, Info: t.Info, Entries: t.Entries[:n]})
		room -= n
		more = true
		if n == len(t.Entries) {
			r.Legacy = r.Legacy[1:]
			continue
		}
		r.Legacy = append([]netstate.LegacyTable{{IP6: t.IP6, Name: t.Name, Entries: t.Entries[n:]}}, r.Legacy[1:]...)
	}
	for len(r.Saved) > 0 && room > 0 {
		t := &r.Saved[0]
		for i := range t.Chains {
			for j := range t.Chains[i].Rules {
				room -= len(t.Chains[i].Rules[j].Text)
			}
		}
		part.Saved = append(part.Saved, *t)
		r.Saved = r.Saved[1:]
		more = true
	}
	return part, more
}

// End writes the rest of the snapshot, Namespaces left out, and ends it.
// Without it a reader takes the snapshot for cut off.
func (w *SnapshotWriter) End(s *netstate.Snapshot) error {
	rest := *s
	rest.Namespaces = nil
	if err := w.line(snapshotRecord{Snapshot: &rest}); err != nil {
		return err
	}
	return w.close()
}

// WriteBlock writes a block as CopySnapshots gives it.
func (w *Writer) WriteBlock(block []byte) error {
	if w.ended {
		return ErrEnded
	}
	return w.out.WriteRaw(block)
}

// WriteCluster writes what the API server said.
func (w *Writer) WriteCluster(c *netstate.Cluster) error {
	if w.ended {
		return ErrEnded
	}
	one, err := newSnapshotWriter(w.out, kindCluster, "")
	if err != nil {
		return err
	}
	if err := one.line(snapshotRecord{Cluster: c}); err != nil {
		return err
	}
	return one.close()
}

// WriteState writes all of a state.
func (w *Writer) WriteState(s *netstate.State) error {
	for _, n := range s.Nodes {
		one, err := w.Snapshot(n.Node)
		if err != nil {
			return err
		}
		for _, ns := range n.Namespaces {
			if err := one.Namespace(ns); err != nil {
				return err
			}
		}
		if err := one.End(n); err != nil {
			return err
		}
	}
	if s.Cluster == nil {
		return nil
	}
	return w.WriteCluster(s.Cluster)
}

func (w *SnapshotWriter) line(r snapshotRecord) error {
	if err := w.lines.Encode(r); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}

func (w *SnapshotWriter) close() error {
	if err := w.zip.Close(); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return w.blocks.end()
}

// blockWriter makes custom blocks of what it is given.
type blockWriter struct {
	out  *pcapng.Writer
	kind string
	head blockHead
	held []byte
	data []byte
}

var _ io.Writer = (*blockWriter)(nil)

func (b *blockWriter) Write(p []byte) (int, error) {
	b.held = append(b.held, p...)
	for len(b.held) >= snapshotBlock {
		if err := b.block(b.held[:snapshotBlock]); err != nil {
			return 0, err
		}
		b.held = b.held[:copy(b.held, b.held[snapshotBlock:])]
	}
	return len(p), nil
}

func (b *blockWriter) block(packed []byte) (err error) {
	if b.data, err = appendBlock(b.data[:0], b.kind, b.head, packed); err != nil {
		return err
	}
	b.head.Block++
	return b.out.Write(&pcapng.CustomBlock{PEN: PEN, Data: b.data})
}

func (b *blockWriter) end() error {
	b.head.Last = true
	return b.block(b.held)
}
