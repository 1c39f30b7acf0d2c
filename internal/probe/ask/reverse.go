package ask

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// FilterMode is net.ipv4.conf.*.rp_filter.
type FilterMode int

// The modes. IPv6 has no such setting: there it is always off.
const (
	FilterOff    FilterMode = 0
	FilterStrict FilterMode = 1 // the answer must leave by the device that the packet came in by
	FilterLoose  FilterMode = 2 // there must be an answer's way at all
)

// ReversePath is how the kernel validates a packet's source
// (fib_validate_source of net/ipv4/fib_frontend.c).
type ReversePath struct {
	// Mode counts: the larger of all's and the device's.
	Mode FilterMode
	// UsesMark is true if the packet's mark counts in the question (src_valid_mark
	// of all or of the device); AcceptLocal if a source of our own may come from
	// outside; LogMartians if a refusal is told in the kernel log.
	UsesMark, AcceptLocal, LogMartians bool
	// Settings are all that was read for this.
	Settings []trail.Setting
	// Steps are how an answer to the source finds its way.
	Steps []RuleStep
	// Devices are those by which it may leave; none if there is no way.
	Devices []string
	// Answer is the kernel's own to the question for the way back.
	Answer trail.Answer
	// Passes is true if the filter lets the packet in.
	Passes bool
	// Why says it in words: "answers to 192.168.235.13 leave by enp3s0, it
	// came in by enp5s0".
	Why string
}

// reverseKeys are the settings that count.
func reverseKeys() []string {
	return []string{"rp_filter", "src_valid_mark", "accept_local", "log_martians"}
}

// take reads the settings of all and of the device.
func (p *ReversePath) take(set []trail.Setting) {
	p.Settings = set
	for _, s := range set {
		v := 0
		if _, err := fmt.Sscan(s.Value, &v); err != nil {
			continue
		}
		switch key := s.Name[strings.LastIndexByte(s.Name, '.')+1:]; key {
		case "rp_filter":
			p.Mode = max(p.Mode, FilterMode(v))
		case "src_valid_mark":
			p.UsesMark = p.UsesMark || v != 0
		case "accept_local":
			p.AcceptLocal = p.AcceptLocal || v != 0
		case "log_martians":
			p.LogMartians = p.LogMartians || v != 0
		}
	}
}

// judge decides from the steps.
func (p *ReversePath) judge(src, in string) {
	var last RuleStep
	if n := len(p.Steps); n > 0 {
		last = p.Steps[n-1]
	}
	ok := last.Decides && last.Errno == 0
	if ok {
		p.Devices = last.Entry.Devices()
	}
	by := strings.Join(p.Devices, " or ")
	switch {
	case ok && last.Entry.Type == typeLocal:
		p.Passes = p.AcceptLocal
		p.Why = src + " is an address of this machine itself"
	case ok && last.Entry.Type != typeUnicast:
		p.Passes, p.Why = false, src+" is a "+last.Entry.TypeName()+" address"
	case p.Mode == FilterOff:
		p.Passes, p.Why = true, "rp_filter is off"
	case !ok:
		p.Passes, p.Why = false, "there is no way back to "+src
	case last.Entry.leadsBy(in):
		p.Passes, p.Why = true, fmt.Sprintf("answers to %s leave by %s, where it came in", src, in)
	default:
		p.Passes = p.Mode == FilterLoose
		p.Why = fmt.Sprintf("answers to %s leave by %s, it came in by %s", src, by, in)
	}
}
