//go:build !pktrail_lite

package nftrace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Names of loggers in /proc/sys/net/netfilter/nf_log.
const (
	loggerNone  = "NONE"
	loggerNFLOG = "nfnetlink_log"
	// loggerKernel begins the names of those that write to the kernel log:
	// nf_log_ipv4, nf_log_ipv6.
	loggerKernel = "nf_log_"
)

// The functions below look at the calling thread's namespace.

// families are the IP versions that have tables of iptables-legacy there.
func legacyFamilies() ([]uint8, error) {
	var all []uint8
	for _, f := range []struct {
		family uint8
		path   string
	}{{nfprotoIPv4, "/proc/thread-self/net/ip_tables_names"}, {nfprotoIPv6, "/proc/thread-self/net/ip6_tables_names"}} {
		b, err := os.ReadFile(f.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, fmt.Errorf("list tables of iptables-legacy: %w", err)
		case len(strings.TrimSpace(string(b))) > 0:
			all = append(all, f.family)
		}
	}
	return all, nil
}

func loggerPath(family uint8) string {
	return "/proc/sys/net/netfilter/nf_log/" + strconv.Itoa(int(family))
}

// logger is who is told of marked packets of a family.
func logger(family uint8) (string, error) {
	b, err := os.ReadFile(loggerPath(family))
	if err != nil {
		return "", fmt.Errorf("ask for the logger of iptables-legacy: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// allNamespaces is the sysctl that lets other namespaces than the machine's
// first write to the kernel log. Only there it exists.
const allNamespaces = "/proc/sys/net/netfilter/nf_log_all_netns"

func isFirstNamespace() bool {
	_, err := os.Stat(allNamespaces)
	return err == nil
}

// allMayLog reads that sysctl: here, or else in the namespace of process 1.
func allMayLog() bool {
	if b, err := os.ReadFile(allNamespaces); err == nil {
		return strings.TrimSpace(string(b)) == "1"
	}
	first, err := os.Open("/proc/1/ns/net")
	if err != nil {
		return false
	}
	defer first.Close()
	is := false
	_ = inNamespace(first, func() error {
		b, err := os.ReadFile(allNamespaces)
		is = err == nil && strings.TrimSpace(string(b)) == "1"
		return nil
	})
	return is
}

// NFLOG: linux/netfilter/nfnetlink_log.h.
const (
	nfULog       = 4 // NFNL_SUBSYS_ULOG
	nflogPacket  = nfULog << 8
	nflogConfig  = nfULog<<8 | 1
	nflogBind    = 1 // NFULNL_CFG_CMD_BIND
	nflogPFBind  = 3 // NFULNL_CFG_CMD_PF_BIND
	nflogPFUnset = 4 // NFULNL_CFG_CMD_PF_UNBIND
	// traceGroup is the group that the kernel logs marked packets to.
	traceGroup = 0
	// logCopy is how many bytes of a packet are wanted: headers.
	logCopy = 128
)

func (s *socket) nflogCommand(cmd, family uint8) error {
	return s.request(nflogConfig, nlAck, family, traceGroup, attrs(nil).bytes(1, []byte{cmd}), nil)
}

// listenNFLOG subscribes the socket to the group. There can be one listener
// in a namespace.
func (s *socket) listenNFLOG() error {
	if err := s.nflogCommand(nflogBind, unix.AF_UNSPEC); err != nil {
		return err
	}
	// NFULA_CFG_MODE: bytes, NFULNL_COPY_PACKET; NFULA_CFG_QTHRESH: each
	// packet at once.
	mode := attrs(nil).bytes(2, []byte{0, 0, 0, logCopy, 2, 0}).u32(5, 1)
	return s.request(nflogConfig, nlAck, unix.AF_UNSPEC, traceGroup, mode, nil)
}

// bindLogger makes NFLOG the namespace's logger of a family. It refuses if it
// could not put back what is set now.
func (s *socket) bindLogger(family uint8, is string) error {
	if is != loggerNone {
		f, err := os.OpenFile(loggerPath(family), os.O_WRONLY, 0)
		if err != nil {
			return &LoggerError{Logger: is, Err: err}
		}
		_ = f.Close()
	}
	if err := s.nflogCommand(nflogPFBind, family); err != nil {
		return &LoggerError{Logger: is, Err: err}
	}
	return nil
}

// restoreLogger puts back what bindLogger replaced, unless somebody else has
// set another since.
func (s *socket) restoreLogger(family uint8, was string) error {
	is, err := logger(family)
	if err != nil || is != loggerNFLOG {
		return err
	}
	if was == loggerNone {
		err = s.nflogCommand(nflogPFUnset, family)
	} else {
		// NFLOG can only be unset by netlink; a logger of another kind comes
		// back by its name alone.
		err = os.WriteFile(loggerPath(family), []byte(was), 0)
	}
	if err != nil {
		return fmt.Errorf("restore logger %s of iptables-legacy: %w", was, err)
	}
	return nil
}
