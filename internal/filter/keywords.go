package filter

// keywords maps each reserved word to its usual spelling.
var keywords = spelled(`
src dst host net mask port portrange proto protochain gateway
link=link,ether,ppp,slip,fddi,tr,wlan
arp rarp ip ip6 sctp tcp udp icmp icmp6 igmp igrp pim vrrp carp ah esp radio
atalk aarp decnet lat sca moprc mopdl iso esis=esis,es-is isis=isis,is-is
l1 l2 iih lsp snp csnp psnp clnp stp ipx netbeui
type subtype dir=direction,dir
addr1=addr1,address1 addr2=addr2,address2 addr3=addr3,address3 addr4=addr4,address4 ra ta
less greater byte broadcast multicast
and or not len=len,length inbound outbound ifindex
vlan mpls pppoed pppoes geneve vxlan llc
lane metac bcc oam oamf4 oamf4ec oamf4sc sc ilmic vpi vci connectmsg metaconnect
ifname=ifname,on ruleset=ruleset,rset rnr=rnr,rulenum srnr=srnr,subrulenum reason action
fisu lssu=lssu,lsu msu hfisu hlssu hmsu sio opc dpc sls hsio hopc hdpc hsls
`)

// protocols are the words that may stand in front of qualifiers, in front of
// [offset:size], or alone.
var protocols = set(`link arp rarp ip ip6 sctp tcp udp icmp icmp6 igmp igrp pim vrrp carp ah esp radio
atalk aarp decnet lat sca moprc mopdl iso esis isis l1 l2 iih lsp snp csnp psnp clnp stp ipx netbeui`)

// refused are words of pcap-filter(7) for links that pktrail does not
// capture, with the reason.
var refused = func() map[string]string {
	m := map[string]string{}
	for reason, words := range map[string]string{
		"is for IEEE 802.11 frames, which are not captured here":       "type subtype dir addr1 addr2 addr3 addr4 ra ta radio",
		"is for ATM, which is not captured here":                       "lane metac bcc oam oamf4 oamf4ec oamf4sc sc ilmic vpi vci connectmsg metaconnect",
		"is for logs of BSD's pf, which are not captured here":         "ifname ruleset rnr srnr reason action",
		"is for SS7 signalling links, which are not captured here":     "fisu lssu msu hfisu hlssu hmsu sio opc dpc sls hsio hopc hdpc hsls",
		"is refused: it needs loops, which kernel filters do not have": "protochain",
		"is refused: it needs names that are looked up":                "gateway",
	} {
		for word := range set(words) {
			m[word] = reason
		}
	}
	return m
}()

// constants are the named numbers.
var constants = func() map[string]uint32 {
	m := map[string]uint32{
		"icmptype": 0, "icmpcode": 1, "icmp6type": 0, "icmp6code": 1, "tcpflags": 13,
		"icmp6-multicastrouteradvert": 151, "icmp6-multicastroutersolicit": 152, "icmp6-multicastrouterterm": 153,
	}
	for i, name := range words("tcp-fin tcp-syn tcp-rst tcp-push tcp-ack tcp-urg tcp-ece tcp-cwr") {
		m[name] = 1 << i
	}
	for first, names := range map[uint32]string{
		0: "icmp-echoreply",
		3: "icmp-unreach icmp-sourcequench icmp-redirect",
		8: "icmp-echo icmp-routeradvert icmp-routersolicit icmp-timxceed icmp-paramprob icmp-tstamp icmp-tstampreply" +
			" icmp-ireq icmp-ireqreply icmp-maskreq icmp-maskreply",
		1: "icmp6-destinationunreach icmp6-packettoobig icmp6-timeexceeded icmp6-parameterproblem",
		128: "icmp6-echo icmp6-echoreply icmp6-multicastlistenerquery icmp6-multicastlistenerreportv1" +
			" icmp6-multicastlistenerdone icmp6-routersolicit icmp6-routeradvert icmp6-neighborsolicit" +
			" icmp6-neighboradvert icmp6-redirect icmp6-routerrenum icmp6-nodeinformationquery" +
			" icmp6-nodeinformationresponse icmp6-ineighbordiscoverysolicit icmp6-ineighbordiscoveryadvert" +
			" icmp6-multicastlistenerreportv2 icmp6-homeagentdiscoveryrequest icmp6-homeagentdiscoveryreply" +
			" icmp6-mobileprefixsolicit icmp6-mobileprefixadvert icmp6-certpathsolicit icmp6-certpathadvert",
	} {
		for i, name := range words(names) {
			m[name] = first + uint32(i)
		}
	}
	return m
}()
