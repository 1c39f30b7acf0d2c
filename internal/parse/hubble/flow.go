package hubble

import (
	"bytes"
	"strings"
	"time"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/cilium"
	"github.com/pktrail/pktrail/internal/parse/jsonline"
	"github.com/pktrail/pktrail/internal/trail"
)

// The types of events that are of packets (cilium/cilium,
// pkg/monitor/api/types.go).
const (
	eventDrop   = 1
	eventTrace  = 4
	eventPolicy = 5
)

// flow is an event in JSON (cilium/cilium, api/v1/flow/flow.proto), as far as it
// is of a packet.
type flow struct {
	time, node, verdict, point, reason, way, desc []byte
	ethernet, ip, l4, tunnel, src, dst            []byte
	iface, file                                   []byte
	layer                                         []byte
	allowed, denied                               [2][]byte // of ingress and egress
	kind, sub, drop, match, proxy                 uint64
}

// object reads a response of Hubble's; older versions write the flow alone.
func (p *Reader) object(b []byte) error {
	var inner, lost, status, name, at []byte
	o := jsonline.Open(b)
	for {
		member, value, ok := o.Next()
		if !ok {
			break
		}
		switch string(member) {
		case "flow":
			inner = value
		case "lost_events":
			lost = value
		case "node_status":
			status = value
		case "node_name":
			name = jsonline.Text(value)
		case "time":
			at = jsonline.Text(value)
		case "verdict":
			inner = b
		}
	}
	switch {
	case o.Err() != nil:
		return o.Err()
	case lost != nil:
		p.lose(int(min(jsonline.Uint(find(lost, "num_events_lost")), 1<<31)), p.named(name), string(jsonline.Text(find(lost, "source"))), instant(at))
		return nil
	case status != nil:
		p.status(status, at)
		return nil
	case inner == nil:
		return nil // another event: of the agent, of debugging
	}
	return p.flow(inner, name)
}

// status tells of nodes that are not heard: their packets are not seen.
func (p *Reader) status(b, at []byte) {
	state := string(jsonline.Text(find(b, "state_change")))
	if state == "" || state == "NODE_CONNECTED" {
		return
	}
	var names []string
	jsonline.Elements(find(b, "node_names"), func(v []byte) bool { names = append(names, string(jsonline.Text(v))); return true })
	text := strings.TrimSpace(state + " " + strings.Join(names, ", ") + " " + string(jsonline.Text(find(b, "message"))))
	p.queue = append(p.queue, parse.Item{Fact: &parse.Fact{Line: p.in.Number(), Time: instant(at), Kind: parse.FactNote, Text: text}})
}

// find is a member's value; nil if there is none.
func find(b []byte, want string) []byte {
	for o := jsonline.Open(b); ; {
		name, value, ok := o.Next()
		if !ok {
			return nil
		}
		if string(name) == want {
			return value
		}
	}
}

func (p *Reader) named(b []byte) string {
	if len(b) == 0 {
		return p.o.Node
	}
	return p.word(node(b))
}

func instant(b []byte) int64 {
	t, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return 0
	}
	return t.UnixNano()
}

func (p *Reader) flow(b, name []byte) error {
	f := flow{node: name}
	o := jsonline.Open(b)
	for {
		member, value, ok := o.Next()
		if !ok {
			break
		}
		f.take(string(member), value)
	}
	if o.Err() != nil {
		return o.Err()
	}
	if string(f.layer) == "L7" || f.kind != eventDrop && f.kind != eventTrace && f.kind != eventPolicy {
		return nil
	}
	s := &parse.Sighting{Line: p.in.Number()}
	s.At.Node = p.named(f.node)
	s.At.Interface = p.word(jsonline.Text(find(f.iface, "name")))
	s.At.Index = int(min(jsonline.Uint(find(f.iface, "index")), 1<<30))
	d := &trail.Datapath{ProxyPort: uint16(f.proxy)}
	s.Seen = trail.Observation{Time: instant(f.time), Datapath: d}
	var from, to uint32
	d.Source, from = p.endpoint(f.src)
	d.Destination, to = p.endpoint(f.dst)
	switch f.kind {
	case eventDrop:
		f.dropped(p, &s.Seen)
	case eventPolicy:
		f.decided(p, &s.Seen)
	default:
		f.traced(p, &s.Seen)
	}
	switch {
	case d.Point == "from-endpoint", s.Seen.Policy != nil && s.Seen.Policy.Direction == trail.Out:
		d.Endpoint = from
	case d.Point == "to-endpoint", s.Seen.Policy != nil, s.Seen.Drop != nil && to != 0:
		d.Endpoint = to
	default:
		d.Endpoint = from
	}
	f.headers(p, s)
	p.sight(s)
	return nil
}

// take keeps what is wanted of a flow.
func (f *flow) take(name string, value []byte) {
	switch name {
	case "time":
		f.time = jsonline.Text(value)
	case "node_name":
		f.node = jsonline.Text(value)
	case "verdict":
		f.verdict = jsonline.Text(value)
	case "trace_observation_point":
		f.point = jsonline.Text(value)
	case "trace_reason":
		f.reason = jsonline.Text(value)
	case "traffic_direction":
		f.way = jsonline.Text(value)
	case "drop_reason_desc":
		f.desc = jsonline.Text(value)
	case "Type":
		f.layer = jsonline.Text(value)
	case "ethernet":
		f.ethernet = value
	case "IP":
		f.ip = value
	case "l4":
		f.l4 = value
	case "tunnel":
		f.tunnel = value
	case "source":
		f.src = value
	case "destination":
		f.dst = value
	case "interface":
		f.iface = value
	case "file":
		f.file = value
	case "event_type":
		f.kind, f.sub = jsonline.Uint(find(value, "type")), jsonline.Uint(find(value, "sub_type"))
	case "drop_reason":
		f.drop = jsonline.Uint(value)
	case "policy_match_type":
		f.match = jsonline.Uint(value)
	case "proxy_port":
		f.proxy = jsonline.Uint(value)
	case "ingress_allowed_by":
		f.allowed[0] = value
	case "egress_allowed_by":
		f.allowed[1] = value
	case "ingress_denied_by":
		f.denied[0] = value
	case "egress_denied_by":
		f.denied[1] = value
	}
}

// endpoint is who stands at one end, and its number on its node.
func (p *Reader) endpoint(b []byte) (who trail.Identity, id uint32) {
	var pod, space []byte
	o := jsonline.Open(b)
	for {
		name, value, ok := o.Next()
		if !ok {
			break
		}
		switch string(name) {
		case "ID":
			id = uint32(jsonline.Uint(value))
		case "identity":
			who.Number = uint32(jsonline.Uint(value))
		case "pod_name":
			pod = jsonline.Text(value)
		case "namespace":
			space = jsonline.Text(value)
		}
	}
	if who.Name = cilium.Reserved(who.Number); who.Name == "" && len(pod) > 0 {
		who.Name = p.word(bytes.Join([][]byte{space, pod}, []byte("/")))
	}
	return who, id
}
