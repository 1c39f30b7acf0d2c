package place

import (
	"archive/tar"
	"bytes"
	"fmt"
)

// tarOf is an archive with one program in it.
func tarOf(name string, program []byte) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o700, Size: int64(len(program)), Typeflag: tar.TypeReg})
	if err == nil {
		_, err = w.Write(program)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("pack agent: %w", err)
	}
	return b.Bytes(), nil
}
