//go:build !linux

package main

import (
	"fmt"
	"os"
)

// atTerminal is told of in terminal_linux_test.go. Scripts do not use it elsewhere.
func atTerminal() {
	fmt.Fprintln(os.Stderr, "there is no terminal for scripts on this system")
	os.Exit(2)
}
