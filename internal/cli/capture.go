package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/render/text"
)

const captureExample = `  pktrail capture deploy/web -f 'port 8080'                     every pod of a deployment
  pktrail capture -n shop web-x2k8l -o - | wireshark -k -i -    whole packets, live
  pktrail capture netns:pkl-node1-pod1                          all interfaces, a line per packet
  pktrail capture container:3f2a91 -f 'port 8080'               a container of any runtime
  pktrail capture netns:pkl-node1-pod1 --points path -f icmp -o a.pcapng
                                                                every point from the pod to the wire
  pktrail capture pid:4711 -o - -- tcp port 80 | wireshark -k -i -`

func newCapture(s Streams) *cobra.Command {
	o := action.CaptureOptions{Stdout: s.Out, MinFree: action.DefaultMinFree}
	duration, maxBytes := span(action.DefaultDuration), size(action.DefaultMaxBytes)
	var rotate, buffer size
	var asJSON, headersOnly, verbose bool
	cmd := &cobra.Command{
		Use:     "capture TARGET... [-i IF] [-f FILTER | -- FILTER]",
		Short:   "Packets of pods, containers, processes, namespaces: on screen, into a file, into Wireshark",
		Example: captureExample,
		GroupID: groupMain,

		DisableFlagsInUseLine: true,
		Long: `Captures packets where they pass.

TARGET on a cluster is NAME or pod/NAME, deploy/ sts/ ds/ rs/ job/ cronjob/
svc/NAME, node/NAME, or -l SELECTOR; on this machine netns:NAME or
netns:/PATH, pid:N, container:ID (any runtime), cri:NAMESPACE/POD (by the
node's CRI socket), if:NAME or host. Without -o a line is printed for each
packet, as tcpdump -n prints it; only headers and DNS are taken. -o keeps whole
packets, as pcapng.
`,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&o.Request.Filter, "filter", "f", "", "pcap-filter(7) expression; words after -- are the filter too")
	f.StringArrayVarP(&o.Request.Interfaces, "interface", "i", nil, "interface in the target's namespace, again for more; any is all (default: all; a node's uplink)")
	f.StringSliceVar(&o.Request.Points, "points", nil, "points on the way to the wire: pod, host, bridge, overlay, uplink, path for all, or an interface's name")
	f.StringVarP(&o.Output, "output", "o", "", "write packets to this file; - is stdout")
	f.StringVarP(&o.Output, "write", "w", "", "the same as -o")
	viewer := bindViewer(cmd)
	f.BoolVar(&asJSON, "json", false, "print JSON lines instead of text")
	f.BoolVarP(&verbose, "verbose", "v", false, "tell and count each point")
	f.Var(&duration, "duration", "end after this time; 0 lifts the limit")
	f.Int64Var(&o.Request.Limits.Packets, "count", 0, "end after this many packets")
	f.Var(&maxBytes, "max-bytes", "end after this many bytes of one target; 0 lifts the limit")
	f.IntVar(&o.MinFree, "min-free", action.DefaultMinFree, "end when less than this percent of the disk is free; 0 lifts the limit")
	f.IntVarP(&o.Request.SnapLen, "snaplen", "s", 0, "keep this many bytes of each packet; 0 keeps all")
	f.BoolVar(&headersOnly, "headers-only", false, "keep headers of all layers and no payload")
	f.Var(&buffer, "buffer", "ring of each socket (default 32MiB, less when there are many)")
	f.Var(&rotate, "rotate-size", "start a new file after this size")
	f.IntVar(&o.RotateFiles, "rotate-files", 0, "keep the newest files only, this many")
	f.BoolVar(&o.Pcap, "pcap", false, "write classic pcap instead of pcapng")
	f.BoolVar(&o.Request.Promiscuous, "promisc", false, "take packets to other stations too")
	f.StringVar(&o.Request.CRISocket, "socket", "", "path of the CRI socket (default: the known ones)")
	_ = f.MarkHidden("write") // cannot err: the flag was just made
	cluster := bindCluster(cmd)
	cluster.bindPods(cmd)
	f.BoolVar(&cluster.options.Follow, "follow", false, "take pods that come later, too")
	cluster.bindWay(cmd)
	cluster.bindKsniff(cmd)
	cmd.ValidArgsFunction = cluster.completeTargets
	completeNothing(cmd, "interface", "filter", "selector")
	_ = cmd.RegisterFlagCompletionFunc("points", cobra.FixedCompletions( // cannot err: the flag was just made
		[]cobra.Completion{"path", "pod", "host", "bridge", "overlay", "uplink"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var err error
		if o.Request.Targets, err = splitFilter(cmd, args, &o.Request.Filter); err != nil {
			return err
		}
		if err := notEmpty(cmd, "points", "output", "write", "interface", "socket"); err != nil {
			return err
		}
		if cluster.wanted(o.Request.Targets) {
			o.Cluster = cluster.finish()
		} else if err := cluster.refuseLocal(cmd); err != nil {
			return err
		}
		if o.Viewer, err = viewer.finish(s); err != nil {
			return err
		}
		o.Request.Limits.Duration = time.Duration(duration)
		o.Request.Limits.Bytes = int64(maxBytes)
		o.Request.Buffer, o.RotateSize = int64(buffer), int64(rotate)
		return runCapture(cmd.Context(), s, &o, captureView{json: asJSON, headersOnly: headersOnly, verbose: verbose})
	}
	return cmd
}

// notEmpty refuses flags that were given nothing, as by an unset variable, and
// both names of the output.
func notEmpty(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed && (f.Value.String() == "" || f.Value.String() == "[]") {
			return action.Usage("leave --"+name+" out, or give it a value", fmt.Errorf("flag --%s is empty", name))
		}
	}
	if cmd.Flags().Changed("output") && cmd.Flags().Changed("write") {
		return action.Usage("-o FILE", errors.New("-o and -w are the same flag"))
	}
	return nil
}

// splitFilter gives the arguments before -- and takes the filter's words behind
// it.
func splitFilter(cmd *cobra.Command, args []string, filter *string) ([]string, error) {
	dash := cmd.ArgsLenAtDash()
	if dash < 0 {
		return args, nil
	}
	words := strings.Join(args[dash:], " ")
	if *filter != "" && words != "" {
		return nil, action.Usage("write it once: -f FILTER, or -- FILTER", errors.New("two filters"))
	}
	if words != "" {
		*filter = words
	}
	return args[:dash], nil
}

// limits says in words what will end a capture.
func limits(o *action.CaptureOptions) string {
	var parts []string
	l := o.Request.Limits
	if l.Packets > 0 {
		parts = append(parts, "after "+text.Count(l.Packets, "packet"))
	}
	if l.Duration > 0 {
		parts = append(parts, "after "+text.Duration(l.Duration))
	}
	if l.Bytes > 0 {
		parts = append(parts, "after "+text.Bytes(l.Bytes)+" per target")
	}
	if o.Output != "" && o.Output != "-" && o.MinFree > 0 {
		parts = append(parts, fmt.Sprintf("below %d %% of free disk", o.MinFree))
	}
	if len(parts) == 0 {
		return "ends with Ctrl-C only"
	}
	line := "ends " + strings.Join(parts, ", ")
	if i := strings.LastIndex(line, ", "); i > 0 {
		line = line[:i] + " or" + line[i+1:]
	}
	return strings.ReplaceAll(strings.ReplaceAll(line, ", after ", ", "), " or after ", " or ")
}
