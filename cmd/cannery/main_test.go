package main

import (
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"example.com/cannery/testutil/storetest"
)

func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){"cannery": main, "fetch": fetch, "talk": talk, "call": call, "goclient": goClient, "terminal": atTerminal})
}

// A suite is what runs when the test binary is not a command of a script.
type suite struct{ *testing.M }

// Run runs the tests. What nohup, or a shell's "&", makes the tests ignore would
// be inherited by the commands that are to be signalled.
func (s suite) Run() int {
	ignored := make(chan os.Signal, 1)
	for _, sig := range []os.Signal{syscall.SIGHUP, os.Interrupt, syscall.SIGQUIT} {
		if signal.Ignored(sig) {
			signal.Notify(ignored, sig) // a caught signal is not inherited
		}
	}
	storetest.AtOnce()
	return s.M.Run()
}
