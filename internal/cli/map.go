package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/render/html"
	"github.com/pktrail/pktrail/internal/render/text"
)

func newMap(s Streams) *cobra.Command {
	o := action.MapOptions{Version: version}
	var v mapView
	cmd := &cobra.Command{
		Use:     "map [TARGET...]",
		Short:   "Where pods hang: namespace, interface, bridge, overlay, uplink, by every way to find out",
		GroupID: groupMain,

		DisableFlagsInUseLine: true,
		Long: `Shows where every pod hangs: its network namespace, its interface's other end
on the node, the bridge and port, the overlay with VNI and other ends, the
uplink, and the MTU of each; which CNI that is, and which ports lead there. The
host end is found by the interface's peer index, by neighbour entry and
forwarding database, and by route; where these disagree it warns with all
answers. Nothing is sent, nothing is changed.

TARGET is a pod, workload, service, node or an address of a cluster, or a
target of this machine (netns:NAME, pid:N, container:ID, cri:NAMESPACE/POD).
Without any, all pods of this machine are listed, with -A those of the cluster.
`,
		Example: `  pktrail map -n shop web-x2k8l             one pod of a cluster
  pktrail map -A                            every pod of it, a line each
  pktrail map 10.244.2.3 -A                 whose address that is, and where it hangs
  pktrail map netns:pkl-node1-pod1          a namespace of this machine
  pktrail map --state cluster.pcapng --html cluster.html
                                            a picture, from a snapshot`,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.State, "state", "", "use this snapshot instead of a live machine or cluster")
	f.StringVar(&v.html, "html", "", "write a page with a picture to this file; - is stdout")
	f.StringVar(&v.svg, "svg", "", "write the picture to this file; - is stdout")
	f.BoolVar(&v.json, "json", false, "print JSON")
	f.BoolVarP(&v.verbose, "verbose", "v", false, "show every way that was tried, and by what the CNI was recognised")
	f.StringVar(&o.CRISocket, "socket", "", "path of the CRI socket (default: the known ones)")
	cluster := bindCluster(cmd)
	cluster.bindNodes(cmd)
	cluster.bindWay(cmd)
	cmd.ValidArgsFunction = cluster.completeTargets
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := notEmpty(cmd, "state", "html", "svg", "socket"); err != nil {
			return err
		}
		o.Targets, o.Selector = args, cluster.options.Selector
		if f.Changed("namespace") && !cluster.options.AllNamespaces {
			o.Namespace = f.Lookup("namespace").Value.String()
		}
		if o.State == "" {
			var err error
			if o.Cluster, err = cluster.orHere(cmd, s, args); err != nil {
				return err
			}
			if o.Cluster != nil && o.Namespace == "" && len(args) > 0 && !cluster.options.AllNamespaces {
				o.Namespace = o.Cluster.InNamespace()
			}
		}
		return v.run(cmd.Context(), s, &o)
	}
	return cmd
}

// mapView is how a map is shown.
type mapView struct {
	json, verbose bool
	html, svg     string
}

func (v *mapView) run(ctx context.Context, s Streams, o *action.MapOptions) error {
	toStdout := 0
	for _, name := range []string{v.html, v.svg} {
		if name == "-" {
			toStdout++
		}
	}
	switch {
	case toStdout > 1, toStdout > 0 && v.json:
		return action.Usage("name a file for one of them", errors.New("two things for stdout"))
	case toStdout > 0 && isTerminal(s.Out):
		return action.Usage("--html FILE, or a pipe behind it", errors.New("a picture is no text for a terminal"))
	}
	talk := newSnapshotTalk(s.Err)
	r, err := action.Map(ctx, *o, talk.events())
	talk.clear()
	if err != nil {
		return err
	}
	for _, p := range []struct {
		name string
		draw func() []byte
	}{
		{v.html, func() []byte { return html.HTML(r.Map) }},
		{v.svg, func() []byte { return html.SVG(r.Map) }},
	} {
		if p.name == "" {
			continue
		}
		b := p.draw()
		if err := action.WriteFile(p.name, b, s.Out); err != nil {
			return err
		}
		if p.name != "-" {
			fmt.Fprintf(s.Err, "%s: %s, %s\n", p.name, r.Map, text.Bytes(int64(len(b))))
		}
	}
	switch {
	case v.json:
		return writeJSON(s.Out, r.Map)
	case v.html != "" || v.svg != "":
		return nil
	}
	return v.text(s.Out, &r)
}

// text prints a tree for each pod that was named, a line for each of all.
func (v *mapView) text(w io.Writer, r *action.MapResult) error {
	look := style(w)
	if !r.Picked && !v.verbose {
		_, err := io.WriteString(w, text.Map(r.Map, nil, look))
		return err
	}
	for i := range r.Map.Pods {
		sep := ""
		if i > 0 {
			sep = "\n"
		}
		if _, err := io.WriteString(w, sep+text.MapPod(&r.Map.Pods[i], v.verbose, look)); err != nil {
			return err
		}
	}
	return nil
}
