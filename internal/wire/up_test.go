package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

func TestUp(t *testing.T) {
	var b bytes.Buffer
	w := NewUpWriter(&b)
	all := []Up{{Request: json.RawMessage(`{"version":1}`)}, {}, {Ack: 17}, {Stop: "enough, \"really\"\n"}}
	for _, m := range all {
		must(t, w.Write(m))
	}
	b.WriteString("\n \r\n{\"ack\":18,\"later\":true}\r\n{\"ack\":1")
	all = append(all, Up{}, Up{}, Up{Ack: 18})
	// However the bytes come.
	for _, r := range []io.Reader{bytes.NewReader(b.Bytes()), oneByOne{bytes.NewReader(b.Bytes())}} {
		in := NewUpReader(r)
		for i, want := range all {
			got, err := in.Next()
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%d: %+v, %v", i, got, err)
			}
		}
		if _, err := in.Next(); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	}
	if err := NewUpWriter(failing{os.ErrClosed}).Write(Up{}); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	if err := w.Write(Up{Request: json.RawMessage("{")}); err == nil {
		t.Error("half a request was written")
	}
}

type oneByOne struct{ r io.Reader }

func (o oneByOne) Read(b []byte) (int, error) { return o.r.Read(b[:min(len(b), 1)]) }

func TestUpWrong(t *testing.T) {
	for in, want := range map[string]string{
		"hello\n":                           `"hello"`,
		"[]\n":                              "cannot unmarshal",
		`{"ack":-1}` + "\n":                 "cannot unmarshal",
		strings.Repeat("x", MaxLine+1):      "longer than",
		strings.Repeat("x", 2*MaxLine+1000): "longer than",
	} {
		if _, err := NewUpReader(strings.NewReader(in)).Next(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", in, err)
		}
	}
	long := `{"stop":"` + strings.Repeat("x", MaxLine-100) + `"}` + "\n"
	if m, err := NewUpReader(strings.NewReader(long)).Next(); err != nil || len(m.Stop) != MaxLine-100 {
		t.Error(err)
	}
	if _, err := NewUpReader(failing{os.ErrDeadlineExceeded}).Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}
