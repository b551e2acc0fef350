// Command cannery is a record/replay caching proxy for tests: in front of an
// HTTP origin it answers what it knows, and forwards and records what it does
// not. See "cannery --help", and the README.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	// net/http's transport talks to the standard logger about what its
	// callers also get as an error.
	log.SetOutput(io.Discard)

	// A reader of our output that goes away must not take the proxy with it:
	// the write fails instead. Ignoring the signal would be inherited by
	// programs that we start.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	signals := func() <-chan os.Signal {
		stop := make(chan os.Signal, 2)
		signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
		return stop
	}
	env := environment{lookup: os.LookupEnv}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		env.names = append(env.names, name)
	}
	os.Exit(run(context.Background(), os.Args[1:], env, os.Stdin, os.Stdout, os.Stderr, signals))
}
