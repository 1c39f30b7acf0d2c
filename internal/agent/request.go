package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/agent/follow"
	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/probe/afpacket"
	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/trail"
)

// Version of the request. An agent refuses what is newer than itself.
const Version = 1

// Request is what an agent is asked to do.
type Request struct {
	// Version is the requester's Version.
	Version int `json:"version"`
	// Capture is what to capture, Trace which packets to follow, Snapshot what
	// to take: one of them is not nil.
	Capture  *Capture        `json:"capture,omitempty"`
	Trace    *follow.Request `json:"trace,omitempty"`
	Snapshot *Snapshot       `json:"snapshot,omitempty"`
	// Node is this machine's name, in points and in the stream's header; empty
	// for the host name. In a pod that is not the node's.
	Node string `json:"node,omitempty"`
}

// Keep says how much of each packet leaves the node.
type Keep string

// What to keep. Cutting happens before a packet leaves the agent.
const (
	KeepAll     Keep = ""        // whole packets, up to the snap length
	KeepHeaders Keep = "headers" // headers of all layers, no payload
	KeepNames   Keep = "names"   // headers, and DNS messages
)

// Capture asks for packets.
type Capture struct {
	// Targets are written as `netns:NAME`, `pid:N`, `container:ID`,
	// `cri:NS/POD`, `if:NAME`, `kube:NS/POD@UID` or `self:LABEL`.
	Targets []string `json:"targets"`
	// Interfaces are names in the target's own namespace; "any" is one socket
	// for all. Empty: all of a pod's, the uplink of a node's.
	Interfaces []string `json:"interfaces,omitempty"`
	// Points are roles ("pod", "host", "bridge", "overlay", "uplink"), "path"
	// for all of them, or names of interfaces on that path. Not together with
	// Interfaces.
	Points []string `json:"points,omitempty"`
	// Filter is an expression of pcap-filter(7); empty for every packet.
	Filter string `json:"filter,omitempty"`
	// Exclude is an expression of what is left out where a node's own packets
	// pass, which is where pktrail's own stream does: at uplinks, and at all
	// interfaces of a node's namespace that are not on the path of a target.
	// Empty for nothing.
	Exclude string `json:"exclude,omitempty"`
	// SnapLen cuts packets to this many bytes; 0 keeps them whole.
	SnapLen int `json:"snaplen,omitempty"`
	// Keep cuts packets by their meaning.
	Keep Keep `json:"keep,omitempty"`
	// Buffer is the size of each ring in bytes; 0 shares out a default.
	Buffer int64 `json:"buffer,omitempty"`
	// Latency is how long a packet may wait in a ring that is not full; 0 is a
	// tenth of a second. Longer costs less.
	Latency time.Duration `json:"latency,omitempty"`
	// Promiscuous asks the devices for packets to other MAC addresses too.
	Promiscuous bool `json:"promiscuous,omitempty"`
	// CRISocket is the path of the CRI socket; empty looks at the known ones.
	CRISocket string `json:"criSocket,omitempty"`
	// Limits end the capture.
	Limits Limits `json:"limits,omitzero"`
}

// Limits end a capture by themselves; zero lifts each of them.
type Limits struct {
	// Duration since the capture was armed.
	Duration time.Duration `json:"duration,omitempty"`
	// Packets of all targets together.
	Packets int64 `json:"packets,omitempty"`
	// Bytes of packets, link headers included, for each target.
	Bytes int64 `json:"bytes,omitempty"`
}

// Message is the agent's talk beside its stream.
type Message struct {
	// Kind is one of the Kind constants.
	Kind Kind `json:"kind"`
	// Points that are armed from now on; valid iff Kind is KindArmed.
	Points []trail.Point `json:"points,omitempty"`
	// Session is what is armed; valid iff Kind is KindArmed and the request was
	// to trace.
	Session *trail.Session `json:"session,omitempty"`
	// Conversation is the probe's result; valid iff Kind is KindAnswered.
	Conversation *trail.Conversation `json:"conversation,omitempty"`
	// Text is for people; valid iff Kind is KindNote, KindEnded or KindError.
	Text string `json:"text,omitempty"`
	// Hint is what to do about it; valid iff Kind is KindError.
	Hint string `json:"hint,omitempty"`
	// Missing are the capabilities, as "CAP_NET_RAW", that the agent would have
	// needed and does not have; valid iff Kind is KindError.
	Missing []string `json:"missing,omitempty"`
	// Hello is who the agent is; valid iff Kind is KindHello.
	Hello *Hello `json:"hello,omitempty"`
	// Progress is how far a snapshot is; valid iff Kind is KindProgress. Taken
	// is what it holds; valid iff Kind is KindEnded and it was one.
	Progress *Progress `json:"progress,omitempty"`
	Taken    *Taken    `json:"taken,omitempty"`
}

