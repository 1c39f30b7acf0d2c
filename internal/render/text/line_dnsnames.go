package text

import "github.com/pktrail/pktrail/internal/packet"

const dnsTypeDNAME packet.DNSType = 39

// dnsTypes are the names of record types as tcpdump writes them (nameser.h).
var dnsTypes = [...]string{
	1: "A", "NS", "MD", "MF", "CNAME", "SOA", "MB", "MG", "MR", "NULL", "WKS", "PTR", "HINFO", "MINFO", "MX", "TXT",
	"RP", "AFSDB", "X25", "ISDN", "RT", "NSAP", "NSAP_PTR", "SIG", "KEY", "PX", "GPOS", "AAAA", "LOC", "NXT", "EID",
	"NIMLOC", "SRV", "ATMA", "NAPTR", "KX", "CERT", "A6", "DNAME", "SINK", "OPT", "APL", "DS", "SSHFP", "IPSECKEY",
	"RRSIG", "NSEC", "DNSKEY",
}

func (w *line) dnsType(t packet.DNSType) {
	w.str(" ")
	switch {
	case int(t) < len(dnsTypes) && dnsTypes[t] != "":
		w.str(dnsTypes[t])
		return
	case t >= 249 && t <= 256:
		w.str([...]string{"TKEY", "TSIG", "IXFR", "AXFR", "MAILB", "MAILA", "ANY", "URI"}[t-249])
		return
	case t == 99:
		w.str("SPF")
		return
	}
	num(w, "Type", uint16(t))
}

func dnsOpcode(op uint8) string {
	return [...]string{
		"", " inv_q", " stat", " op3", " notify", " update", " op6", " op7", " op8", " updateA", " updateD",
		" updateDA", " updateM", " updateMA", " zoneInit", " zoneRef",
	}[op&15]
}

// dnsRcodes are the names of response codes (RFC 6895).
var dnsRcodes = [...]string{
	"", "FormErr", "ServFail", "NXDomain", "NotImp", "Refused", "YXDomain", "YXRRSet", "NXRRSet", "NotAuth", "NotZone",
	"Resp11", "Resp12", "Resp13", "Resp14", "NoChange", "BadVers", "Resp17", "Resp18", "Resp19", "Resp20", "Resp21",
	"Resp22", "BadCookie",
}

func (w *line) dnsRcode(code int) {
	switch {
	case code == 0:
	case code < len(dnsRcodes):
		w.str(" ", dnsRcodes[code])
	default:
		num(w, " Resp", code)
	}
}

// dnsExtendedRcode is the code of the header with the upper bits that an OPT
// record among the additional ones holds (RFC 6891).
func dnsExtendedRcode(m packet.DNS) int {
	code := int(m.Flags().Rcode())
	qd, an, ns, ar := m.Counts()
	at := packet.DNSStart
	for range qd {
		next, ok := m.SkipName(at)
		if !ok {
			return code
		}
		at = next + 4
	}
	for i := range an + ns + ar {
		r, next, ok := m.Record(at)
		if !ok {
			return code
		}
		if i >= an+ns && r.Type == packet.DNSTypeOPT {
			return code | int(r.TTL>>24)<<4
		}
		at = next
	}
	return code
}
