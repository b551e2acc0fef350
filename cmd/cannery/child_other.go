//go:build !unix

package main

import (
	"os"
	"os/exec"
	"os/signal"
	"time"

	"github.com/spf13/cobra"
)

// exitTimeout is how long a command's output is waited for once it has ended.
const exitTimeout = 2 * time.Second

// A child is a command on a system without process groups: what it leaves
// behind is left, and it outlives us when we are killed.
type child struct {
	cmd     *exec.Cmd
	signals chan os.Signal
}

// startChild starts a command. An interrupt, which reaches it too, does not end
// us until wait has returned.
func startChild(cmd *exec.Cmd) (*child, error) {
	c := &child{cmd: cmd, signals: make(chan os.Signal, 1)}
	signal.Notify(c.signals, os.Interrupt)
	if err := cmd.Start(); err != nil {
		signal.Stop(c.signals)
		return nil, childError(cmd.Args, err)
	}
	return c, nil
}

// wait waits for the command's end, and returns its exit code.
func (c *child) wait() int {
	defer signal.Stop(c.signals)
	_ = c.cmd.Wait()
	return c.cmd.ProcessState.ExitCode()
}

// newGuard returns a command that does nothing: there are no groups to guard.
func newGuard(*world) *cobra.Command {
	return &cobra.Command{Use: "__guard", Hidden: true, Args: noArguments, Run: func(*cobra.Command, []string) {}}
}
