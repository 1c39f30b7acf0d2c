package sessions

import (
	"fmt"
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// privately has files that are made from now on be our user's alone, until it
// is restored. It is the whole process's.
func privately() (restore func()) {
	before := unix.Umask(0o177)
	return func() { unix.Umask(before) }
}

// peer asks the kernel who is at the other end.
func peer(c *net.UnixConn) (*unix.Ucred, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	var cred *unix.Ucred
	var failed error
	if err := raw.Control(func(fd uintptr) {
		cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return nil, err
	}
	return cred, failed
}

// allowUser takes connections of our own user.
func allowUser(c *net.UnixConn) error {
	cred, err := peer(c)
	if err != nil {
		return err
	}
	if int(cred.Uid) != os.Geteuid() {
		return fmt.Errorf("user %d is not ours", cred.Uid)
	}
	return nil
}

// allowSelf takes connections of our own program, run by our own user. An
// abstract socket has no file that protects it: everybody in the network
// namespace can connect, and in a pod with hostNetwork that is the whole node.
// A process of another container is not visible here, or runs another file.
func allowSelf(c *net.UnixConn) error {
	if err := allowUser(c); err != nil {
		return err
	}
	cred, err := peer(c)
	if err != nil {
		return err
	}
	var own, its unix.Stat_t
	if err := unix.Stat("/proc/self/exe", &own); err != nil {
		return fmt.Errorf("stat own program: %w", err)
	}
	if err := unix.Stat("/proc/"+strconv.Itoa(int(cred.Pid))+"/exe", &its); err != nil {
		return fmt.Errorf("process %d is not of this container: %w", cred.Pid, err)
	}
	if own.Dev != its.Dev || own.Ino != its.Ino {
		return fmt.Errorf("process %d is another program", cred.Pid)
	}
	return nil
}
