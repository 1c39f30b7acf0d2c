package lines

import (
	"bytes"

	"github.com/pktrail/pktrail/internal/parse"
)

// shown is how much of a line an error quotes, in bytes.
const shown = 200

// Error is what is wrong with a line.
func Error[S []byte | string](number int, line S, err error) *parse.LineError {
	return &parse.LineError{Line: number, Text: string(line[:min(len(line), shown)]), Err: err}
}

// Head gives the whole lines that a text begins with, at most so many; one that
// is cut short only if there is no other.
func Head(head []byte, most int) [][]byte {
	r := New(bytes.NewReader(head))
	var out [][]byte
	for len(out) < most {
		l, err := r.Next()
		if err != nil {
			break
		}
		out = append(out, bytes.Clone(l))
	}
	if n := len(out); n > 1 && n < most && head[len(head)-1] != '\n' {
		out = out[:n-1]
	}
	return out
}
