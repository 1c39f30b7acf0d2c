// Command web is all that the test bed's pods do: it serves and asks, over HTTP
// and UDP, with bounds on everything.
//
//	web                         serve HTTP and echo UDP datagrams on :8080
//	web get URL                 print an answer, at most 3 s
//	web load URL                read an answer to its end, print its length
//	web ask ADDRESS N PAUSE     send N datagrams with PAUSE between, print how many came back
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

const address = ":8080"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 0:
		return serve()
	case len(args) == 2 && args[0] == "get":
		return get(args[1], os.Stdout, 3*time.Second)
	case len(args) == 2 && args[0] == "load":
		n := &counter{}
		err := get(args[1], n, 5*time.Minute)
		fmt.Println(n.bytes)
		return err
	case len(args) == 4 && args[0] == "ask":
		return ask(args[1], args[2], args[3])
	}
	return errors.New("usage: web [get URL | load URL | ask ADDRESS N PAUSE]")
}

// serve ends with SIGTERM at once, as a pod should.
func serve() error {
	done := make(chan os.Signal, 1)
	signal.Notify(done, syscall.SIGTERM, syscall.SIGINT)
	failed := make(chan error, 2)
	mux := http.NewServeMux()
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello from %s to %s\n", name, r.RemoteAddr)
	})
	mux.HandleFunc("GET /bytes/{n}", sendBytes)
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { failed <- server.ListenAndServe() }()
	go func() { failed <- echo() }()
	select {
	case <-done:
		return nil
	case err := <-failed:
		return err
	}
}

// sendBytes answers with as many bytes as the path says. They repeat, so that
// a compressed stream of them is small.
func sendBytes(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.PathValue("n"), 10, 64)
	if err != nil || n < 0 || n > 1<<33 {
		http.Error(w, "a number of bytes up to 2^33", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	if _, err := io.CopyN(w, pattern{}, n); err != nil {
		return // the client has gone
	}
}

type pattern struct{}

func (pattern) Read(b []byte) (int, error) {
	const text = "pktrail test bed "
	for i := 0; i < len(b); i += copy(b[i:], text) {
	}
	return len(b), nil
}

func echo() error {
	c, err := new(net.ListenConfig).ListenPacket(context.Background(), "udp", address)
	if err != nil {
		return err
	}
	for b := make([]byte, 65536); ; {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			return err
		}
		if _, err := c.WriteTo(b[:n], from); err != nil {
			fmt.Fprintln(os.Stderr, "web:", err) // whoever asked may be gone
		}
	}
}

type counter struct{ bytes int64 }

func (c *counter) Write(b []byte) (int, error) {
	c.bytes += int64(len(b))
	return len(b), nil
}

func get(url string, w io.Writer, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, r.Status)
	}
	_, err = io.Copy(w, r.Body)
	return err
}

// ask sends numbered datagrams at an even pace, from one port, and counts the
// answers until half a second after the last one was sent.
func ask(addr, count, pause string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(pause)
	if err != nil {
		return err
	}
	c, err := new(net.Dialer).DialContext(context.Background(), "udp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	got := make(chan int)
	go func() {
		answers := 0
		for b := make([]byte, 100); ; answers++ {
			if _, err := c.Read(b); err != nil {
				got <- answers
				return
			}
		}
	}()
	for i := range n {
		if _, err := fmt.Fprintf(c, "datagram %d", i); err != nil {
			fmt.Fprintln(os.Stderr, "web:", err) // refused: nobody listens there
		}
		time.Sleep(d)
	}
	if err := c.SetReadDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
		return err
	}
	fmt.Println(<-got)
	return nil
}
