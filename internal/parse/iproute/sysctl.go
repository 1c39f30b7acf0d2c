package iproute

import (
	"errors"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// sysctlText splits a line of `sysctl -a` ("net.ipv4.ip_forward = 1"), of
// sysctl.conf(5), or of `grep . /proc/sys/net/...`.
func sysctlText(line string) (key, value string, ok bool) {
	if path, v, found := strings.Cut(line, ":"); found && strings.HasPrefix(path, "/proc/sys/") {
		return strings.TrimPrefix(path, "/proc/sys/"), v, true
	}
	key, value, ok = strings.Cut(line, "=")
	key = strings.TrimSpace(key)
	if !ok || !strings.ContainsAny(key, "./") || strings.ContainsAny(key, " \t\"'") {
		return "", "", false
	}
	switch first, _, _ := strings.Cut(strings.ReplaceAll(key, "/", "."), "."); first {
	case "net", "kernel", "vm", "fs", "dev", "abi", "user", "debug", "sunrpc", "crypto", "fscache":
		return key, strings.TrimSpace(value), true
	}
	return "", "", false
}

// sysctl keeps a setting below net.; others are of no concern here.
func (x *space) sysctl(key, value string) error {
	if strings.HasPrefix(key, "net/") {
		// With slashes, a dot is part of a name; with dots, a slash is.
		parts := strings.Split(key, "/")
		for i := range parts {
			parts[i] = strings.ReplaceAll(parts[i], ".", "/")
		}
		key = strings.Join(parts, ".")
	}
	key, ok := strings.CutPrefix(key, "net.")
	if !ok {
		return nil
	}
	if key == "" {
		return errors.New("no name of a setting")
	}
	x.covers.part(netstate.PartSysctls)
	if x.ns.Sysctls == nil {
		x.ns.Sysctls = map[string]string{}
	}
	x.ns.Sysctls[key] = value
	return nil
}
