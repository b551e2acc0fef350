// Command bench measures cannery against the least that a server in Go can do:
// a bare net/http handler, the floor, that answers with the same bytes from
// memory. Both run by turns on the same machine, so that what else it does
// disturbs both, and only their ratios are compared with goals.
//
//	go run ./testutil/bench [flags]
//
// It builds cannery, generates all recordings in a temporary directory, starts
// redis-servers of its own, and prints a table in Markdown. It needs Linux for
// the processors' time (cputime_linux.go). Requests come from wrk when that is
// installed, else from a client of its own; those at a steady rate always from
// that. nginx and Varnish are measured when they are installed.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "floor" {
		exit(floor(os.Args[2:]))
	}
	s, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		exit(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(run(ctx, s))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run measures everything that was asked for.
func run(ctx context.Context, s *settings) (err error) {
	if _, err := find("redis-server"); err != nil {
		return err // before an hour is spent on the rest
	}
	dir, err := os.MkdirTemp(s.dir, "cannery-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &bench{settings: s, dir: dir, table: &table{Machine: thisMachine(ctx), Method: s.method()}}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.program, err = build(ctx, cmp.Or(s.binary, filepath.Join(dir, "cannery")), s.binary == ""); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s\n", b.table.Machine)
	// What has been measured before an error is not lost.
	return errors.Join(b.measureAll(ctx), b.table.write(os.Stdout, s.json))
}

// measureAll fills the table, up to the first measurement that fails.
func (b *bench) measureAll(ctx context.Context) error {
	for _, m := range b.chosen() {
		if _, err := find(m.needs); m.needs != "" && err != nil {
			fmt.Fprintf(os.Stderr, "%-24s is left out: %v\n", m.name, err)
			continue
		}
		began := time.Now()
		fmt.Fprintf(os.Stderr, "%-24s", m.name)
		err := b.measure(ctx, m)
		fmt.Fprintf(os.Stderr, " %4.0f s\n", time.Since(began).Seconds())
		if err != nil {
			return fmt.Errorf("measure %s: %w", m.name, err)
		}
	}
	return nil
}

// build returns the program to measure.
func build(ctx context.Context, path string, anew bool) (string, error) {
	if !anew {
		return filepath.Abs(path)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "example.com/cannery/cmd/cannery")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build cannery: %w", err)
	}
	return path, nil
}
