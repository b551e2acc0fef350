package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns the processor time that a process has used, exact to the
// nanosecond: /proc has it in ticks of 10 ms, which is more than a Redis needs
// in a short turn.
func cpuTime(pid int) (time.Duration, error) {
	clock := int32(^pid<<3 | 2) // CPUCLOCK_SCHED of another process: clock_getcpuclockid(3)
	var spec unix.Timespec
	if err := unix.ClockGettime(clock, &spec); err != nil {
		return 0, fmt.Errorf("read the processor time of process %d: %w", pid, err)
	}
	return time.Duration(spec.Nano()), nil
}
