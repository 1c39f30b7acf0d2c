package cri

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	"golang.org/x/net/http2/hpack"
)

// maxHeaders bounds the header fields of an answer, as they are sent.
const maxHeaders = 64 << 10

// conn is an HTTP/2 connection that carries one request after the other. It
// lets the other side send without limit, up to maxAnswer for each answer, and
// itself sends less than any window takes.
type conn struct {
	rw     net.Conn
	r      *bufio.Reader
	buf    [maxFrame]byte
	fields *hpack.Decoder
	// stream is the number of the last request, 0 before the first.
	stream uint32
	// sent is how many bytes of data were sent.
	sent int
	// err is set once the connection is of no use any more.
	err error
}

func newConn(c net.Conn) *conn {
	d := hpack.NewDecoder(4096, nil)
	d.SetMaxStringLength(maxHeaders)
	return &conn{rw: c, r: bufio.NewReader(c), fields: d}
}

// roundTrip sends a request and reads until its answer is complete.
func (c *conn) roundTrip(path, timeout string, data []byte) (*answer, error) {
	var b []byte
	if c.stream == 0 {
		b = append(b, preface...)
		settings := binary.BigEndian.AppendUint16(nil, settingEnablePush)
		settings = binary.BigEndian.AppendUint32(settings, 0)
		settings = binary.BigEndian.AppendUint16(settings, settingInitialWindow)
		settings = binary.BigEndian.AppendUint32(settings, maxWindow)
		b = appendFrame(b, frameSettings, 0, 0, settings)
		const windowUpdate = 0x8
		b = appendFrame(b, windowUpdate, 0, 0, binary.BigEndian.AppendUint32(nil, maxWindow-initialWindow))
		c.stream = 1
	} else {
		c.stream += 2
	}
	if c.sent += len(data); len(data) > maxFrame || c.sent > initialWindow {
		return nil, errors.New("question is too long")
	}
	b = appendFrame(b, frameHeaders, flagEndHeaders, c.stream, requestFields(path, timeout))
	b = appendFrame(b, frameData, flagEndStream, c.stream, data)
	if _, err := c.rw.Write(b); err != nil {
		return nil, err
	}
	return c.readAnswer()
}

// requestFields writes header fields as literals, which need no table
// (RFC 7541, section 6.2.2). Each name and value is shorter than 127 bytes.
func requestFields(path, timeout string) []byte {
	var b []byte
	for _, f := range [][2]string{
		{":method", "POST"},
		{":scheme", "http"},
		{":path", path},
		{":authority", "localhost"},
		{"te", "trailers"},
		{"content-type", "application/grpc"},
		{"user-agent", "pktrail"},
		{"grpc-timeout", timeout},
	} {
		if f[1] == "" {
			continue
		}
		b = append(b, 0, byte(len(f[0])))
		b = append(b, f[0]...)
		b = append(b, byte(len(f[1])))
		b = append(b, f[1]...)
	}
	return b
}

// readAnswer reads frames until the answer's last.
func (c *conn) readAnswer() (*answer, error) {
	a := &answer{}
	for first := true; ; first = false {
		f, err := readFrame(c.r, &c.buf)
		if first && c.stream == 1 && (errors.Is(err, errFrame) || err == nil && f.kind != frameSettings) {
			return nil, errNoHTTP2
		}
		if err != nil {
			return nil, err
		}
		done, err := c.take(&f, a)
		if err != nil || done {
			return a, err
		}
	}
}

// take handles a frame, true if it was the answer's last.
func (c *conn) take(f *frame, a *answer) (bool, error) {
	isOurs := f.stream == c.stream
	switch f.kind {
	case frameSettings, framePing:
		return false, c.acknowledge(f)
	case frameGoAway:
		if len(f.payload) < 8 || binary.BigEndian.Uint32(f.payload)&maxWindow < c.stream {
			return false, errors.New("the runtime closes the connection")
		}
	case frameReset:
		if isOurs && len(f.payload) == 4 {
			return false, fmt.Errorf("the runtime gives up, HTTP/2 error %d", binary.BigEndian.Uint32(f.payload))
		}
	case framePushPromise, frameContinuation:
		return false, fmt.Errorf("%w: type %d here", errFrame, f.kind)
	case frameHeaders:
		isLast := f.has(flagEndStream)
		if err := c.takeHeaders(f, a); err != nil {
			return false, err
		}
		return isLast && isOurs, nil
	case frameData:
		b, err := f.content()
		switch {
		case err != nil:
			return false, err
		case !isOurs:
			return false, nil
		case len(a.data)+len(b) > maxAnswer:
			return false, fmt.Errorf("answer is longer than %d bytes", maxAnswer)
		}
		a.data = append(a.data, b...)
		return f.has(flagEndStream), nil
	}
	return false, nil
}

// acknowledge answers settings and pings.
func (c *conn) acknowledge(f *frame) error {
	if f.has(flagAck) {
		return nil
	}
	payload := f.payload
	if f.kind == frameSettings {
		payload = nil
	} else if len(payload) != 8 {
		return errFrame
	}
	_, err := c.rw.Write(appendFrame(nil, f.kind, flagAck, 0, payload))
	return err
}

// takeHeaders reads the header fields in f and the frames that continue it.
// Those of each stream count, for they share a table.
func (c *conn) takeHeaders(f *frame, a *answer) error {
	block, err := f.content()
	if err != nil {
		return err
	}
	block = append([]byte(nil), block...)
	isOurs, end := f.stream == c.stream, f.has(flagEndHeaders)
	for !end {
		next, err := readFrame(c.r, &c.buf)
		switch {
		case err != nil:
			return err
		case next.kind != frameContinuation || next.stream != f.stream || len(block)+len(next.payload) > maxHeaders:
			return errFrame
		}
		block = append(block, next.payload...)
		end = next.has(flagEndHeaders)
	}
	list, err := c.fields.DecodeFull(block)
	if err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	if !isOurs {
		return nil
	}
	for _, h := range list {
		switch h.Name {
		case ":status":
			a.status = h.Value
		case "content-type":
			a.contentType = h.Value
		case "grpc-status":
			a.grpcStatus = h.Value
		case "grpc-message":
			a.grpcMessage = h.Value
		}
	}
	return nil
}
