package cri

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// serveBytes answers the first bytes of every connection with b.
func serveBytes(t *testing.T, b []byte) *Client {
	t.Helper()
	l, path := listen(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		var first [4096]byte
		if _, err := c.Read(first[:]); err == nil {
			_, _ = c.Write(b)
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(c, 1<<20)) // until the client has gone
	}()
	c := connect(t, path)
	t.Cleanup(func() {
		_ = c.Close()
		_ = l.Close()
		<-done
	})
	return c
}

// literal writes header fields as the client does.
func literal(pairs ...string) []byte {
	var b []byte
	for i := 0; i < len(pairs); i += 2 {
		b = append(b, 0, byte(len(pairs[i])))
		b = append(b, pairs[i]...)
		b = append(b, byte(len(pairs[i+1])))
		b = append(b, pairs[i+1]...)
	}
	return b
}

var (
	serverSettings = appendFrame(nil, frameSettings, 0, 0, nil)
	goodHeaders    = literal(":status", "200", "content-type", "application/grpc")
	goodTrailers   = literal("grpc-status", "0")
	versionAnswer  = append([]byte{0, 0, 0, 0, 7, 0x12, 5}, "testd"...)
)

// good is an answer that is right but for what stands between.
func good(between []byte) []byte {
	b := appendFrame(bytes.Clone(serverSettings), frameHeaders, flagEndHeaders, 1, goodHeaders)
	b = append(b, between...)
	b = appendFrame(b, frameData, 0, 1, versionAnswer)
	return appendFrame(b, frameHeaders, flagEndHeaders|flagEndStream, 1, goodTrailers)
}

func TestAnswersOfAllForms(t *testing.T) {
	padded := append([]byte{3}, append(bytes.Clone(versionAnswer), 0, 0, 0)...)
	split := appendFrame(bytes.Clone(serverSettings), frameHeaders, flagPriority|flagPadded, 1, append([]byte{1, 0, 0, 0, 0, 9}, append(bytes.Clone(goodHeaders[:7]), 0)...))
	split = appendFrame(split, frameContinuation, 0, 1, goodHeaders[7:9])
	split = appendFrame(split, frameContinuation, flagEndHeaders, 1, goodHeaders[9:])
	split = appendFrame(split, frameData, flagPadded, 1, padded)
	split = appendFrame(split, frameHeaders, flagEndHeaders|flagEndStream, 1, goodTrailers)
	for name, b := range map[string][]byte{
		"plain":                        good(nil),
		"padding and continuation":     split,
		"ping":                         good(appendFrame(nil, framePing, 0, 0, make([]byte, 8))),
		"settings and their ack":       good(appendFrame(appendFrame(nil, frameSettings, 0, 0, make([]byte, 6)), frameSettings, flagAck, 0, nil)),
		"window update and unknown":    good(appendFrame(appendFrame(nil, 0x8, 0, 0, make([]byte, 4)), 0xfe, 0xff, 1, []byte("x"))),
		"going away, but not at once":  good(appendFrame(nil, frameGoAway, 0, 0, []byte{0, 0, 0, 1, 0, 0, 0, 0})),
		"another stream's":             good(appendFrame(appendFrame(nil, frameHeaders, flagEndHeaders|flagEndStream, 3, goodTrailers), frameData, flagEndStream, 3, nil)),
		"another stream's end":         good(appendFrame(nil, frameReset, 0, 3, make([]byte, 4))),
		"informational headers before": good(appendFrame(nil, frameHeaders, flagEndHeaders, 1, goodHeaders)),
	} {
		if runtime, _, err := serveBytes(t, b).Version(t.Context()); err != nil || runtime != "testd" {
			t.Errorf("%s: %q, %v", name, runtime, err)
		}
	}
}

