package correlate

import (
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Logs that leave out TCP's numbers tell packets by their identification,
// through translations too.
func TestBareWithID(t *testing.T) {
	flow := packet.Flow{Proto: packet.ProtoTCP, Src: client, Dst: service, SrcPort: 40000, DstPort: 80}
	var all Trails
	seen := func(id uint32, flags packet.TCPFlags, f packet.Flow, hook string) {
		all.See(&Sighting{
			At: host1, Key: packet.Key{Version: 4, Proto: packet.ProtoTCP, ID: id, Type: uint8(flags), Bare: 1},
			Seen: trail.Observation{Stage: trail.StageRules, Hook: &trail.Hook{Name: hook}, Seen: trail.Headers{Flow: f, TTL: 64}},
		})
	}
	for _, hook := range []string{"PREROUTING", "FORWARD"} {
		seen(1, packet.SYN, flow, hook)
		seen(2, packet.SYN, flow, hook)
		seen(3, packet.SYN|packet.ACK, flow.Reverse(), hook)
		seen(4, packet.FIN|packet.ACK, flow, hook)
		flow.Dst, flow.DstPort = server, 8080
	}
	got := all.All()
	want := []trail.Trail{{Packet: "TCP SYN"}, {Packet: "TCP SYN", Repeats: 1}, {Packet: "TCP SYN-ACK", AnswerTo: 2}, {Packet: "TCP FIN-ACK"}}
	if len(got) != len(want) {
		t.Fatalf("%d trails", len(got))
	}
	for i, tr := range got {
		if tr.Packet != want[i].Packet || len(tr.Observations) != 2 || tr.AnswerTo != want[i].AnswerTo || tr.Repeats != want[i].Repeats {
			t.Errorf("%+v", tr)
		}
	}
}
