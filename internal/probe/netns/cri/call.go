package cri

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxAnswer is the longest answer that is taken; kubelet has the same limit.
const maxAnswer = 16 << 20

// StatusError is a runtime's refusal, as gRPC carries it.
type StatusError struct {
	// Code is of google.golang.org/grpc/codes, never 0.
	Code uint32
	// Message is what the runtime says of it.
	Message string
}

func (e *StatusError) Error() string {
	if e.Message == "" {
		return e.name()
	}
	return e.name() + ": " + e.Message
}

// Codes of gRPC (grpc.github.io/grpc/core/md_doc_statuscodes.html).
const (
	// NotFound is a sandbox that does not exist.
	NotFound = 5
	// Unimplemented is a service that the runtime does not offer.
	Unimplemented = 12
)

func (e *StatusError) name() string {
	names := [...]string{
		"ok", "canceled", "unknown", "invalid argument", "deadline exceeded", "not found", "already exists",
		"permission denied", "resource exhausted", "failed precondition", "aborted", "out of range", "unimplemented",
		"internal", "unavailable", "data loss", "unauthenticated",
	}
	if e.Code < uint32(len(names)) {
		return names[e.Code]
	}
	return "status " + strconv.FormatUint(uint64(e.Code), 10)
}

var errAnswer = errors.New("malformed answer")

// call asks one question and waits for the answer, until ctx ends.
func (c *conn) call(ctx context.Context, path string, message []byte) ([]byte, error) {
	if c.err != nil {
		return nil, c.err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.rw.SetDeadline(time.Unix(1, 0)) })
	a, err := c.roundTrip(path, timeout(ctx), frameMessage(message))
	if !stop() {
		c.err = fmt.Errorf("no answer: %w", context.Cause(ctx))
		if err != nil {
			return nil, c.err
		}
	}
	if err != nil {
		c.err = err
		return nil, err
	}
	return a.message()
}

// timeout tells the runtime how long we wait, in milliseconds; "" for ever.
func timeout(ctx context.Context) string {
	at, ok := ctx.Deadline()
	if !ok {
		return ""
	}
	return strconv.FormatInt(max(1, time.Until(at).Milliseconds()), 10) + "m"
}

// frameMessage puts gRPC's five bytes in front: not compressed, the length.
func frameMessage(message []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	return append(b, message...)
}

// answer is what came back: the last header fields, and data.
type answer struct {
	status, contentType     string // of HTTP
	grpcStatus, grpcMessage string
	data                    []byte
}

// message takes gRPC's message out, or gives its error.
func (a *answer) message() ([]byte, error) {
	switch {
	case a.status != "200":
		return nil, fmt.Errorf("%w: HTTP status %q", errAnswer, a.status)
	case !strings.HasPrefix(a.contentType, "application/grpc"):
		return nil, fmt.Errorf("%w: content type %q", errAnswer, a.contentType)
	}
	code, err := strconv.ParseUint(a.grpcStatus, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("%w: status %q", errAnswer, a.grpcStatus)
	}
	if code != 0 {
		return nil, &StatusError{Code: uint32(code), Message: unescape(a.grpcMessage)}
	}
	if len(a.data) < 5 || a.data[0] != 0 || uint64(binary.BigEndian.Uint32(a.data[1:])) != uint64(len(a.data)-5) {
		return nil, fmt.Errorf("%w: no single message", errAnswer)
	}
	return a.data[5:], nil
}

// unescape undoes percent-encoding; what is no code stays.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
