//go:build unix

package main

import (
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// A child is a command that runs in a process group of its own, beside a guard
// that ends the group should we be killed. Its methods are for one goroutine,
// that of startChild: on Linux the kernel ties the command to its thread.
type child struct {
	cmd   *exec.Cmd
	guard *guard
	tty   *terminal

	// signals are those to pass on, and of those about the child: SIGCHLD,
	// and SIGCONT after a stop.
	signals chan os.Signal

	// stopped says that we have stopped with the command, and lent that the
	// terminal was the group's then.
	stopped, lent bool
}

// passedOn returns the signals that are meant for the command.
func passedOn() []os.Signal {
	return []os.Signal{
		syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGTERM,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGTSTP,
	}
}

// startChild starts a command. From now on signals are the command's, until
// wait has returned.
func startChild(cmd *exec.Cmd) (*child, error) {
	c := &child{cmd: cmd, tty: openTerminal(), signals: make(chan os.Signal, 64)}
	runtime.LockOSThread()
	adoptOrphans()
	if err := c.start(); err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

func (c *child) start() (err error) {
	if c.guard, err = startGuard(); err != nil {
		return err
	}
	for _, sig := range passedOn() {
		// What nohup, or a shell's "&", has made us ignore is not wanted: the
		// command inherits that.
		if !signal.Ignored(sig) {
			signal.Notify(c.signals, sig)
		}
	}
	signal.Notify(c.signals, syscall.SIGCHLD, syscall.SIGCONT)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: c.guard.group()}
	diesWithUs(c.cmd.SysProcAttr)
	if isTerminalFile(c.cmd.Stdin) && isTerminalFile(c.cmd.Stdout) && c.tty.isOurs() {
		// Not in a pipeline, whose other members may want the terminal too:
		// they get it when they read from it, and so does the command.
		c.tty.lend(c.guard.group())
	}
	err = c.cmd.Start()
	// Taking the terminal back is done from the background. The command must
	// not inherit that we ignore this signal.
	signal.Ignore(syscall.SIGTTOU)
	if err != nil {
		return childError(c.cmd.Args, err)
	}
	return nil
}

// wait passes signals on until the command has ended, and returns its exit
// code, or 128 and the number of the signal that has killed it. What is left of
// its group has ended too then.
func (c *child) wait() int {
	defer c.end()
	for sig := range c.signals {
		switch sig {
		case syscall.SIGCHLD:
			if code, ended := c.look(); ended {
				return code
			}
		case syscall.SIGCONT:
			c.resume()
		case syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2:
			_ = c.cmd.Process.Signal(sig) // it has not been waited for
		default: // terminals and shells send these to a whole group
			c.signalGroup(sig.(syscall.Signal))
		}
	}
	return exitFailed // not reached: nobody closes the channel
}

// look asks what has become of the command.
func (c *child) look() (code int, ended bool) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(c.cmd.Process.Pid, &status, syscall.WNOHANG|syscall.WUNTRACED, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil: // somebody else has waited for it
			return exitFailed, true
		case pid == 0:
			return 0, false
		case status.Stopped():
			c.suspend(status.StopSignal())
		case status.Signaled():
			return 128 + int(status.Signal()), true
		default:
			return status.ExitStatus(), true
		}
	}
}

// suspend does what a shell does with a stopped job: it gives the terminal to a
// job that has stopped for want of it; else we stop as well, the terminal in
// our hands, so that the shell which has started us goes on. Without a terminal
// the command stays stopped until whoever did that makes it go on.
func (c *child) suspend(sig syscall.Signal) {
	group := c.guard.group()
	wants := sig == syscall.SIGTTIN || sig == syscall.SIGTTOU
	switch {
	case c.tty == nil, sig == syscall.SIGSTOP && !c.tty.isOf(group):
	case wants && c.tty.isOurs():
		c.tty.lend(group)
		c.signalGroup(unix.SIGCONT)
	case wants && isOrphaned(): // the kernel does so with orphaned jobs
		c.signalGroup(unix.SIGHUP)
		c.signalGroup(unix.SIGCONT)
	case isOrphaned():
		c.signalGroup(unix.SIGCONT)
	default:
		c.stopped, c.lent = true, c.tty.takeBack(group)
		signal.Ignore(syscall.SIGTSTP) // Reset would not bring the default back
		together := stopsUs(unix.SIGTSTP)
		_ = unix.Kill(0, unix.SIGTSTP) // those that we share a group with
		if !together {
			_ = unix.Kill(os.Getpid(), unix.SIGSTOP)
		}
	}
}

// resume makes the command go on when we have been told to.
func (c *child) resume() {
	if c.stopped {
		signal.Notify(c.signals, syscall.SIGTSTP)
		if c.lent && c.tty.isOurs() {
			c.tty.lend(c.guard.group())
		}
		c.stopped = false
	}
	c.signalGroup(unix.SIGCONT)
}

func (c *child) signalGroup(sig syscall.Signal) {
	_ = unix.Kill(-c.guard.group(), sig)
}

// end ends what the command has left behind, and takes signals and the terminal
// back.
func (c *child) end() {
	if c.guard != nil {
		c.tty.takeBack(c.guard.group())
		c.guard.end()
	}
	if c.cmd.Process != nil {
		_ = c.cmd.Wait() // only for its pipes: look has waited
	}
	signal.Stop(c.signals)
	c.tty.close()
	runtime.UnlockOSThread()
}

// isOrphaned reports whether no shell of our session could make us go on once
// we have stopped.
func isOrphaned() bool {
	ours, err := unix.Getsid(0)
	theirs, err2 := unix.Getsid(os.Getppid())
	return err != nil || err2 != nil || ours != theirs
}
