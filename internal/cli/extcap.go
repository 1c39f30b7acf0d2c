package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pktrail/pktrail/internal/action"
)

// extcapName is the name of our one interface in Wireshark.
const extcapName = "pktrail"

// extcapFlags are what Wireshark calls an extcap program with (extcap(4)), and
// what our configuration dialog adds.
type extcapFlags struct {
	interfaces, config, dlts, capture bool

	iface, filter, fifo, reload string
	target, more, ownFilter     string
	points, device              string
	headersOnly                 bool
	duration                    span
	maxBytes                    size
	cluster                     *clusterFlags
}

// newExtcap makes pktrail an interface of Wireshark. It reads a cluster's state
// when packets or a list of pods are asked for, and never before.
func newExtcap(s Streams) *cobra.Command {
	e := &extcapFlags{duration: span(action.DefaultDuration), maxBytes: size(action.DefaultMaxBytes)}
	cmd := &cobra.Command{
		Use:   "extcap",
		Short: "Pods and namespaces as an interface of Wireshark: install, uninstall",
		Long: `Makes pktrail an interface of Wireshark and tshark. "pktrail extcap install" puts
a link to this program into Wireshark's folder; the interface pktrail is then
in its list, and the gear beside it asks for target, filter and cluster.

Wireshark calls the program with --extcap-interfaces and the like (extcap(4)).
`,
		GroupID: groupMore,
		Args:    cobra.ArbitraryArgs, // values of flags that later versions know
		// Wireshark adds flags from version to version.
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && !e.interfaces && e.iface == "" {
				return action.Usage("pktrail extcap install, or uninstall", fmt.Errorf("unknown command %q", args[0]))
			}
			return e.run(cmd, s)
		},
	}
	e.bind(cmd)
	cmd.AddCommand(newExtcapInstall(s), newExtcapUninstall(s))
	return cmd
}

func (e *extcapFlags) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&e.interfaces, "extcap-interfaces", false, "list interfaces")
	f.BoolVar(&e.config, "extcap-config", false, "list the interface's arguments")
	f.BoolVar(&e.dlts, "extcap-dlts", false, "list the interface's link types")
	f.BoolVar(&e.capture, "capture", false, "capture into --fifo")
	f.StringVar(&e.iface, "extcap-interface", "", "the interface that is meant")
	f.StringVar(&e.filter, "extcap-capture-filter", "", "capture filter; without --capture it is only judged")
	f.StringVar(&e.reload, "extcap-reload-option", "", "with --extcap-config: list the values of this argument anew")
	f.String("extcap-version", "", "Wireshark's version")
	f.StringVar(&e.fifo, "fifo", "", "where packets go")
	f.StringVar(&e.target, "target", "", "what to capture")
	f.StringVar(&e.more, "more", "", "more targets")
	f.StringVar(&e.ownFilter, "filter", "", "pcap-filter(7) expression")
	f.StringVar(&e.points, "points", "", "points on the way to the wire")
	f.StringVar(&e.device, "interface", "", "interface in the target's namespace")
	f.BoolVar(&e.headersOnly, "headers-only", false, "keep headers and no payload")
	f.Var(&e.duration, "duration", "end after this time")
	f.Var(&e.maxBytes, "max-bytes", "end after this many bytes of one target")
	e.cluster = bindCluster(cmd)
	e.cluster.bindPods(cmd)
	e.cluster.bindWay(cmd)
}

func (e *extcapFlags) run(cmd *cobra.Command, s Streams) error {
	if !e.interfaces && e.iface != extcapName {
		if e.iface == "" {
			return cmd.Help()
		}
		return fmt.Errorf("no interface %q, only %s", e.iface, extcapName)
	}
	switch {
	case e.interfaces:
		_, err := fmt.Fprint(s.Out, extcapInterfaces())
		return err
	case e.dlts:
		// Each packet's point says its own link type: pcapng has one per point.
		_, err := fmt.Fprintln(s.Out, "dlt {number=1}{name=EN10MB}{display=as each interface has it}")
		return err
	case e.config && e.reload != "":
		_, err := fmt.Fprint(s.Out, e.values(cmd.Context()))
		return err
	case e.config:
		_, err := fmt.Fprint(s.Out, e.arguments())
		return err
	case e.capture:
		return e.packets(cmd.Context())
	}
	return e.judge(s)
}

