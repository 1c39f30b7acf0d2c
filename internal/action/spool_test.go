package action

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
)

func TestSpool(t *testing.T) {
	s := newSpool()
	var want bytes.Buffer
	for i := range 1000 {
		b := bytes.Repeat([]byte{byte(i)}, i)
		want.Write(b)
		if n, err := s.Write(b); n != i || err != nil {
			t.Fatal(n, err)
		}
		clear(b) // it belongs to the writer
	}
	s.CloseWrite()
	got, err := io.ReadAll(s)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%d bytes of %d, %v", len(got), want.Len(), err)
	}
	if _, err := s.Write([]byte{1}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a write after the end: %v", err)
	}
}

// A reader that goes lets a writer go that waits for room.
func TestSpoolReaderGone(t *testing.T) {
	s := newSpool()
	s.held = spoolRoom
	done := make(chan error)
	go func() {
		_, err := s.Write([]byte{1})
		done <- err
	}()
	s.CloseRead()
	if err := <-done; !errors.Is(err, os.ErrClosed) {
		t.Errorf("the write gave %v", err)
	}
}
