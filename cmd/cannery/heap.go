package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// heapRoom is how much the heap grows at least, in bytes, until its garbage is
// collected.
const heapRoom = 24 << 20

// tuneCollector has garbage collected when so much has come together that the
// collector's work with what is in use is worth it. By itself it lets the heap
// double: with few recordings it would look through them a hundred times a
// second, and with many that are packed, which it need not look into, it would
// let as much garbage pile up. A GOGC of the user's counts.
var tuneCollector = sync.OnceFunc(func() {
	if os.Getenv("GOGC") == "" {
		tune(new(sentinel))
	}
})

// A sentinel is garbage from the start: that it is found says that one is over.
type sentinel struct{ _ *int }

func tune(next *sentinel) {
	const (
		most  = 100 * heapRoom / (4 << 20) // the runtime's least heap is 4 MiB at 100
		least = 5                          // a collector that never rests serves nobody
	)
	heap := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/heap:bytes"}}
	metrics.Read(heap)
	inUse, scanned := max(heap[0].Value.Uint64(), 1), heap[1].Value.Uint64()
	// To find a recording's piece takes longer than to look through as many
	// bytes, so many recordings want more room, within what the runtime gives.
	room := max(6*scanned, 5*heapRoom) - 4*heapRoom
	room = max(min(room, inUse), heapRoom)
	debug.SetGCPercent(int(min(most, max(least, 100*room/inUse))))
	runtime.SetFinalizer(next, tune)
}

// returnMemory gives back what reading a large set of recordings has left.
func returnMemory() {
	var heap runtime.MemStats
	if runtime.ReadMemStats(&heap); heap.HeapSys >= 2*heapRoom {
		debug.FreeOSMemory()
	}
}
