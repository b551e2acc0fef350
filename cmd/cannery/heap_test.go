package main

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// What is in use, and what of it has to be looked through, decides how much may
// come on top of it.
func TestCollectorsPaceFollowsTheHeap(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	collected := make(chan int)
	once := func() int {
		runtime.GC()
		runtime.SetFinalizer(new(sentinel), func(*sentinel) { collected <- 0 })
		runtime.GC()
		<-collected
		percent := debug.SetGCPercent(100)
		debug.SetGCPercent(percent)
		return percent
	}
	// Which of two finalizers runs first is not said: the pace is what stays.
	pace := func() int {
		for last := once(); ; {
			percent := once()
			if percent == last {
				return percent
			}
			last = percent
		}
	}
	tune(new(sentinel))
	small := pace()
	recordings := make([]byte, 4*heapRoom)
	large := pace()
	runtime.KeepAlive(recordings)
	pointers := make([]*int, 4*heapRoom/8)
	if slow := pace(); slow < 100 {
		t.Errorf("garbage is collected at %d%% of a heap that has to be looked through", slow)
	}
	runtime.KeepAlive(pointers)
	if small < 100 || large > 25 || large < 5 {
		t.Errorf("garbage is collected at %d%% of a small heap, and at %d%% of one of %d MiB", small, large, 4*heapRoom>>20)
	}
	if again := pace(); again < 100 {
		t.Errorf("once the heap is small again, garbage is still collected at %d%%", again)
	}
}
