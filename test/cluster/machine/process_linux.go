package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Environment is all that processes here see of ours: no proxies and no keys.
func Environment() []string {
	return []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"}
}

// Alive says whether the process still runs; one with the same number that was
// started at another time is not it.
func (p Process) Alive() bool {
	start, state, err := procStat(p.PID)
	return err == nil && start == p.Start && state != 'Z' && state != 'X'
}

// Kill ends the process and waits for that; nothing here has anything to save.
// It is no error if it was gone already. With a machine's first process,
// everything on the machine ends.
func (p Process) Kill() error {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("end %s: %w", p.Name, err)
	}
	defer unix.Close(fd)
	if !p.Alive() { // asked after opening: the number may be another's by now
		return nil
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("end %s: %w", p.Name, err)
	}
	if !ended(fd, 20*time.Second) {
		return fmt.Errorf("end %s: process %d survives SIGKILL", p.Name, p.PID)
	}
	return nil
}

// ended waits until the process behind a pidfd has ended: then it is readable.
func ended(fd int, limit time.Duration) bool {
	for deadline := time.Now().Add(limit); ; {
		left := time.Until(deadline)
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, max(0, int(left.Milliseconds())))
		if err == nil {
			return n > 0
		}
		if !errors.Is(err, unix.EINTR) || left <= 0 {
			return false
		}
	}
}

// procStat reads the start time, in clock ticks since boot, and the state of a
// process (proc_pid_stat(5)). The name before them may contain anything.
func procStat(pid int) (start uint64, state byte, err error) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, 0, fmt.Errorf("read state of process: %w", err)
	}
	s := string(b)
	fields := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	if len(fields) < 20 {
		return 0, 0, fmt.Errorf("read state of process %d: %q", pid, s)
	}
	start, err = strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("read state of process %d: %w", pid, err)
	}
	return start, fields[0][0], nil
}
