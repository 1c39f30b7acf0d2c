package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/pktrail/pktrail/internal/probe/afpacket"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// bare is a capture with nothing around the ring reader and the writer: what
// pktrail capture could cost at best.
func bare(ctx context.Context, name string, o options) error {
	dev, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	ring, err := afpacket.Open(afpacket.Options{Interface: dev.Index, Buffer: o.buffer, Timeout: o.timeout})
	if err != nil {
		return err
	}
	rd, err := afpacket.NewReader([]*afpacket.Ring{ring}, nil)
	if err != nil {
		return errors.Join(err, ring.Close())
	}
	out, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return errors.Join(err, rd.Close())
	}
	n, err := copyFrames(ctx, rd, out)
	st, statErr := rd.Stats()
	if err = errors.Join(err, statErr, rd.Close(), out.Close()); err != nil {
		return err
	}
	fmt.Printf("%d packets  missed %d\n", n, st[0].Missed)
	return nil
}

func copyFrames(ctx context.Context, rd *afpacket.Reader, out io.Writer) (n int, err error) {
	w, err := record.NewWriter(out, record.Header{Started: time.Now()})
	if err != nil {
		return 0, err
	}
	stop := context.AfterFunc(ctx, rd.Stop)
	defer stop()
	points := 0
	var f trail.Frame
	for {
		err := rd.Read(&f)
		if errors.Is(err, io.EOF) {
			return n, w.Flush()
		}
		if err != nil {
			return n, err
		}
		for ; points < len(rd.Points()); points++ {
			if _, err := w.AddPoint(rd.Points()[points], record.PointOptions{}); err != nil {
				return n, err
			}
		}
		if err := w.WriteFrame(&f); err != nil {
			return n, err
		}
		n++
	}
}
