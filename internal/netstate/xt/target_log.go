package xt

// xt_LOG.h
func targetLOG(i *info, l *line) bool {
	if prefix := i.str(2, 30); prefix != "" {
		l.quoted("--log-prefix", prefix)
	}
	if level := i.u8(0); level != 4 {
		l.add("--log-level %d", level)
	}
	f := i.u8(1)
	l.flag(f&1 != 0, "--log-tcp-sequence")
	l.flag(f&2 != 0, "--log-tcp-options")
	l.flag(f&4 != 0, "--log-ip-options")
	l.flag(f&8 != 0, "--log-uid")
	l.flag(f&32 != 0, "--log-macdecode")
	return true
}

// xt_NFLOG.h
func targetNFLOG(i *info, l *line) bool {
	n := nflog{prefix: i.str(12, 64), group: i.u16(4), size: i.u32(0), threshold: i.u16(6), sized: i.u16(8)&1 != 0}
	n.write(l)
	return true
}

// nflog is what NFLOG says, in xtables and in nf_tables.
type nflog struct {
	prefix    string
	group     uint16
	size      uint32
	sized     bool // XT_NFLOG_F_COPY_LEN
	threshold uint16
}

func (n *nflog) write(l *line) {
	if n.prefix != "" {
		l.quoted("--nflog-prefix", n.prefix)
	}
	if n.group != 0 {
		l.add("--nflog-group %d", n.group)
	}
	switch {
	case n.sized:
		l.add("--nflog-size %d", n.size)
	case n.size != 0:
		l.add("--nflog-range %d", n.size)
	}
	if n.threshold > 1 {
		l.add("--nflog-threshold %d", n.threshold)
	}
}

// NFLOG is the target that iptables-nft writes as an nf_tables expression.
// Size and threshold 0 are not given.
func NFLOG(prefix string, group uint16, size uint32, threshold uint16) Target {
	var l line
	l.add("-j NFLOG")
	n := nflog{prefix: prefix, group: group, size: size, sized: size != 0, threshold: threshold}
	n.write(&l)
	return Target{Name: "NFLOG", Words: l.String()}
}

// xt_NFQUEUE.h, revisions 0 to 3
func targetNFQUEUE(i *info, l *line) bool {
	num := i.u16(0)
	if i.rev == 0 || i.u16(2) <= 1 {
		l.add("--queue-num %d", num)
	} else {
		l.add("--queue-balance %d:%d", num, num+i.u16(2)-1)
	}
	if i.rev >= 2 {
		f := i.u16(4)
		l.flag(f&1 != 0, "--queue-bypass")
		l.flag(i.rev == 3 && f&2 != 0, "--queue-cpu-fanout")
	}
	return true
}
