package check

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"example.com/cannery/testutil/storetest"
)

// Usage is what a process has of what may leak.
type Usage struct {
	Heap        int64 // bytes in use after a collection
	Goroutines  int
	Descriptors int // 0 where the system does not say
}

func (u Usage) String() string {
	return fmt.Sprintf("%d KiB of heap, %d goroutines, %d descriptors", u.Heap>>10, u.Goroutines, u.Descriptors)
}

// UsageNow returns what this process has.
func UsageNow() Usage {
	u := Usage{Goroutines: runtime.NumGoroutine(), Heap: storetest.Heap()}
	if all, err := os.ReadDir("/proc/self/fd"); err == nil {
		u.Descriptors = len(all)
	}
	return u
}

// What a soak may have more at its end than at its beginning. It is for what pools keep,
// and for other tests of the process; what leaks with each request is far more.
const (
	moreHeap        = 24 << 20
	moreGoroutines  = 40
	moreDescriptors = 40
)

// Above returns what a process has more than it had and may have, "" for nothing.
func (u Usage) Above(first Usage) string {
	var all []string
	if u.Heap > first.Heap+moreHeap {
		all = append(all, fmt.Sprintf("%d KiB of heap", (u.Heap-first.Heap)>>10))
	}
	if u.Goroutines > first.Goroutines+moreGoroutines {
		all = append(all, fmt.Sprintf("%d goroutines", u.Goroutines-first.Goroutines))
	}
	if u.Descriptors > first.Descriptors+moreDescriptors {
		all = append(all, fmt.Sprintf("%d descriptors", u.Descriptors-first.Descriptors))
	}
	return strings.Join(all, ", ")
}
