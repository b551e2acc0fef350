package main

import (
	"iter"
	"runtime"
	"sync"
)

// window is how many elements of a sequence are in memory at once.
const window = 32

// inOrder returns what f makes of the elements of a sequence, in their order. F
// is called on all processors at once, and elements are read before they are
// asked for. An error ends the sequence. All goroutines have ended when the
// sequence has.
func inOrder[In, Out any](seq iter.Seq2[In, error], f func(In) Out) iter.Seq2[Out, error] {
	type result struct {
		out Out
		err error
	}
	return func(yield func(Out, error) bool) {
		stop := make(chan struct{})
		work := make(chan func())
		results := make(chan chan result, window)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer close(stop)
		for range runtime.GOMAXPROCS(0) {
			wg.Go(func() {
				for do := range work {
					do()
				}
			})
		}
		wg.Go(func() {
			defer close(results)
			defer close(work)
			for in, err := range seq {
				r := make(chan result, 1)
				do := func() { r <- result{out: f(in)} }
				if err != nil {
					do = func() { r <- result{err: err} }
				}
				select {
				case results <- r:
				case <-stop:
					return
				}
				// What is promised is done: workers end after this loop.
				work <- do
			}
		})
		for r := range results {
			if got := <-r; !yield(got.out, got.err) || got.err != nil {
				return
			}
		}
	}
}
