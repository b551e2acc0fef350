package main

import (
	"context"
	"fmt"
)

// startTimes measures how long cannery takes to be ready.
func startTimes(ctx context.Context, b *bench) error {
	type start struct {
		store string
		count int
		goal  float64 // in milliseconds
	}
	starts := []start{
		{"directory", 1000, 60},
		{"directory", b.many, 60},
		{"Redis", 1000, 60},
		{"Redis", b.many, 60},
	}
	for _, offline := range []start{{"offline", 1000, 60}, {"offline", 10_000, 300}, {"offline", 100_000, 2000}} {
		if offline.count <= b.many {
			starts = append(starts, offline)
		}
	}
	for _, s := range starts {
		if err := b.starts(ctx, s.store, thousand.of(s.count), s.goal); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) starts(ctx context.Context, store string, s sample, goal float64) error {
	st, err := b.stock(ctx, store, s)
	if err != nil {
		return err
	}
	var times []float64
	for range b.rounds {
		p, err := b.open(ctx, st)
		if err != nil {
			return err
		}
		times = append(times, p.ready.Seconds()*1e3)
		if err := p.stop(); err != nil {
			return err
		}
	}
	b.table.add(row{Name: fmt.Sprintf("start, %s, %d recordings: ready", store, s.count), Unit: "ms", Goal: goal, Values: times})
	return nil
}
