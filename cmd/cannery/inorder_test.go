package main

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
)

func TestInOrderKeepsTheOrder(t *testing.T) {
	var want, got []int
	for i := range 1000 {
		want = append(want, 2*i)
	}
	for n, err := range inOrder(upTo(1000, nil), func(n int) int { return 2 * n }) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, n)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %d in another order", len(got))
	}
}

func TestInOrderEndsWithTheFirstError(t *testing.T) {
	broken := errors.New("broken")
	n := 0
	for _, err := range inOrder(upTo(10, broken), func(n int) int { return n }) {
		if n++; (err != nil) != (n == 11) {
			t.Errorf("element %d: %v", n, err)
		}
	}
	if n != 11 {
		t.Errorf("%d elements, want 10 and the error", n)
	}
}

func TestInOrderLeavesNothingBehind(t *testing.T) {
	var running, ended atomic.Int64
	for range inOrder(upTo(1_000_000, nil), func(n int) int {
		running.Add(1)
		defer ended.Add(1)
		return n
	}) {
		break
	}
	if r, e := running.Load(), ended.Load(); r != e || r > 10*window {
		t.Errorf("%d were begun, %d have ended", r, e)
	}
}

func upTo(n int, last error) func(yield func(int, error) bool) {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if last != nil {
			yield(0, last)
		}
	}
}
