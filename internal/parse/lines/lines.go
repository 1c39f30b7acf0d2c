package lines

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/pktrail/pktrail/internal/parse"
)

// Max is the longest line that is taken, in bytes.
const Max = 1 << 20

// Reader reads lines.
type Reader struct {
	r      *bufio.Reader
	long   []byte
	number int
	err    error
}

// New reads from r.
func New(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, 1<<16)} }

// Number is that of the line which was read last, from 1.
func (l *Reader) Number() int { return l.number }

// mark is the byte order mark of UTF-8, which is no part of the first line.
var mark = []byte("\xef\xbb\xbf")

// Next gives the next line without its end, valid until the next call, and
// io.EOF behind the last one. A line of more than Max bytes is a
// *parse.LineError with parse.ErrTooLong: reading goes on behind it.
func (l *Reader) Next() ([]byte, error) {
	if l.err != nil {
		return nil, l.err
	}
	line, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return l.rest(line)
	}
	return l.finish(line, err)
}

// rest puts a line together that is longer than the buffer.
func (l *Reader) rest(head []byte) ([]byte, error) {
	l.long = append(l.long[:0], head...)
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.long) <= Max+2 { // with the end of the line
			l.long = append(l.long, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(l.long) <= Max+2 {
			return l.finish(l.long, err)
		}
		l.number++
		l.err = err
		return nil, &parse.LineError{Line: l.number, Text: string(l.long[:200]), Err: parse.ErrTooLong}
	}
}

func (l *Reader) finish(line []byte, err error) ([]byte, error) {
	l.err = err
	if len(line) == 0 && err != nil {
		return nil, err
	}
	l.number++
	if l.number == 1 {
		line = bytes.TrimPrefix(line, mark)
	}
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, nil
}
