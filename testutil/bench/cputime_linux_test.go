package main

import (
	"os"
	"testing"
	"time"
)

func TestProcessorTimeGrowsWithWork(t *testing.T) {
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		now, err := cpuTime(os.Getpid())
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%v after %v of work, %v", now-before, 10*time.Second, err)
		}
		if now-before > time.Millisecond { // less than a tick of /proc
			break
		}
	}
	if _, err := cpuTime(1 << 22); err == nil {
		t.Error("a process that cannot be is no error")
	}
}
