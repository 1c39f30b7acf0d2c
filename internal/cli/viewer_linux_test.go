package cli_test

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// standIn is Wireshark in the scripts: it notes its arguments in $VIEWER_LOG
// and writes what it reads to $VIEWER_OUT. It can wait before it reads
// ($VIEWER_WAIT), be closed after some bytes ($VIEWER_BYTES), stop its capture
// and stay until the file "close" is there ($VIEWER_STOP), or fail
// ($VIEWER_EXIT).
func standIn() {
	note := func(text string) {
		f, err := os.OpenFile(os.Getenv("VIEWER_LOG"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			fmt.Fprintln(f, text)
			_ = f.Close()
		}
	}
	note("argv: " + strings.Join(os.Args[1:], " "))
	if code, err := strconv.Atoi(os.Getenv("VIEWER_EXIT")); err == nil {
		fmt.Fprintln(os.Stderr, "no display")
		os.Exit(code)
	}
	if d, err := time.ParseDuration(os.Getenv("VIEWER_WAIT")); err == nil {
		time.Sleep(d)
	}
	in, err := os.Open(os.Args[len(os.Args)-1])
	if err != nil {
		note(err.Error())
		os.Exit(1)
	}
	out, err := os.Create(os.Getenv("VIEWER_OUT"))
	if err != nil {
		note(err.Error())
		os.Exit(1)
	}
	limit := func(name string) (int64, bool) {
		n, err := strconv.ParseInt(os.Getenv(name), 10, 64)
		return n, err == nil
	}
	if n, ok := limit("VIEWER_BYTES"); ok {
		_, _ = io.CopyN(out, in, n)
		return
	}
	if n, ok := limit("VIEWER_STOP"); ok {
		_, _ = io.CopyN(out, in, n)
		_ = in.Close()
		for range 1000 {
			if _, err := os.Stat("close"); err == nil {
				note("closed")
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		os.Exit(1)
	}
	_, err = io.Copy(out, in)
	note(fmt.Sprint("end ", err))
}
