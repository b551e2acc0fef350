//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// A terminal is the one that controls us. Keys, such as those of an interrupt,
// go to one process group at a time, the foreground, which alone may read. A
// nil *terminal is nobody's.
type terminal struct{ fd int }

// openTerminal returns nil when no terminal controls us.
func openTerminal() *terminal {
	fd, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	return &terminal{fd}
}

func (t *terminal) close() {
	if t != nil {
		_ = unix.Close(t.fd)
	}
}

// isOurs reports whether our group is in the foreground.
func (t *terminal) isOurs() bool { return t.isOf(unix.Getpgrp()) }

func (t *terminal) isOf(group int) bool {
	if t == nil {
		return false
	}
	foreground, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	return err == nil && foreground == group
}

// lend puts a group in the foreground. From the background only who ignores
// SIGTTOU can.
func (t *terminal) lend(group int) {
	_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group)
}

// takeBack puts our group in the foreground if the other one was, and reports
// whether it was.
func (t *terminal) takeBack(group int) bool {
	was := t.isOf(group)
	if was {
		t.lend(unix.Getpgrp())
	}
	return was
}

// isTerminalFile reports whether a stream of a command is a terminal.
func isTerminalFile(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
