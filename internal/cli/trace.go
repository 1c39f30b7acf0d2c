package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
)

const traceExample = `  pktrail trace client svc/web:80 --probe tcp                      one connect() of pod client, over all nodes
  pktrail trace netns:pkl-node1-pod1 10.244.2.2:80 --probe tcp     one connect(), and where it went
  pktrail trace netns:pkl-node1-pod1 netns:pkl-node2-pod1          what passes between two pods
  pktrail trace container:3f2a91 10.96.0.10:53 --probe udp         DNS, through the service's NAT
  pktrail trace pid:4711 any -f 'tcp[13] & 2 != 0' --count 20 -o a.pcapng
                                                                   every SYN of a process; Wireshark
                                                                   shows the decisions as comments`

func newTrace(s Streams) *cobra.Command {
	o := action.TraceOptions{Stdout: s.Out}
	duration, timeout := span(action.DefaultTraceDuration), span(action.DefaultProbeTimeout)
	var v traceView
	cmd := &cobra.Command{
		Use:     "trace SRC DST [--probe tcp|udp|icmp] [-f FILTER | -- FILTER]",
		Short:   "The way single packets take, with every decision; ends with outcome and cause",
		Example: traceExample,
		GroupID: groupMain,

		DisableFlagsInUseLine: true,
		Long: `Follows single packets through namespaces, bridges, NAT, routing and tunnels,
and says where each one ended, and why.

SRC and DST are pods, workloads, nodes or services of a cluster (NAME,
deploy/NAME, node/NAME, svc/NAME), targets on this machine (netns:NAME, pid:N,
container:ID, cri:NAMESPACE/POD, host) or IP addresses, each with :PORT or
without; any stands for every address. Both directions are followed. Nothing is sent unless --probe asks for
it; without it pktrail waits for packets that are there anyway.
`,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Request.Probe.Proto, "probe", "", "send one packet from SRC as an application would: tcp, udp or icmp")
	f.StringVarP(&o.Request.Filter, "filter", "f", "", "pcap-filter(7) expression that narrows further; words after -- are the filter too")
	f.IntVar(&o.Request.Port, "port", 0, "port of DST, where it is not written behind it")
	f.StringVar(&o.FromNode, "from-node", "", "only packets that are first seen on this node")
	f.IntVar(&o.Request.Count, "count", action.DefaultTraceCount, "follow this many packets; 0 lifts the limit")
	f.Var(&duration, "duration", "end after this time; 0 lifts the limit")
	f.BoolVar(&o.Request.Full, "full", false, "arm everything: netfilter stages, transmissions, ends of packets; costs more")
	f.StringVarP(&o.Output, "output", "o", "", "write packets and observations to this file; - is stdout")
	f.StringVarP(&o.Output, "write", "w", "", "the same as -o")
	f.BoolVar(&v.json, "json", false, "print JSON lines instead of text")
	f.BoolVarP(&v.verbose, "verbose", "v", false, "show every observation")
	f.BoolVar(&v.all, "all", false, "show packets whose drop is no loss, too")
	f.Var(&timeout, "timeout", "how long the probe waits for an answer")
	f.IntVar(&o.Request.Probe.Size, "size", 0, "the probe's payload in bytes")
	f.BoolVar(&o.Request.Probe.DontFragment, "df", false, "the probe may not be fragmented")
	f.BoolVar(&o.Request.NoBPF, "no-bpf", false, "packet sockets and nft trace alone, as where eBPF is missing")
	f.BoolVar(&o.Request.LegacyTrace, "legacy-trace", false, "make iptables-legacy tell its rules: a setting, restored at the end")
	f.IntVarP(&o.Request.SnapLen, "snaplen", "s", 0, "keep this many bytes of each packet (default: headers)")
	f.StringVar(&o.Request.CRISocket, "socket", "", "path of the CRI socket (default: the known ones)")
	_ = f.MarkHidden("write") // cannot err: the flag was just made
	cluster := bindCluster(cmd)
	cluster.bindWay(cmd)
	cmd.ValidArgsFunction = cluster.completeEnds
	completeNothing(cmd, "filter")
	_ = cmd.RegisterFlagCompletionFunc("probe", cobra.FixedCompletions( // cannot err: the flag was just made
		[]cobra.Completion{"tcp", "udp", "icmp"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("from-node", cluster.completeNames("node/")) // cannot err either
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := traceArgs(cmd, args, &o); err != nil {
			return err
		}
		o.Request.Duration = time.Duration(duration)
		if traceOnCluster(o.Request.Source, o.Request.Destination) {
			o.Cluster = cluster.finish()
		} else if err := cluster.refuseLocal(cmd); err != nil {
			return err
		}
		if o.Request.Probe.Proto != "" {
			o.Request.Probe.Timeout = time.Duration(timeout)
		}
		return runTrace(cmd.Context(), s, &o, &v)
	}
	return cmd
}

// traceOnCluster reports whether an end is of a cluster: neither an address,
// which both can have, nor a target of this machine.
func traceOnCluster(ends ...string) bool {
	return slices.ContainsFunc(ends, func(text string) bool { return !action.IsLocalEnd(text) })
}

// traceArgs takes the two ends before -- and the filter's words behind it.
func traceArgs(cmd *cobra.Command, args []string, o *action.TraceOptions) error {
	if err := notEmpty(cmd, "output", "write", "socket", "probe", "from-node"); err != nil {
		return err
	}
	args, err := splitFilter(cmd, args, &o.Request.Filter)
	if err != nil {
		return err
	}
	switch len(args) {
	case 0:
		return action.Usage("pktrail trace netns:NAME 10.244.2.2:80 --probe tcp", errors.New("no source and no destination"))
	case 1:
		return action.Usage("any stands for every address: pktrail trace "+args[0]+" any", fmt.Errorf("a source, %s, and no destination", args[0]))
	case 2:
	default:
		return action.Usage(cmd.UseLine(), fmt.Errorf("unexpected argument %q", strings.Join(args[2:], " ")))
	}
	o.Request.Source, o.Request.Destination = args[0], args[1]
	return nil
}
