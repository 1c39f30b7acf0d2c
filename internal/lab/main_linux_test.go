package lab_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// TestMain also is the program that crash_linux_test.go starts and kills, and
// it holds the whole run to leaving nothing behind.
func TestMain(m *testing.M) {
	if do := os.Getenv("LAB_TEST_CHILD"); do != "" {
		os.Exit(child(do, os.Getenv("LAB_TEST_NAME")))
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

func works() []lab.Flavour {
	return []lab.Flavour{lab.Flannel, lab.PTP, lab.Calico, lab.Macvlan}
}
