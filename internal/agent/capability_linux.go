package agent

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// missingCapabilities lists what this process cannot use of what an agent can;
// nothing if the kernel does not say.
func missingCapabilities() []string {
	var data [2]unix.CapUserData
	if unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &data[0]) != nil {
		return nil
	}
	var out []string
	for _, c := range []struct {
		name string
		bit  uint
	}{
		{capNetRaw, unix.CAP_NET_RAW},
		{capNetAdmin, unix.CAP_NET_ADMIN},
		{capSysAdmin, unix.CAP_SYS_ADMIN},
		{capSysPtrace, unix.CAP_SYS_PTRACE},
		{capBPF, unix.CAP_BPF},
		{capPerfmon, unix.CAP_PERFMON},
		{capSyslog, unix.CAP_SYSLOG},
	} {
		if data[c.bit/32].Effective&(1<<(c.bit%32)) == 0 {
			out = append(out, c.name)
		}
	}
	return out
}

// hello says who this agent is.
func hello() Message {
	return Message{Kind: KindHello, Hello: &Hello{
		Version: version, PID: os.Getpid(), Arch: runtime.GOARCH, BootID: bootID(), Missing: missingCapabilities(),
	}}
}
