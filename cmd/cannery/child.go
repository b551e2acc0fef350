package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"strings"
	"syscall"

	"example.com/cannery/fixtures/secret"
)

// Exit codes that shells have for commands that cannot be run.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
)

// An exitStatus is the error of a command that ended with a code of its own,
// which becomes cannery's. It has said why itself: nothing is printed.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// childTimeout is how long the output of a command that has ended is waited
// for, when a program that it left behind still has a pipe of ours. Files, as
// a terminal is one, are the command's own and need no waiting.
const childTimeout = exitTimeout

// childCommand makes a command of its name and arguments, to be run without a
// shell in the working directory.
func childCommand(args []string, stdin io.Reader, stdout, stderr io.Writer) (*exec.Cmd, error) {
	path, err := exec.LookPath(args[0])
	if err != nil {
		return nil, childError(args, err)
	}
	cmd := exec.Command(path, args[1:]...)
	cmd.Args[0] = args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	cmd.WaitDelay = childTimeout
	return cmd, nil
}

// childError is the error of a command that could not be started, with the
// exit code that a shell has for it.
func childError(args []string, err error) error {
	name := secret.ShownCommand(args[:1])[0]
	quoted := fmt.Sprintf("run %q", name)
	hint := "the command is run without a shell: for one, write sh -c '...'"
	var lookup *exec.Error
	switch {
	case errors.Is(err, exec.ErrDot):
		return &failure{exitNotFound, fmt.Errorf("%s: it is in the working directory only", quoted), fmt.Sprintf("write ./%s", name)}
	case errors.As(err, &lookup) && errors.Is(err, syscall.EISDIR):
		return &failure{exitNotExecutable, fmt.Errorf("%s: it is a directory", quoted), ""}
	case errors.As(err, &lookup) && errors.Is(err, fs.ErrPermission):
		return &failure{exitNotExecutable, fmt.Errorf("%s: permission denied", quoted), "is it a program? chmod +x makes a file one"}
	case errors.As(err, &lookup):
		if len(args) == 1 && strings.ContainsAny(args[0], " \t") {
			hint = fmt.Sprintf("write the command without quotes: cannery run -- %s", name)
		}
		return &failure{exitNotFound, fmt.Errorf("%s: command not found", quoted), hint}
	case errors.Is(err, fs.ErrNotExist): // it was there a moment ago
		return &failure{exitNotExecutable, fmt.Errorf("%s: the program that its first line names is not there", quoted), ""}
	}
	return &failure{exitNotExecutable, fmt.Errorf("%s: %w", quoted, cause(err)), ""}
}
