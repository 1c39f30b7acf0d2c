package action

import (
	"context"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/kube/find"
	"github.com/pktrail/pktrail/internal/record"
)

// namesWithin is how long the end of a run waits for names, namesAfter how long
// these may wait for the run to begin: the lists are long, and the first packet
// is what people wait for.
const (
	namesWithin = 2 * time.Second
	namesAfter  = 500 * time.Millisecond
)

// names asks for the names of addresses, beside the run once that is armed; the
// answer waits for them. What was found has its names in any case, for the rest
// it takes rights.
func (c *crew) names(ctx context.Context, found *find.Found, armed <-chan struct{}) func() []record.Name {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	got, wanted := make(chan []record.Name, 1), make(chan struct{})
	go func() {
		select {
		case <-armed:
		case <-wanted:
		case <-time.After(namesAfter):
		}
		book, _ := find.Gather(ctx, c.cluster.Client, found, []string{c.cluster.Namespace}) // what may not be read has no name
		list := make([]record.Name, 0, len(book))
		for a, n := range book {
			list = append(list, record.Name{Addr: a, Names: n})
		}
		slices.SortFunc(list, func(a, b record.Name) int { return a.Addr.Compare(b.Addr) })
		got <- list
	}()
	return func() []record.Name {
		defer cancel()
		close(wanted)
		select {
		case list := <-got:
			return list
		case <-time.After(namesWithin):
			return nil
		}
	}
}