// judge tells Wireshark whether a capture filter is one: a line on stdout is
// what is wrong with it.
func (e *extcapFlags) judge(s Streams) error {
	if err := action.CheckFilter(e.filter); err != nil {
		_, err = fmt.Fprintln(s.Out, oneLine(err.Error()))
		return err
	}
	return nil
}

// packets captures into Wireshark's pipe. Wireshark takes anything on stderr
// for an error, so nothing is said there but errors; SIGTERM is its Stop.
func (e *extcapFlags) packets(ctx context.Context) error {
	if e.fifo == "" {
		return action.Usage("Wireshark gives it", errors.New("--capture without --fifo"))
	}
	pipe, err := action.OpenPipe(ctx, e.fifo)
	if err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // stopped before anybody read
		}
		return fmt.Errorf("open Wireshark's pipe: %w", err)
	}
	// It is opened before anything is judged: Wireshark waits for that, and
	// learns of an error when it is closed.
	o, err := e.options()
	if err == nil {
		o.Stdout = pipe
		_, err = action.Capture(ctx, *o, action.CaptureEvents{})
	}
	return errors.Join(err, pipe.Close())
}

// options are the capture that the dialog describes.
func (e *extcapFlags) options() (*action.CaptureOptions, error) {
	o := &action.CaptureOptions{Output: "-"}
	namespace, target := parseChoice(e.target)
	o.Request.Targets = strings.Fields(e.more)
	if target != "" {
		o.Request.Targets = append([]string{target}, o.Request.Targets...)
	}
	o.Request.Filter = bothFilters(e.filter, e.ownFilter)
	if e.points != "" {
		o.Request.Points = strings.Split(e.points, ",")
	}
	if e.device != "" {
		o.Request.Interfaces = strings.Fields(e.device)
	}
	o.Request.Limits.Duration, o.Request.Limits.Bytes = time.Duration(e.duration), int64(e.maxBytes)
	o.KeepFor(false, e.headersOnly)
	if e.cluster.wanted(o.Request.Targets) {
		if namespace != "" {
			*e.cluster.config.Namespace = namespace
		}
		o.Cluster = e.cluster.finish()
	} else if len(o.Request.Targets) == 0 {
		return nil, action.Usage("the gear beside the interface "+extcapName+" asks for it; in tshark: -o extcap.pktrail.target:NAME", errors.New("no target"))
	}
	return o, nil
}

// bothFilters is what Wireshark's own field for capture filters and that of
// our dialog say together.
func bothFilters(a, b string) string {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	if a == "" || b == "" || a == b {
		return a + strings.TrimPrefix(b, a)
	}
	return "(" + a + ") and (" + b + ")"
}

// asExtcap gives the arguments as for the command extcap, where Wireshark has
// started the program: under a name of its own, out of a folder extcap, or
// with flags that only Wireshark has.
func asExtcap(args []string) ([]string, bool) {
	path := strings.ReplaceAll(args[0], `\`, "/") // Windows has both
	dir, name := filepath.Split(path)
	is := strings.TrimSuffix(name, ".exe") == action.ExtcapName || filepath.Base(filepath.Clean(dir)) == "extcap" && dir != ""
	if len(args) > 1 {
		is = is && args[1] != "extcap"
		for _, a := range args[1:] {
			is = is || strings.HasPrefix(a, "--extcap-") && args[1] != "extcap"
		}
	}
	return append([]string{"extcap"}, args[1:]...), is
}

func newExtcapInstall(s Streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "install [--dir FOLDER]",
		Short: "Put a link to this program into Wireshark's folder",
		Args:  onlyArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := action.InstallExtcap(cmd.Context(), dir)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.Out, "installed %s\nWireshark and tshark -D list the interface %s from now on\n", path, extcapName)
			return err
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "another folder (default: your own, by tshark -G folders)")
	return cmd
}

func newExtcapUninstall(s Streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "uninstall [--dir FOLDER]",
		Short: "Remove it again",
		Args:  onlyArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, removed, err := action.UninstallExtcap(cmd.Context(), dir)
			if err != nil {
				return err
			}
			what := "removed"
			if !removed {
				what = "there is no"
			}
			_, err = fmt.Fprintf(s.Out, "%s %s\n", what, path)
			return err
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "another folder (default: your own, by tshark -G folders)")
	return cmd
}
