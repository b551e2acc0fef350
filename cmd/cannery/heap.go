package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// heapRoom is how much the heap grows, in bytes, until its garbage is collected.
const heapRoom = 24 << 20

// paceCollector has garbage collected whenever about heapRoom has come together,
// however much memory is in use. By itself the collector lets the heap double:
// with few recordings it would look through them a hundred times a second, and
// with many, which stay, it would let as much garbage pile up. A GOGC of the
// user's counts.
var paceCollector = sync.OnceFunc(func() {
	if os.Getenv("GOGC") == "" {
		setPace(new(collection))
	}
})

// A collection is garbage from the start: that it is found says that one is over.
type collection struct{ _ *int }

func setPace(next *collection) {
	const (
		most  = 100 * heapRoom / (4 << 20) // the runtime's least heap is 4 MiB at 100
		least = 5                          // a collector that never rests serves nobody
	)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	inUse := max(live[0].Value.Uint64(), 1)
	debug.SetGCPercent(int(min(most, max(least, 100*heapRoom/inUse))))
	runtime.SetFinalizer(next, setPace)
}

// returnMemory gives back what reading a large set of recordings has left.
func returnMemory() {
	var heap runtime.MemStats
	if runtime.ReadMemStats(&heap); heap.HeapSys >= 2*heapRoom {
		debug.FreeOSMemory()
	}
}
