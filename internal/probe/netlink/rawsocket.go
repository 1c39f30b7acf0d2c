package netlink

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
)

// rawListeners reads /proc/net/raw or raw6: most kernels can list raw sockets
// in no other way. Those that wait for one peer alone are left out. The port is
// the protocol that a socket takes.
func rawListeners(b []byte) []netstate.Listener {
	var all []netstate.Listener
	for line := range bytes.Lines(b) {
		f := bytes.Fields(line)
		if len(f) < 10 || string(f[3]) != "07" {
			continue // the head, or not TCP_CLOSE
		}
		addr, ok := procAddr(f[1])
		_, queue, _ := bytes.Cut(f[4], []byte(":"))
		waiting, err := strconv.ParseUint(string(queue), 16, 32)
		uid, errUID := strconv.ParseUint(string(f[7]), 10, 32)
		inode, errInode := strconv.ParseUint(string(f[9]), 10, 32)
		if ok && err == nil && errUID == nil && errInode == nil {
			all = append(all, netstate.Listener{Proto: "raw", Addr: addr, Queue: uint32(waiting), UID: uint32(uid), Inode: uint32(inode)})
		}
	}
	return all
}

// procAddr reads an address as /proc/net/* has it: in words of this machine's
// byte order, then ":" and the port.
func procAddr(text []byte) (netip.AddrPort, bool) {
	host, port, _ := bytes.Cut(text, []byte(":"))
	b := make([]byte, 0, 16)
	b, err := hex.AppendDecode(b, host)
	p, errPort := strconv.ParseUint(string(port), 16, 16)
	if err != nil || errPort != nil || len(b) != 4 && len(b) != 16 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	addr, ok := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(addr, uint16(p)), ok
}
