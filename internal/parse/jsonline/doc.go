// Package jsonline walks through JSON objects as tools print them, one in a
// line: bytes come in, members go out as they stand there, in their order and
// without any copy. It is for lines of which few members are wanted, many times
// a second; what is inside of a member that nobody asks for is not checked.
//
// It knows no format but JSON's.
package jsonline
