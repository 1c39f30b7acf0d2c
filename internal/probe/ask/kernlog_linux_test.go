//go:build !pktrail_lite

package ask

import (
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// TestLog writes into the kernel log as only the kernel's facility would not,
// and waits for a martian of the kernel's own.
func TestLog(t *testing.T) {
	labtest.RequireRoot(t)
	log, err := OpenLog()
	if err != nil {
		t.Fatal(err)
	}
	b := newBed(t)
	b.in("sysctl -qw net.ipv4.conf.all.log_martians=1 net.ipv4.conf.all.rp_filter=1")
	if err := os.WriteFile("/dev/kmsg", []byte("<6>martian source 1.2.3.4 from 5.6.7.8, on dev fake\n"), 0); err != nil {
		t.Fatal(err)
	}
	found := make(chan error, 1)
	go func() { found <- awaitMartian(log) }()
	// The peer sends with a source to which nothing leads.
	b.do("ip -n " + b.peers[0] + " addr add 198.51.100.7/32 dev lo")
	b.do("ip -n " + b.peers[0] + " route add 10.0.0.1/32 dev eth0 src 198.51.100.7")
	c := labtest.Dial(t, b.peers[0], "udp", "10.0.0.1:9")
	labtest.Wait(t, 15*time.Second, "a martian in the kernel log", func() bool {
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-found:
			if err != nil {
				t.Error(err)
			}
			return true
		default:
			return false
		}
	})
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := log.Read(); err != nil {
				ended <- err
				return
			}
		}
	}()
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrClosed) || errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// awaitMartian reads until the martian that TestLog makes.
func awaitMartian(log *Log) error {
	for {
		c, err := log.Read()
		switch {
		case err != nil:
			return err
		case c.Device == "fake":
			return fmt.Errorf("took what a program wrote for the kernel's: %+v", c)
		case c.Kind == MartianSource && c.Src == addr("198.51.100.7") && c.Dst == addr("10.0.0.1") && c.Device == "eth0" && c.Boot > 0:
			return nil
		}
	}
}
