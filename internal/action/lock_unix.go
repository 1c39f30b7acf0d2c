//go:build unix

package action

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes the file for this process alone, until it is closed
// (flock(2)). A disk that knows no locks gives none.
func lockFile(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == unix.EWOULDBLOCK {
		return err
	}
	return nil
}
