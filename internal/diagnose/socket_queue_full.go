package diagnose

import (
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// socketQueueFull: a socket had no room for it.
func socketQueueFull(q *inquiry) *trail.Finding {
	if q.v.Outcome != trail.Dropped {
		return nil
	}
	f := &trail.Finding{ID: "socket-queue-full", Basis: q.v.Basis}
	if d := q.dropping(); d != nil {
		f.Evidence = append(f.Evidence, dropEvidence(d))
	}
	fl := q.flow()
	port := strings.ToUpper(fl.Proto.String()) + " port " + itoa(int(fl.DstPort)) + " " + on(q.end.Point)
	switch {
	case q.v.Reason == "TCP_LISTEN_OVERFLOW" || q.overflowed():
		f.Cause = "the accept queue of the listener on " + port + " is full"
		f.Why = "The kernel finished connections faster than the process accepts them; further SYNs are thrown away without a word."
		f.Check = []string{"ss -ltn 'sport = :" + itoa(int(fl.DstPort)) + "'   # Recv-Q above Send-Q is full", "nstat -az TcpExtListenOverflows TcpExtListenDrops"}
		f.Fix = []string{"make the process accept faster, or listen() with a larger backlog", "sysctl -w net.core.somaxconn=4096   # caps every backlog; restart the process"}
		if q.overflowed() {
			f.Evidence = append(f.Evidence, trail.Evidence{Text: "TCP took the SYN, and no SYN-ACK was sent", Basis: trail.Observed})
		}
	case q.v.Reason == "PROTO_MEM":
		f.Cause = "all " + strings.ToUpper(fl.Proto.String()) + " sockets together have used up their memory " + on(q.end.Point)
		f.Why = "The kernel bounds the memory of a protocol; above that no socket takes anything."
		f.Check = []string{"cat /proc/net/sockstat", "sysctl net.ipv4." + fl.Proto.String() + "_mem"}
		f.Fix = []string{"find the processes whose queues grow (ss -m), or raise net.ipv4." + fl.Proto.String() + "_mem"}
	case q.full || q.v.Reason == "SOCKET_RCVBUFF" || q.v.Reason == "SOCKET_BACKLOG" || q.v.Reason == "TCP_ZEROWINDOW":
		f.Cause = "the receive queue of the socket on " + port + " is full"
		f.Why = "Packets come faster than the process reads them; what finds no room in the socket's buffer is lost."
		f.Check = []string{"ss -" + flags(fl.Proto) + "nmp 'sport = :" + itoa(int(fl.DstPort)) + "'   # Recv-Q near rb", "nstat -az UdpRcvbufErrors TcpExtTCPRcvQDrop"}
		f.Fix = []string{"make the process read faster, or give its socket a larger SO_RCVBUF", "sysctl -w net.core.rmem_max=8388608   # caps SO_RCVBUF"}
	default:
		return nil
	}
	for _, a := range q.answers("ss ") {
		f.Evidence = append(f.Evidence, answerEvidence(&a))
	}
	return f
}

func flags(p packet.Proto) string {
	if p == packet.ProtoTCP {
		return "t"
	}
	return "u"
}

// overflowed says whether a listener took a SYN and threw it away: the kernel
// frees such a SYN as one that did its work, and only the missing SYN-ACK
// tells. It needs a probe that heard nothing, and a run that missed nothing.
func (q *inquiry) overflowed() bool {
	v := q.c.Conversation
	if v == nil || v.Result != trail.ResultNothing || !q.c.Over || q.c.Answer != nil || q.c.missed() > 0 {
		return false
	}
	words := strings.ToUpper(q.t.Packet)
	if q.end.Stage != trail.StageConsume || q.t.Flow.Proto != packet.ProtoTCP || !strings.Contains(words, "SYN") || strings.Contains(words, "ACK") {
		return false
	}
	_, armed := q.c.armed(q.end.Point.Netns)
	return armed
}
