package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// newTerminal opens a new terminal: what a person has of it, and what programs have.
// Columns is its width, 0 for one that does not say.
func newTerminal(columns int) (person, program *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	person = os.NewFile(uintptr(fd), "/dev/ptmx")
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil && columns > 0 {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)})
	}
	if err == nil {
		program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		person.Close()
		return nil, nil, err
	}
	return person, program, nil
}

// atTerminal is a program for scripts: "terminal COLUMNS PROGRAM ARGS..." runs a program at
// a terminal so wide and 24 lines high, and prints what stands there in the end: colours
// by name, and of a line that was written again the last of it.
func atTerminal() {
	columns, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	person, program, err := newTerminal(columns)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = cmd.Start()
	program.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	all, _ := io.ReadAll(person) // ends with an error when nobody has the terminal any more
	err = cmd.Wait()
	for line := range strings.SplitSeq(strings.TrimSuffix(string(all), "\r\n"), "\r\n") {
		line = line[strings.LastIndexByte(line, '\r')+1:]
		fmt.Println(colourNames.Replace(line))
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
}

var colourNames = strings.NewReplacer(red, "<red>", green, "<green>", yellow, "<yellow>", bold, "<bold>", plain, "<plain>", "\x1b[2K", "", "\x1b[J", "")
