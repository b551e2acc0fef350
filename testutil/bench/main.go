// Command bench measures cannery against the least that a server in Go can do:
// a bare net/http handler, the floor, that answers with the same bytes from
// memory. Both run by turns on the same machine, so that what else it does
// disturbs both, and only their ratios are reported.
//
//	go run ./testutil/bench [flags]
//
// It builds cannery, generates all recordings in a temporary directory, starts
// a redis-server of its own, and prints a table in Markdown. It needs Linux for
// the processors' time (/proc). Requests come from wrk when that is installed,
// else from a client of its own.
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
	"regexp"
	"time"
)

// settings are what the command line says.
type settings struct {
	rounds   int           // of floor and subject by turns
	duration time.Duration // of each turn
	many     int           // recordings of the measurements that need many
	million  bool
	only     *regexp.Regexp // of the names of measurements; nil: all
	client   string         // "wrk" or "go"
	binary   string         // a cannery to measure; "": build one
	dir      string         // for all files, removed at the end; "": a temporary one
}

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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(run(ctx, s))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func parse(args []string) (*settings, error) {
	s := &settings{}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&s.rounds, "rounds", 5, "turns of each, of which the median counts")
	f.DurationVar(&s.duration, "duration", 4*time.Second, "length of a turn")
	f.IntVar(&s.many, "many", 100_000, "recordings where many are needed")
	f.BoolVar(&s.million, "million", false, "also measure 1,000,000 recordings in Redis (needs 4 GB of memory)")
	f.StringVar(&s.client, "client", "", "wrk or go; wrk when it is installed")
	f.StringVar(&s.binary, "binary", "", "the cannery to measure, instead of building one")
	f.StringVar(&s.dir, "dir", "", "put all files below this directory, as on another disk")
	only := f.String("only", "", "measure only what matches this regular expression")
	quick := f.Bool("quick", false, "a look in about a minute: fewer and shorter turns, fewer recordings")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if *quick {
		s.rounds, s.duration, s.many = 3, time.Second, 10_000
	}
	if s.client == "" {
		s.client = "go"
		if _, err := exec.LookPath("wrk"); err == nil {
			s.client = "wrk"
		}
	}
	var err error
	s.only, err = regexp.Compile(*only)
	return s, err
}

// run measures everything that was asked for.
func run(ctx context.Context, s *settings) (err error) {
	dir, err := os.MkdirTemp(s.dir, "cannery-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &bench{settings: s, dir: dir, table: &table{}}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.program, err = build(ctx, cmp.Or(s.binary, filepath.Join(dir, "cannery")), s.binary == ""); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s\n", machine())
	for _, m := range measurements() {
		if !s.only.MatchString(m.name) || m.million && !s.million {
			continue
		}
		began := time.Now()
		fmt.Fprintf(os.Stderr, "%-20s", m.name)
		err := b.measure(ctx, m)
		fmt.Fprintf(os.Stderr, " %4.0f s\n", time.Since(began).Seconds())
		if err != nil {
			return fmt.Errorf("measure %s: %w", m.name, err)
		}
	}
	fmt.Printf("%s; %d turns of %v each, by turns; requests by %s\n\n", machine(), s.rounds, s.duration, s.client)
	return b.table.print(os.Stdout)
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
