//go:build !pktrail_lite

package nftrace

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/probe/within"
	"github.com/pktrail/pktrail/internal/trail"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// legacy hears the trace of iptables-legacy in one namespace.
type legacy struct {
	nflog.Passes
	ns     *os.File // valid iff bound is not nil
	blind  []trail.Blind
	log    *socket // nil: not NFLOG
	kmsg   int     // -1: not the kernel log
	record []byte
	// names is true if lines of other namespaces are in the kernel log too,
	// so that only the names of devices tell.
	names bool
	bound *Leftover // nil: nothing was changed
}

const legacyRules = "rules of iptables-legacy"

// openLegacy finds out where the namespace sends its trace, and listens there.
// It runs in the namespace. What cannot be heard is no error: it is blind.
func openLegacy(o Options) (*legacy, error) {
	l := &legacy{kmsg: -1, Passes: nflog.Passes{Silence: silence, Most: maxGroup}}
	if o.Legacy == LegacyOff {
		return l, nil
	}
	families, err := legacyFamilies()
	if err != nil {
		l.cannot(legacyRules, err.Error())
		return l, nil
	}
	loggers := map[uint8]string{}
	for _, f := range families {
		if loggers[f], err = logger(f); err != nil {
			l.cannot(legacyRules, err.Error())
			return l, nil
		}
	}
	if o.Legacy == LegacyBind {
		if err := l.bind(o, loggers); err != nil {
			return l, err
		}
	}
	l.listen(loggers, o.Buffer)
	return l, nil
}

func (l *legacy) cannot(what, why string) {
	l.blind = append(l.blind, trail.Blind{What: what, Why: why})
}

// bind makes NFLOG the logger of each family, and changes loggers to that.
func (l *legacy) bind(o Options, loggers map[uint8]string) error {
	was := maps.Clone(loggers)
	maps.DeleteFunc(was, func(_ uint8, name string) bool { return name == loggerNFLOG })
	if len(was) == 0 {
		return nil
	}
	var st unix.Stat_t
	if err := unix.Stat(within.Own, &st); err != nil {
		return fmt.Errorf("identify network namespace: %w", err)
	}
	var err error
	if l.ns, err = os.Open(within.Own); err != nil {
		return fmt.Errorf("open network namespace: %w", err)
	}
	started, err := startOf(os.Getpid())
	if err != nil {
		return fmt.Errorf("note changed logger: %w", err)
	}
	note := &Leftover{Netns: st.Ino, PID: os.Getpid(), Started: started, Loggers: was}
	if err := note.note(o.StateDir); err != nil { // first the note, then the deed
		return err
	}
	l.bound = note
	s, err := openSocket(0)
	for _, family := range slices.Sorted(maps.Keys(was)) {
		if err == nil {
			err = s.bindLogger(family, was[family])
			loggers[family] = loggerNFLOG
		}
	}
	if s != nil {
		err = errors.Join(err, s.close())
	}
	if err != nil {
		err = errors.Join(err, note.restore())
		l.bound = nil
	}
	return err
}

// listen opens what the loggers ask for.
func (l *legacy) listen(loggers map[uint8]string, buffer int) {
	for _, family := range slices.Sorted(maps.Keys(loggers)) {
		what := legacyRules
		if family == nfprotoIPv6 {
			what = "rules of ip6tables-legacy"
		}
		switch name := loggers[family]; {
		case name == loggerNFLOG:
			l.listenNFLOG(what, buffer)
		case name == loggerNone:
			l.cannot(what, "no logger is set in this namespace (net.netfilter.nf_log)")
		case strings.HasPrefix(name, loggerKernel):
			l.listenKernel(what)
		default:
			l.cannot(what, "its trace goes to "+name)
		}
	}
}

func (l *legacy) listenNFLOG(what string, buffer int) {
	if l.log != nil {
		return
	}
	s, err := openSocket(buffer)
	if err == nil {
		if err = s.listenNFLOG(); err == nil {
			l.log = s
			return
		}
		_ = s.close()
	}
	l.cannot(what, fmt.Sprintf("cannot listen to NFLOG group %d, to which another program may listen: %v", traceGroup, err))
}

