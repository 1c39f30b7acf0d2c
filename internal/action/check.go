package action

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/filter"
)

// maxAltName is the longest name of an interface: ALTIFNAMSIZ without its NUL,
// linux/if.h.
const maxAltName = 127

// minSnapLen keeps an Ethernet header whole.
const minSnapLen = 14

// check refuses what is wrong as it stands, before anything is opened.
func (o *CaptureOptions) check() error {
	q := &o.Request
	if o.Cluster != nil {
		if err := o.Cluster.check(); err != nil {
			return err
		}
		if err := checkClusterTargets(q.Targets); err != nil {
			return err
		}
		return o.checkRest()
	}
	if len(q.Targets) == 0 {
		return Usage("name what to capture: netns:NAME, pid:N, container:ID, cri:NAMESPACE/POD or if:NAME",
			errors.New("no target"))
	}
	for i, t := range q.Targets {
		if err := agent.CheckTarget(t); err != nil {
			return explainTarget(t, err)
		}
		if slices.Contains(q.Targets[:i], t) {
			return Usage("name each target once", fmt.Errorf("target %q is named twice", t))
		}
	}
	return o.checkRest()
}

// checkRest is what targets of all kinds have in common.
func (o *CaptureOptions) checkRest() error {
	q := &o.Request
	if err := CheckFilter(q.Filter); err != nil {
		return err
	}
	switch {
	case len(q.Interfaces) > 0 && len(q.Points) > 0:
		return Usage("--points IF names an interface on the path; -i IF one in the target's namespace", errors.New("-i and --points exclude each other"))
	case q.SnapLen < 0 || q.SnapLen > 0 && q.SnapLen < minSnapLen || q.SnapLen > 262144:
		return Usage("-s takes 14 to 262144 bytes; 0 keeps packets whole", fmt.Errorf("snap length %d", q.SnapLen))
	case q.Buffer < 0 || q.Buffer > 1<<30:
		return Usage("--buffer takes 512K to 1G", fmt.Errorf("buffer of %d bytes", q.Buffer))
	case q.Limits.Packets < 0:
		return Usage("--count takes a number of packets; 0 lifts the limit", fmt.Errorf("count %d", q.Limits.Packets))
	case q.Limits.Duration < 0 || q.Limits.Bytes < 0:
		return Usage("--duration 10m and --max-bytes 1G; 0 lifts the limit", errors.New("a limit below 0"))
	case o.MinFree < 0 || o.MinFree > 99:
		return Usage("--min-free takes percent, 0 to 99", fmt.Errorf("min-free %d", o.MinFree))
	}
	if err := o.checkOutput(); err != nil {
		return err
	}
	for _, p := range slices.Concat(q.Points, q.Interfaces) {
		if p == "" || len(p) > maxAltName || strings.ContainsAny(p, "/ \t\n") {
			return Usage("points are pod, host, bridge, overlay, uplink, path, or names of interfaces", fmt.Errorf("no point %q", p))
		}
	}
	return nil
}

// checkFormat refuses a file named as one of kubectl's output formats.
func checkFormat(output string) error {
	if slices.Contains([]string{"json", "yaml", "wide", "name"}, output) {
		return Usage("-o is a file here; --json prints JSON lines (write to ./"+output+" for a file of that name)",
			fmt.Errorf("-o %s is no output format", output))
	}
	return nil
}

func (o *CaptureOptions) checkOutput() error {
	toFile := o.Output != "" && o.Output != "-"
	if err := checkFormat(o.Output); err != nil {
		return err
	}
	switch {
	case o.Pcap && o.Output == "":
		return Usage("--pcap needs -o FILE", errors.New("no file for --pcap"))
	case o.RotateSize < 0 || o.RotateFiles < 0:
		return Usage("--rotate-size 100M --rotate-files 10", errors.New("a rotation cannot be negative"))
	case o.RotateSize > 0 && !toFile:
		return Usage("--rotate-size needs -o FILE", errors.New("no file to rotate"))
	case o.RotateFiles > 0 && o.RotateSize == 0:
		return Usage("--rotate-files N keeps the newest N files of --rotate-size each", errors.New("--rotate-files without --rotate-size"))
	case o.RotateSize > 0 && o.RotateSize < 4096:
		return Usage("--rotate-size takes 4K or more", fmt.Errorf("files of %d bytes", o.RotateSize))
	case o.RotateSize > 0 && o.Pcap:
		return Usage("rotate pcapng files, and let editcap -F pcap convert them", errors.New("--pcap with --rotate-size"))
	}
	return nil
}

// CheckFilter compiles an expression for every kind of device that a capture
// may meet, so that it is refused before anything is opened.
func CheckFilter(expr string) error {
	e, err := filter.Parse(expr)
	if err != nil {
		return explainFilter(err)
	}
	for _, o := range []filter.Options{
		{Link: filter.AnyDevice, Live: true},
		{Link: filter.AnyDevice, Live: true, Inner: true},
	} {
		if _, err := e.Compile(o); err != nil {
			return explainFilter(err)
		}
	}
	return nil
}

// explainFilter puts carets under the offending word.
func explainFilter(err error) error {
	out := &Error{Err: err, Usage: true}
	if e, ok := errors.AsType[*filter.Error](err); ok {
		out.Hint = e.Hint
		out.Detail = "  " + strings.ReplaceAll(e.Caret(), "\n", "\n  ")
	}
	return out
}

// hinter is an error that knows what to do about it.
type hinter interface {
	error
	Hint() string
}

func explainTarget(text string, err error) error {
	out := &Error{Err: err, Usage: true}
	if hint := meant(text); hint != "" {
		out.Hint = hint
		return out
	}
	if h, ok := errors.AsType[hinter](err); ok {
		out.Hint = h.Hint()
	}
	return out
}

const behindDashes = "a filter stands behind --, as in pktrail capture web -- tcp port 80"

// isFilterWord knows words that no pod is named by, and every filter has.
func isFilterWord(text string) bool {
	return slices.Contains([]string{"port", "host", "src", "dst", "net", "portrange", "not", "and", "or", "greater", "less", "tcp", "udp", "icmp"}, text)
}

// checkClusterTargets refuses what cannot be meant as targets of a cluster,
// before anybody is asked.
func checkClusterTargets(targets []string) error {
	if i := slices.IndexFunc(targets, isFilterWord); i > 0 {
		return Usage(behindDashes, fmt.Errorf("%q is a word of a filter", targets[i]))
	}
	if i := slices.IndexFunc(targets, IsLocal); i >= 0 {
		return Usage("two commands, one for each", fmt.Errorf("%s is of this machine, and others are of a cluster", targets[i]))
	}
	return nil
}

// meant guesses what a word was that is no target.
func meant(text string) string {
	if strings.Contains(text, ":") {
		return ""
	}
	if text == "any" {
		return "host -i any takes all interfaces of this machine"
	}
	if _, err := net.InterfaceByName(text); err == nil {
		return "if:" + text + " is that interface of this machine"
	}
	if _, err := filter.Parse(text); err == nil {
		return behindDashes
	}
	if isFilterWord(text) {
		return behindDashes
	}
	return "netns:NAME, pid:N, container:ID, cri:NAMESPACE/POD, if:NAME or host"
}
