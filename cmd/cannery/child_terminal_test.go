//go:build linux

package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTerminalIsTheCommands: keys, reading and job control are as without
// cannery. Each pair is what somebody types and what a shell then shows.
func TestTerminalIsTheCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: what becomes of other processes is tried without -short")
	}
	const (
		run       = "cannery run --offline --quiet -- "
		interrupt = "\x03"
		end       = "\x04"
		stop      = "\x1a"

		// What is typed while the shell has the terminal is echoed or not,
		// and a control character is then no more than that: each turn waits
		// for what the command itself says.
		answers = `sh -c 'echo re""ady; while read x; do echo got $x; done'`
		ready   = "ready\r\n"
	)
	for name, dialogue := range map[string][][2]string{
		"stop and go on": {
			{run + answers + "\n", ready},
			{"one\n", "got one\r\n"},
			{stop, "Stopped"},
			{"fg\n", run},
			{"two\n", "got two\r\n"},
			{end, "$ "},
			{"echo rc=$?\n", "rc=0"},
		},
		"pipeline": {
			{"set -o pipefail\n", "$ "},
			{run + answers + " | cat\n", ready},
			{"one\n", "got one\r\n"},
			{stop, "Stopped"},
			{"fg\n", "cat\r\n"},
			{"two\n", "got two\r\n"},
			{interrupt, "$ "},
			{"echo rc=$?\n", "rc=130"},
		},
		"in a script": {
			{`sh -c "` + run + strings.ReplaceAll(strings.ReplaceAll(answers, `"`, `\"`), `$x`, `\$x`) + `; echo after \$?"` + "\n", ready},
			{"one\n", "got one\r\n"},
			{stop, "Stopped"},
			{"fg\n", `"` + "\r\n"},
			{"two\n", "got two\r\n"},
			{end, "after 0"},
		},
		"interrupt": {
			{run + answers + "\n", ready}, {"one\n", "got one\r\n"}, {interrupt, "$ "}, {"echo rc=$?\n", "rc=130"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shell := startShell(t)
			shell.await("$ ")
			for _, turn := range dialogue {
				shell.say(turn[0])
				shell.await(turn[1])
			}
		})
	}
}

// A shell at a terminal of its own.
type shell struct {
	t        *testing.T
	terminal *os.File
	seen     strings.Builder
}

func startShell(t *testing.T) *shell {
	return startShellOf(t, "bash", "--norc", "--noprofile", "-i")
}

func startShellOf(t *testing.T, name string, args ...string) *shell {
	t.Helper()
	terminal, slave, err := newTerminal(0)
	if err != nil {
		t.Skipf("SKIPPED: there are no terminals: %v", err)
	}
	t.Cleanup(func() { terminal.Close() })
	defer slave.Close()
	cmd := exec.Command(name, args...)
	cmd.Env = append(cmd.Environ(), "PS1=$ ", "TERM=dumb", "XDG_STATE_HOME="+t.TempDir())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Skipf("SKIPPED: there is no %s: %v", name, err)
	}
	t.Cleanup(func() {
		terminal.Close() // hangs up on all that is left
		_ = cmd.Wait()
	})
	return &shell{t: t, terminal: terminal}
}

func (s *shell) say(text string) {
	s.t.Helper()
	s.seen.Reset()
	if _, err := s.terminal.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// await reads until text has come since somebody said something.
func (s *shell) await(text string) {
	s.t.Helper()
	overdue := time.AfterFunc(scriptDeadline, func() { s.terminal.Close() })
	defer overdue.Stop()
	for buf := make([]byte, 4096); !strings.Contains(s.seen.String(), text); {
		n, err := s.terminal.Read(buf)
		if err != nil {
			s.t.Fatalf("%q did not come: %v; what came is %q", text, err, s.seen.String())
		}
		s.seen.Write(buf[:n])
	}
}
