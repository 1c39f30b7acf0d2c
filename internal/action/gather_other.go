//go:build !linux

package action

import "os"

// rows writes rows of buffers, one by one.
type rows struct{}

func (*rows) write(f *os.File, bufs [][]byte) (done int, err error) {
	for _, b := range bufs {
		n, err := f.Write(b)
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}
