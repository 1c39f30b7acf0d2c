package cri

import (
	"encoding/binary"
	"errors"
)

// Wire types of protocol buffers (protobuf.dev/programming-guides/encoding).
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

var errMessage = errors.New("malformed message")

// field is one field of a message: a number for wireVarint, bytes for
// wireBytes. Bytes point into the message.
type field struct {
	number uint64
	wire   uint8
	n      uint64
	bytes  []byte
}

// fields calls do for each field of a message in turn, also for those that
// nobody here knows.
func fields(message []byte, do func(f field) error) error {
	for len(message) > 0 {
		key, size := binary.Uvarint(message)
		if size <= 0 || key>>3 == 0 || key>>3 >= 1<<29 {
			return errMessage
		}
		message = message[size:]
		f := field{number: key >> 3, wire: uint8(key & 7)}
		switch f.wire {
		case wireVarint:
			f.n, size = binary.Uvarint(message)
		case wireFixed64:
			size = 8
		case wireFixed32:
			size = 4
		case wireBytes:
			f.n, size = binary.Uvarint(message)
			if size <= 0 || f.n > uint64(len(message)-size) {
				return errMessage
			}
			f.bytes = message[size : size+int(f.n)]
			size += int(f.n)
		default:
			return errMessage // groups, which proto3 does not have
		}
		if size <= 0 || size > len(message) {
			return errMessage
		}
		message = message[size:]
		if err := do(f); err != nil {
			return err
		}
	}
	return nil
}

// is tells the field with that number and wire type. A known number with
// another wire type is an unknown field.
func (f field) is(number uint64, wire uint8) bool { return f.number == number && f.wire == wire }

// inside calls do for the fields of the message at a path of numbers.
func inside(message []byte, path []uint64, do func(f field) error) error {
	if len(path) == 0 {
		return fields(message, do)
	}
	return fields(message, func(f field) error {
		if f.is(path[0], wireBytes) {
			return inside(f.bytes, path[1:], do)
		}
		return nil
	})
}

// entry reads an entry of a map of strings.
func entry(message []byte) (key, value string, err error) {
	err = fields(message, func(f field) error {
		switch {
		case f.is(1, wireBytes):
			key = string(f.bytes)
		case f.is(2, wireBytes):
			value = string(f.bytes)
		}
		return nil
	})
	return key, value, err
}

func appendKey(b []byte, number uint64, wire uint8) []byte {
	return binary.AppendUvarint(b, number<<3|uint64(wire))
}

func appendBytes[T ~string | ~[]byte](b []byte, number uint64, value T) []byte {
	b = binary.AppendUvarint(appendKey(b, number, wireBytes), uint64(len(value)))
	return append(b, value...)
}

func appendNumber(b []byte, number, n uint64) []byte {
	return binary.AppendUvarint(appendKey(b, number, wireVarint), n)
}
