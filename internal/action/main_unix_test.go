//go:build unix

package action

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// TestMain is also the program that inChild starts, and it holds the whole
// run to leaving nothing behind.
func TestMain(m *testing.M) {
	if task := os.Getenv("ACTION_TEST_CHILD"); task != "" {
		if err := child(task); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if left := labtest.Leftovers(); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "left behind:", left)
		code = 1
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
