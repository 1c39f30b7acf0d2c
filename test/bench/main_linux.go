package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	command  string
	against  string
	pktrail  string
	figures  string
	buffer   int
	timeout  time.Duration
	quick    bool
	verbose  bool
	packages bool
	only     string
	tcpdump  string
	pairs    int
	seconds  float64
}

func main() {
	var o options
	ksniff := flag.Bool("ksniff", false, "act as ksniff's upload does (internal)")
	drive := flag.String("drive", "", "act as the bare capture on this interface (internal)")
	flag.StringVar(&o.figures, "figures", "all", "which figures, with commas between: "+strings.Join(names(), ", "))
	flag.StringVar(&o.command, "command", "", "capture to measure; {if} and {buffer} (bytes) are filled in; it runs in the receiving namespace. "+
		"Default: ./pktrail if it was built, else the bare ring reader and writer. \"bare\" is that reader")
	flag.StringVar(&o.against, "against", "tcpdump -i {if} -n -w /dev/null -B {kib}", "capture to compare with")
	flag.StringVar(&o.pktrail, "pktrail", "./pktrail", "the program whose trace is measured")
	flag.IntVar(&o.buffer, "buffer", 32<<20, "ring in bytes")
	flag.DurationVar(&o.timeout, "timeout", 0, "block timeout of the bare reader")
	flag.BoolVar(&o.quick, "quick", false, "fewer and shorter runs: below a minute for captures, two for traces")
	flag.BoolVar(&o.verbose, "v", false, "print each run on stderr")
	flag.BoolVar(&o.packages, "packages", true, "run the benchmarks of the packages too")
	flag.StringVar(&o.only, "only", "", "only loads, or figures of the cluster, whose name contains this")
	flag.StringVar(&o.tcpdump, "tcpdump", "", "a static tcpdump that the stand-in for ksniff uploads; empty leaves that out")
	flag.IntVar(&o.pairs, "pairs", 0, "pairs of runs for each load")
	flag.Float64Var(&o.seconds, "seconds", 0, "length of each run")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE) // the lab goes with us
	defer stop()
	var err error
	switch {
	case *drive != "":
		err = bare(ctx, *drive, o)
	case *ksniff:
		err = asKsniff(ctx, flag.Args())
	default:
		err = run(ctx, o, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

// figure is a group of figures. Those with a trace share a lab.
type figure struct {
	name  string
	alone func(context.Context, options, io.Writer) error
	trace func(context.Context, *road, options, io.Writer) error
}

func figures() []figure {
	return []figure{
		{name: "capture", alone: captures},
		{name: "overhead", trace: overhead},
		{name: "programs", trace: programs},
		{name: "rates", trace: rates},
		{name: "arming", trace: arming},
		{name: "million", alone: million},
		{name: "sizes", alone: sizes},
		{name: "kill", trace: killing},
		{name: "snapshot", alone: snapshots},
		{name: "cluster", alone: onCluster},
	}
}

func names() []string {
	list := []string{"all", "trace (all but capture, snapshot and cluster)"}
	for _, f := range figures() {
		list = append(list, f.name)
	}
	return list
}

// chosen says whether a group was asked for.
func (o *options) chosen(f figure) bool {
	words := strings.Split(o.figures, ",")
	ofTrace := !slices.Contains([]string{"capture", "snapshot", "cluster"}, f.name)
	return slices.Contains(words, "all") || slices.Contains(words, f.name) || ofTrace && slices.Contains(words, "trace")
}

func run(ctx context.Context, o options, out io.Writer) error {
	if os.Geteuid() != 0 {
		return errors.New("needs root, for namespaces, packet sockets and BPF")
	}
	fmt.Fprintln(out, machine())
	var road *road
	defer func() {
		if road != nil {
			road.close()
		}
	}()
	ran := false
	for _, f := range figures() {
		if !o.chosen(f) {
			continue
		}
		ran = true
		fmt.Fprintf(out, "\n== %s\n\n", f.name)
		err := error(nil)
		switch {
		case f.alone != nil:
			err = f.alone(ctx, o, out)
		case road == nil:
			if road, err = newRoad(ctx); err != nil {
				break
			}
			fallthrough
		default:
			err = f.trace(ctx, road, o, out)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if !ran {
		return fmt.Errorf("no figures %q: there are %s", o.figures, strings.Join(names(), ", "))
	}
	return nil
}

// captures are the figures of pktrail capture.
func captures(ctx context.Context, o options, out io.Writer) error {
	if err := o.choose(); err != nil {
		return err
	}
	bed, err := newBed()
	if err != nil {
		return err
	}
	defer bed.close()
	fmt.Fprintf(out, "A: %s\nB: %s\n\n", o.command, o.against)
	t := newTable(out)
	for _, l := range loads(o) {
		if !strings.Contains(l.name, o.only) {
			continue
		}
		r, err := compare(ctx, bed, o, l)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		t.row(l, r)
	}
	t.end()
	if fileExists("./pktrail-agent") {
		agent, other, err := agentPeak(ctx, bed, o)
		if err != nil {
			return fmt.Errorf("agent: %w", err)
		}
		fmt.Fprintf(out, "\npeak memory behind a pipe, ring included: pktrail-agent %.1f MiB, tcpdump %.1f MiB\n", float64(agent)/1024, float64(other)/1024)
	}
	if o.packages {
		return packages(ctx, o, out)
	}
	return nil
}

// choose fills in the commands.
func (o *options) choose() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	bareCommand := fmt.Sprintf("%s -drive {if} -buffer {buffer} -timeout %v", self, o.timeout)
	switch {
	case o.command == "bare":
		o.command = bareCommand
	case o.command != "":
	case fileExists("./pktrail"):
		o.command = "./pktrail capture if:{if} -o /dev/null --buffer {buffer} --duration 0 --max-bytes 0"
	default:
		o.command = bareCommand
	}
	name := strings.Fields(o.against)[0]
	if _, err := exec.LookPath(name); err != nil {
		return fmt.Errorf("nothing to compare with: %w", err)
	}
	return nil
}

func fileExists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
