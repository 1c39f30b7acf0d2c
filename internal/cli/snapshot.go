package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/render/text"
)

func newSnapshot(s Streams) *cobra.Command {
	o := action.SnapshotOptions{Stdout: s.Out, Version: version}
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "snapshot [TARGET...] -o FILE",
		Short:   "Network state of machines into a file: links, routes, rules, neighbours, chains, sockets",
		GroupID: groupMore,

		DisableFlagsInUseLine: true,
		Long: `Saves the network state of this machine and of every network namespace on it,
or of nodes of a cluster with the names of its pods and services, into one
file. pktrail snapshot show prints it as ip, nft and iptables-save would;
pktrail map --state FILE shows where every pod hangs, on any machine.

TARGET on a cluster is node/NAME, or a pod, workload or service whose nodes
are meant; without any it is every node. On this machine it is netns:NAME,
pid:N, container:ID, cri:NAMESPACE/POD: that namespace, and all that its
packets can go to. What cannot be read is noted in the file with the reason.
`,
		Example: `  pktrail snapshot -o here.pcapng                     this machine
  pktrail snapshot -A -o cluster.pcapng               every node of the context's cluster
  pktrail snapshot node/a pod/web-x2k8l -o two.pcapng a node, and that of a pod
  pktrail snapshot show cluster.pcapng routes --node a`,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&o.Output, "output", "o", "", "write the snapshot to this file; - is stdout")
	f.StringVarP(&o.Output, "write", "w", "", "the same as -o")
	f.StringVar(&o.Request.Connections, "connections", "", "list tracked connections whose packets this pcap-filter(7) expression matches (default: their number)")
	f.BoolVar(&asJSON, "json", false, "print what was taken as JSON")
	f.StringVar(&o.Request.CRISocket, "socket", "", "path of the CRI socket (default: the known ones)")
	_ = f.MarkHidden("write") // cannot err: the flag was just made
	cluster := bindCluster(cmd)
	cluster.bindNodes(cmd)
	cluster.bindWay(cmd)
	cmd.ValidArgsFunction = cluster.completeTargets
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := notEmpty(cmd, "output", "write", "socket", "connections"); err != nil {
			return err
		}
		o.Targets = args
		var err error
		if o.Cluster, err = cluster.orHere(cmd, s, args); err != nil {
			return err
		}
		return runSnapshot(cmd.Context(), s, &o, asJSON)
	}
	cmd.AddCommand(newSnapshotShow(s))
	return cmd
}

// runSnapshot takes the snapshot and says what is in it.
func runSnapshot(ctx context.Context, s Streams, o *action.SnapshotOptions, asJSON bool) error {
	if o.Output == "-" && isTerminal(s.Out) {
		return action.Usage("-o FILE, or a pipe behind it", errors.New("a snapshot is no text for a terminal"))
	}
	talk := newSnapshotTalk(s.Err)
	r, err := action.Snapshot(ctx, *o, talk.events())
	talk.clear()
	if err != nil {
		return err
	}
	if asJSON {
		if o.Output == "-" {
			return nil
		}
		return writeJSON(s.Out, newSnapshotSummary(o.Output, &r))
	}
	writeTaken(s.Err, o.Output, &r)
	return nil
}

// snapshotSummary is the result as JSON.
type snapshotSummary struct {
	File    string         `json:"file"`
	Bytes   int64          `json:"bytes"`
	Seconds float64        `json:"seconds"`
	Cluster bool           `json:"cluster,omitempty"`
	Nodes   []snapshotNode `json:"nodes"`
}

type snapshotNode struct {
	Node       string   `json:"node,omitempty"`
	Error      string   `json:"error,omitempty"`
	Namespaces int      `json:"namespaces"`
	Pods       int      `json:"pods"`
	Links      int      `json:"links"`
	Routes     int      `json:"routes"`
	Rules      int      `json:"nftRules"`
	Unreadable []string `json:"unreadable,omitempty"`
}

func newSnapshotSummary(file string, r *action.SnapshotResult) snapshotSummary {
	out := snapshotSummary{File: file, Bytes: r.Size, Seconds: r.Took.Seconds(), Cluster: r.Cluster}
	for _, n := range r.Nodes {
		one := snapshotNode{
			Node: n.Node, Namespaces: n.Namespaces, Pods: n.Workloads, Links: n.Links, Routes: n.Routes, Rules: n.Rules, Unreadable: n.Unreadable,
		}
		if n.Err != nil {
			one.Error = n.Err.Error()
		}
		out.Nodes = append(out.Nodes, one)
	}
	return out
}

// writeTaken says in a line per node what was taken.
func writeTaken(w io.Writer, file string, r *action.SnapshotResult) {
	for _, n := range r.Nodes {
		name := n.Node
		if name != "" {
			name += ": "
		}
		if n.Err != nil {
			fmt.Fprintf(w, "%snot taken: %s\n", name, oneLine(n.Err.Error()))
			continue
		}
		fmt.Fprintf(w, "%s%s, %s, %s, %s, %s\n", name, text.Count(n.Namespaces, "namespace"), text.Count(n.Workloads, "pod"),
			text.Count(n.Links, "link"), text.Count(n.Routes, "route"), text.Count(n.Rules, "nft rule"))
		for _, u := range n.Unreadable {
			fmt.Fprintf(w, "%sunreadable: %s\n", name, oneLine(u))
		}
	}
	if file != "-" {
		fmt.Fprintf(w, "%s: %s in %s\n", file, text.Bytes(r.Size), text.Duration(r.Took))
	}
}

// snapshotTalk tells how a snapshot comes along.
type snapshotTalk struct {
	w    io.Writer
	live liveLine
	term bool
}

func newSnapshotTalk(w io.Writer) *snapshotTalk { return &snapshotTalk{w: w, term: isTerminal(w)} }

func (t *snapshotTalk) events() action.SnapshotEvents {
	ev := action.SnapshotEvents{
		Placing: func(plan []string) {
			t.clear()
			for _, p := range plan {
				fmt.Fprintln(t.w, p)
			}
		},
		Note: func(note string) {
			t.clear()
			fmt.Fprintln(t.w, "note: "+oneLine(note))
		},
	}
	if t.term {
		ev.Progress = t.progress
	}
	return ev
}

func (t *snapshotTalk) progress(p action.SnapshotProgress) {
	var parts []string
	if p.OfNodes > 1 {
		parts = append(parts, fmt.Sprintf("%d of %d nodes", p.Nodes, p.OfNodes))
	}
	if p.Of > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d namespaces", p.Done, p.Of))
	}
	t.live.show(t.w, strings.Join(parts, ", "))
}

func (t *snapshotTalk) clear() { t.live.clear(t.w) }