// Hello is what an agent says of itself.
type Hello struct {
	// Version of the program.
	Version string `json:"version"`
	// PID of the process that hosts the session, in its own pid namespace.
	PID int `json:"pid"`
	// Arch is the processor's as Go names it: "amd64", "arm64", "arm".
	Arch string `json:"arch"`
	// BootID is the kernel's, the same for all who share it; empty if not
	// known.
	BootID string `json:"bootID,omitempty"`
	// Missing are the capabilities, as "CAP_NET_RAW", that the agent does not
	// have out of those that it can use.
	Missing []string `json:"missing,omitempty"`
}

// Kind of a message.
type Kind string

// The kinds of talk.
const (
	KindArmed Kind = "armed" // packets are caught from now on
	KindNote  Kind = "note"  // something a person should know
	KindEnded Kind = "ended" // the capture's end, and what ended it
	KindError Kind = "error" // the session's last word

	KindHello    Kind = "hello"    // the first message of a session that can be attached
	KindAnswered Kind = "answered" // a probe has its answer, or none in time
	KindProgress Kind = "progress" // a snapshot is so far
)

// What ends a capture, in the words of KindEnded and of the stream's end
// record, where it is a limit. Other ends are described in plain words.
const (
	EndDuration = "limit of time"
	EndPackets  = "limit of packets"
	EndBytes    = "limit of bytes"
)

// maxRequest bounds what a requester may send, in bytes.
const maxRequest = 1 << 20

// ReadRequest reads one request, a JSON object on one line.
func ReadRequest(r io.Reader) (Request, error) {
	var q Request
	if err := json.NewDecoder(io.LimitReader(r, maxRequest)).Decode(&q); err != nil {
		return q, fmt.Errorf("read request: %w", err)
	}
	return q, q.check()
}

// check refuses what can be seen to be wrong without opening anything.
func (q Request) check() error {
	switch {
	case q.Version < 1 || q.Version > Version:
		return fmt.Errorf("read request: version %d, this agent speaks 1 to %d", q.Version, Version)
	}
	asked := 0
	var err error
	if q.Capture != nil {
		asked++
		err = q.Capture.check()
	}
	if q.Trace != nil {
		asked++
		err = q.Trace.Check()
	}
	if q.Snapshot != nil {
		asked++
		err = q.Snapshot.check()
	}
	switch {
	case asked == 0:
		return errors.New("read request: it asks for nothing")
	case asked > 1:
		return errors.New("read request: it asks for several things")
	}
	if err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	return nil
}

func (c *Capture) check() error {
	l := c.Limits
	switch {
	case len(c.Targets) == 0:
		return errors.New("no target")
	case len(c.Interfaces) > 0 && len(c.Points) > 0:
		return errors.New("interfaces and points exclude each other")
	case slices.Contains(c.Interfaces, ""), slices.Contains(c.Points, ""):
		return errors.New("an interface or a point without a name")
	case c.SnapLen < 0 || c.SnapLen > afpacket.MaxSnapLen:
		return fmt.Errorf("snap length %d is not within 0 to %d", c.SnapLen, afpacket.MaxSnapLen)
	case !slices.Contains([]Keep{KeepAll, KeepHeaders, KeepNames}, c.Keep):
		return fmt.Errorf("nobody knows how to keep %q", c.Keep)
	case c.Buffer < 0 || c.Buffer > afpacket.MaxBuffer:
		return fmt.Errorf("buffer of %d bytes is not within 0 to %d", c.Buffer, afpacket.MaxBuffer)
	case c.Latency < 0 || c.Latency > time.Minute:
		return fmt.Errorf("latency of %v is not within 0 to 1m", c.Latency)
	case l.Duration < 0 || l.Packets < 0 || l.Bytes < 0:
		return errors.New("a limit below 0")
	}
	for _, text := range c.Targets {
		t, err := netns.ParseTarget(text)
		if err != nil {
			return err
		}
		if t.Kind == netns.Interface && len(c.Interfaces) > 0 {
			return &TargetError{Err: fmt.Errorf("%s is an interface, and others are asked for", t), Tip: "host -i IF names interfaces of this machine"}
		}
	}
	if _, err := filter.Parse(c.Exclude); err != nil {
		return fmt.Errorf("exclude: %w", err)
	}
	_, err := filter.Parse(c.Filter)
	return err
}
