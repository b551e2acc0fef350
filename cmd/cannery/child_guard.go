//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// guardCommand makes this program a guard. It is no user's.
const guardCommand = "__guard"

// exitTimeout is how long programs that a command has left behind may take to
// end when they are asked to.
const exitTimeout = 2 * time.Second

// A guard is a process of this program that leads a process group, and so keeps
// the group's number from being anybody else's. It ends the group when we are
// gone, however we went: it sees the end of a pipe that only we write to.
type guard struct {
	cmd  *exec.Cmd
	hold io.WriteCloser
}

// startGuard makes a group of a guard alone.
func startGuard() (*guard, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	g := &guard{cmd: exec.Command(path, guardCommand)}
	g.cmd.Args[0] = "cannery"
	g.cmd.Dir = "/" // a working directory cannot be unmounted
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ready, err := g.cmd.StdoutPipe()
	if err == nil {
		g.hold, err = g.cmd.StdinPipe()
	}
	if err == nil {
		err = g.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start this program as a guard: %w", err)
	}
	// Before it says so, a signal to the group could end it.
	if _, err := io.ReadFull(ready, make([]byte, 1)); err != nil {
		return nil, errors.Join(fmt.Errorf("start this program as a guard: %w", err), g.hold.Close(), g.cmd.Wait())
	}
	return g, nil
}

// group returns the number of the process group.
func (g *guard) group() int { return g.cmd.Process.Pid }

// end ends the group, and returns when nothing of it is left.
func (g *guard) end() {
	if _, err := g.hold.Write([]byte{0}); err != nil {
		_ = unix.Kill(-g.group(), unix.SIGKILL) // somebody has killed the guard
	}
	_ = g.hold.Close()
	for {
		pid, err := unix.Wait4(g.cmd.Process.Pid, nil, unix.WNOHANG, nil)
		if pid != 0 && err != unix.EINTR {
			break
		}
		// Orphans that have become our children are in the group until we
		// have seen their end.
		_, _ = unix.Wait4(-g.group(), nil, unix.WNOHANG, nil)
		time.Sleep(time.Millisecond)
	}
	_ = g.cmd.Wait() // only for its pipes
}

// newGuard is the guard's side, as a command.
func newGuard(w *world) *cobra.Command {
	return &cobra.Command{
		Use:    guardCommand,
		Hidden: true,
		Args:   noArguments,
		RunE: func(*cobra.Command, []string) error {
			if unix.Getpgrp() != os.Getpid() || isTerminalFile(w.stdin) {
				return misuse("cannery run starts it", "%s is not for people", guardCommand)
			}
			guardGroup(w.stdin, w.stdout)
			return nil
		},
	}
}

// guardGroup ends the group that this process leads when hold ends: at once, or
// with time to end, when a byte has come before.
func guardGroup(hold io.Reader, ready io.Writer) {
	// What is for the command.
	signal.Ignore(append(passedOn(), syscall.SIGALRM, syscall.SIGTTIN, syscall.SIGTTOU)...)
	if _, err := ready.Write([]byte{0}); err != nil {
		return
	}
	if _, err := io.ReadFull(hold, make([]byte, 1)); err != nil {
		_ = unix.Kill(0, unix.SIGKILL)
	}
	group := unix.Getpgrp()
	_ = unix.Kill(0, unix.SIGTERM)
	_ = unix.Kill(0, unix.SIGCONT)
	// Out of the group we see whether it is empty. Where that is not allowed,
	// it never is.
	if parents, err := unix.Getpgid(os.Getppid()); err == nil {
		_ = unix.Setpgid(0, parents)
	}
	for deadline := time.Now().Add(exitTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if unix.Kill(-group, 0) == unix.ESRCH {
			return
		}
	}
	_ = unix.Kill(-group, unix.SIGKILL)
}