func TestAnswersThatMakeNoSense(t *testing.T) {
	only := func(pairs ...string) []byte {
		return appendFrame(bytes.Clone(serverSettings), frameHeaders, flagEndHeaders|flagEndStream, 1, literal(pairs...))
	}
	data := func(b []byte) []byte {
		b = appendFrame(appendFrame(bytes.Clone(serverSettings), frameHeaders, flagEndHeaders, 1, goodHeaders), frameData, 0, 1, b)
		return appendFrame(b, frameHeaders, flagEndHeaders|flagEndStream, 1, goodTrailers)
	}
	long := append(literal(":status", "200"), bytes.Repeat([]byte{0x82}, maxFrame-100)...)
	endless := appendFrame(bytes.Clone(serverSettings), frameHeaders, 0, 1, long)
	for range 5 {
		endless = appendFrame(endless, frameContinuation, 0, 1, long)
	}
	for name, tt := range map[string]struct {
		b    []byte
		want string
	}{
		"HTTP/1.1":               {[]byte("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n400 Bad Request"), "nobody there speaks HTTP/2"},
		"no settings":            {appendFrame(nil, framePing, 0, 0, make([]byte, 8)), "nobody there speaks HTTP/2"},
		"HTTP error":             {only(":status", "404", "content-type", "text/plain"), `HTTP status "404"`},
		"no gRPC":                {only(":status", "200", "content-type", "text/html"), `content type "text/html"`},
		"no status":              {only(":status", "200", "content-type", "application/grpc"), `status ""`},
		"status that is none":    {only(":status", "200", "content-type", "application/grpc", "grpc-status", "-1"), `status "-1"`},
		"unknown status":         {only(":status", "200", "content-type", "application/grpc", "grpc-status", "99", "grpc-message", "a%2"), "status 99: a%2"},
		"status without a word":  {only(":status", "200", "content-type", "application/grpc", "grpc-status", "16"), "unauthenticated"},
		"no message":             {only(":status", "200", "content-type", "application/grpc", "grpc-status", "0"), "no single message"},
		"compressed":             {data([]byte{1, 0, 0, 0, 1, 0}), "no single message"},
		"two messages":           {data([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), "no single message"},
		"half a message":         {data([]byte{0, 0, 0, 0, 9, 1}), "no single message"},
		"malformed message":      {data([]byte{0, 0, 0, 0, 1, 0x80}), "read version: malformed message"},
		"reset":                  {good(appendFrame(nil, frameReset, 0, 1, []byte{0, 0, 0, 11})), "HTTP/2 error 11"},
		"going away":             {good(appendFrame(nil, frameGoAway, 0, 0, make([]byte, 8))), "closes the connection"},
		"push":                   {good(appendFrame(nil, framePushPromise, flagEndHeaders, 1, make([]byte, 4))), "malformed frame: type 5"},
		"stray continuation":     {good(appendFrame(nil, frameContinuation, flagEndHeaders, 1, nil)), "malformed frame: type 9"},
		"ping of 7 bytes":        {good(appendFrame(nil, framePing, 0, 0, make([]byte, 7))), "malformed frame"},
		"padding beyond the end": {good(appendFrame(nil, frameData, flagPadded, 1, []byte{9, 1})), "malformed frame"},
		"padding of nothing":     {good(appendFrame(nil, frameData, flagPadded, 1, nil)), "malformed frame"},
		"priority of nothing":    {good(appendFrame(nil, frameHeaders, flagPriority|flagEndHeaders, 1, nil)), "malformed frame"},
		"header table":           {good(appendFrame(nil, frameHeaders, flagEndHeaders, 1, []byte{0xff, 0xff, 0x7f})), "malformed frame"},
		"endless headers":        {endless, "malformed frame"},
		"headers interrupted":    {good(appendFrame(appendFrame(nil, frameHeaders, 0, 1, goodHeaders), framePing, 0, 0, make([]byte, 8))), "malformed frame"},
		"long frame":             {append(bytes.Clone(serverSettings), 0, 0x40, 1, 0, 0, 0, 0, 0, 1), "malformed frame: 16385 bytes"},
	} {
		if _, _, err := serveBytes(t, tt.b).Version(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, expected %s", name, err, tt.want)
		}
	}
}

// TestConnectionCut ends the answer at every byte.
func TestConnectionCut(t *testing.T) {
	b := good(nil)
	for i := range len(b) {
		client, server := net.Pipe()
		go func() {
			defer func() { _ = server.Close() }()
			var first [4096]byte
			if _, err := server.Read(first[:]); err == nil {
				go func() { _, _ = io.Copy(io.Discard, server) }()
				_, _ = server.Write(b[:i])
			}
		}()
		c := &Client{newConn(client)}
		if _, _, err := c.Version(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("after %d bytes: %v", i, err)
		}
		_ = c.Close()
	}
}

// FuzzAnswer gives the client any bytes.
func FuzzAnswer(f *testing.F) {
	f.Add(good(nil))
	f.Add(good(appendFrame(nil, framePing, 0, 0, make([]byte, 8))))
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Add(appendFrame(bytes.Clone(serverSettings), frameHeaders, flagEndHeaders|flagEndStream, 1,
		literal(":status", "200", "content-type", "application/grpc", "grpc-status", "5", "grpc-message", "no%20pod")))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &Client{newConn(&canned{r: bytes.NewReader(b)})}
		for range 3 {
			if name, _, err := c.Version(t.Context()); err == nil && len(name) > len(b) {
				t.Errorf("%q out of %x", name, b)
			}
		}
	})
}

// canned is a connection on which everything has been said.
type canned struct {
	net.Conn
	r *bytes.Reader
}

func (c *canned) Read(b []byte) (int, error) { return c.r.Read(b) }
func (*canned) Write(b []byte) (int, error)  { return len(b), nil }
func (*canned) SetDeadline(time.Time) error  { return nil }
