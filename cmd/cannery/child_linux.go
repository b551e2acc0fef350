package main

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// diesWithUs has the kernel kill a command when we die, even if its guard was
// killed with us.
func diesWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }

// adoptOrphans makes what the command leaves behind our children, so that we
// see their end. Process 1 of a container often does not look, and then they
// stay in their group for ever.
func adoptOrphans() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }
