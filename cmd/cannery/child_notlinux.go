//go:build unix && !linux

package main

import "syscall"

// diesWithUs does nothing where the kernel cannot: the guard sees to it.
func diesWithUs(*syscall.SysProcAttr) {}

// adoptOrphans does nothing where process 1 looks after orphans.
func adoptOrphans() {}

// stopsUs reports that Go cannot bring the default of a signal back.
func stopsUs(syscall.Signal) bool { return false }