func (l *legacy) listenKernel(what string) {
	if l.kmsg >= 0 {
		return
	}
	all := allMayLog()
	if !isFirstNamespace() && !all {
		l.cannot(what, "its trace goes nowhere in this namespace (net.netfilter.nf_log_all_netns is 0)")
		return
	}
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err == nil {
		if _, err = unix.Seek(fd, 0, unix.SEEK_END); err != nil {
			_ = unix.Close(fd)
		}
	}
	if err != nil {
		l.cannot(what, fmt.Sprintf("its trace goes to the kernel log: open /dev/kmsg: %v", err))
		return
	}
	l.kmsg, l.names = fd, all
	l.record = make([]byte, 8192) // CONSOLE_EXT_LOG_MAX: no record is longer
	l.cannot(fmt.Sprintf("rules for packets after the first %d", KernelLogTotal),
		"iptables-legacy writes its trace to the kernel log here, which pktrail does not flood")
}

// most is the most packets to mark in all; 0 is no limit.
func (l *legacy) most() int {
	if l.kmsg >= 0 {
		return KernelLogTotal
	}
	return 0
}

func (l *legacy) fds() []int {
	var all []int
	if l.log != nil {
		all = append(all, l.log.fd)
	}
	if l.kmsg >= 0 {
		all = append(all, l.kmsg)
	}
	return all
}

func (l *legacy) close() error {
	var all []error
	if l.log != nil {
		all = append(all, l.log.close())
	}
	if l.kmsg >= 0 {
		all = append(all, unix.Close(l.kmsg))
	}
	if l.bound != nil {
		all = append(all, inNamespace(l.ns, l.bound.restore))
	}
	if l.ns != nil {
		all = append(all, l.ns.Close())
	}
	return errors.Join(all...)
}

// drain takes in all lines that have come.
func (l *legacy) drain(messages, overruns *atomic.Uint64) error {
	for l.log != nil {
		b, err := l.log.receive()
		switch {
		case errors.Is(err, unix.EAGAIN):
			return l.drainKernel(messages, overruns)
		case errors.Is(err, unix.ENOBUFS):
			overruns.Add(1)
			l.Flush()
			continue
		case err != nil:
			return fmt.Errorf("read NFLOG: %w", err)
		}
		now := time.Now().UnixNano()
		eachMessage(b, func(m nlMessage) {
			if m.typ != nflogPacket {
				return
			}
			if is, ok := decodeLog(m.body); ok {
				messages.Add(1)
				l.Add(&is, now)
			}
		})
	}
	return l.drainKernel(messages, overruns)
}

func (l *legacy) drainKernel(messages, overruns *atomic.Uint64) error {
	for l.kmsg >= 0 {
		n, err := unix.Read(l.kmsg, l.record)
		switch {
		case errors.Is(err, unix.EAGAIN) || err == nil && n == 0:
			return nil
		case errors.Is(err, unix.EPIPE): // records were overwritten before they were read
			overruns.Add(1)
			l.Flush()
			continue
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("read kernel log: %w", err)
		}
		if is, ok := decodeRecord(l.record[:n]); ok {
			messages.Add(1)
			l.Add(&is, time.Now().UnixNano())
		}
	}
	return nil
}

// collectLegacy makes events of what is complete.
func (t *Tracer) collectLegacy() {
	for _, p := range t.legacy.Ready {
		e := legacyEvent(p)
		e.Point = t.options.Point
		f := &p.First
		iif, oif := f.InIndex, f.OutIndex
		if f.In != "" || f.Out != "" {
			iif, oif = t.look.index(f.In), t.look.index(f.Out)
			if t.legacy.names && (f.In != "" && iif == 0 || f.Out != "" && oif == 0) {
				continue // of another namespace
			}
		}
		t.look.place(&e, p.At(), iif, oif)
		t.ready = append(t.ready, e)
	}
	t.legacy.Ready = nil
}
