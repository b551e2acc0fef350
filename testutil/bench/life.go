package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// startTimes measures how long cannery takes to be ready, and what memory it
// needs beside its recordings.
func startTimes(ctx context.Context, b *bench) error {
	for _, c := range []struct {
		store string
		count int
		goal  float64 // in milliseconds
	}{
		{"offline", 1000, 60},
		{"offline", 10_000, 300},
		{"offline", 100_000, 2000},
		{"directory", 1000, 60},
		{"directory", 10_000, 60},
		{"directory", 100_000, 60},
		{"Redis", 100_000, 60},
	} {
		if c.count > b.many {
			continue
		}
		if err := b.starts(ctx, c.store, sample{count: c.count, size: thousand.size, json: true}, c.goal); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) starts(ctx context.Context, store string, s sample, goal float64) error {
	p, _, err := b.subject(ctx, store, s)
	if err != nil {
		return err
	}
	args := p.cmd.Args[len([]string{b.program, "start", "--port", "0", "--json", "--quiet", "--log", "off"}):]
	state := stateOf(p)
	var times []float64
	for range b.rounds {
		if err := p.stop(); err != nil {
			return err
		}
		if p, err = b.cannery(ctx, state, args...); err != nil {
			return err
		}
		times = append(times, p.ready.Seconds()*1e3)
	}
	b.table.add(row{name: fmt.Sprintf("start, %s, %d recordings", store, s.count), unit: "ms", goal: goal, values: times})
	if s.count < b.many || store == "Redis" {
		return nil
	}
	if _, _, err := b.turn(ctx, p, load{connections: busy, count: s.count}); err != nil {
		return err
	}
	now, err := p.memory()
	if err != nil {
		return err
	}
	beside := float64(now-int64(s.count*s.size)) / (1 << 20)
	b.table.add(row{name: fmt.Sprintf("memory over the recordings' own size, %s, %d", store, s.count), unit: "MiB", goal: 60, values: []float64{beside}})
	return p.stop()
}

// stateOf returns the state directory that a cannery was started with.
func stateOf(p *process) string {
	for _, entry := range p.cmd.Env {
		if name, value, _ := strings.Cut(entry, "="); name == "XDG_STATE_HOME" {
			return value
		}
	}
	return ""
}

// clearTimes measures clear-cache on Redis: the command, and how long after its
// start a proxy still serves what was there.
func clearTimes(ctx context.Context, b *bench) error {
	s := sample{count: b.many, size: thousand.size, json: true}
	redis, err := b.redis(ctx)
	if err != nil {
		return err
	}
	origin, err := b.floor(ctx, thousand)
	if err != nil {
		return err
	}
	address := redisURL(redis)
	p, err := b.cannery(ctx, b.dir, "--origin", originName+"="+origin.url, "--redis", address)
	if err != nil {
		return err
	}
	var commands, seen []float64
	for range b.rounds {
		if err := s.fillRedis(ctx, address); err != nil {
			return err
		}
		took, empty, err := b.clear(ctx, p, address)
		if err != nil {
			return err
		}
		commands, seen = append(commands, took.Seconds()*1e3), append(seen, empty.Seconds()*1e3)
	}
	b.table.add(row{name: fmt.Sprintf("clear-cache, Redis, %d recordings", s.count), unit: "ms", goal: 600, values: commands})
	b.table.add(row{name: "until a proxy sees the empty store", unit: "ms", goal: 50, values: seen})
	return nil
}

// clear runs clear-cache and asks for recordings until one is missing.
func (b *bench) clear(ctx context.Context, p *process, address string) (took, empty time.Duration, err error) {
	cmd := exec.CommandContext(ctx, b.program, "clear-cache", "--redis", address)
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+b.dir)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	for n := 0; empty == 0; n++ {
		res, err := http.Get(p.url + target(n))
		if err != nil {
			return 0, 0, err
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return 0, 0, err
		}
		res.Body.Close()
		if res.Header.Get("X-Cache") == "MISS" {
			empty = time.Since(began)
		}
	}
	err = cmd.Wait()
	return time.Since(began), empty, err
}

// hitAlone measures what one client on one connection waits for beside the
// floor's time: a round trip to Redis, which is measured by itself.
func hitAlone(ctx context.Context, b *bench) error {
	base, err := b.floor(ctx, thousand)
	if err != nil {
		return err
	}
	p, redis, err := b.subject(ctx, "Redis", thousand)
	if err != nil {
		return err
	}
	one := load{connections: 1, count: thousand.count}
	var ratios, added, trips []float64
	for range b.rounds {
		alone, _, err := b.turn(ctx, base, one)
		if err != nil {
			return err
		}
		got, _, err := b.turn(ctx, p, one)
		if err != nil {
			return err
		}
		trip, err := roundTrip(ctx, redis.url)
		if err != nil {
			return err
		}
		added = append(added, (got.p50-alone.p50).Seconds()*1e6)
		trips = append(trips, trip.Seconds()*1e6)
		ratios = append(ratios, float64(got.p50-alone.p50)/float64(trip))
	}
	is, _, _ := spread(added)
	was, _, _ := spread(trips)
	b.table.add(row{
		name: "HIT, Redis, one connection: added latency against a GET by go-redis", goal: 1, values: ratios,
		note: fmt.Sprintf("%.0f us against %.0f us", is, was),
	})
	return nil
}
