package main

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// diesWithUs has the kernel kill a command when we die, even if its guard was
// killed with us.
func diesWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }

// adoptOrphans makes what the command leaves behind our children, so that we
// see their end. Process 1 of a container often does not look, and then they
// stay in their group for ever.
func adoptOrphans() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// stopsUs brings a signal's default back, and reports whether it could. So one
// signal stops us together with others of our group. Were we to stop after them,
// a shell that waits for them could make all go on before we have stopped, and
// nobody would make us go on then.
func stopsUs(sig syscall.Signal) bool {
	var byDefault [64]byte // at least a struct sigaction, in which SIG_DFL is zero
	const setSize = 8      // bytes of its sigset_t; elsewhere the kernel refuses
	_, _, failed := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&byDefault)), 0, setSize, 0, 0)
	return failed == 0
}
