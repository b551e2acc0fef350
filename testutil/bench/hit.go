package main

import (
	"context"
	"fmt"
)

// hit compares hits with the floor.
func (b *bench) hit(ctx context.Context, store string, s sample, goal, tail float64) error {
	base, err := b.floor(ctx, s)
	if err != nil {
		return err
	}
	st, err := b.stock(ctx, store, s)
	if err != nil {
		return err
	}
	p, err := b.openWarm(ctx, st)
	if err != nil {
		return err
	}
	if err := same(ctx, base, p); err != nil {
		return err
	}
	c := comparison{
		name: fmt.Sprintf("HIT, %s, %s", store, sizeText(s.size)),
		base: base, subject: p,
		load: load{connections: busy, count: s.count},
		goal: goal, tail: tail,
	}
	if s.size == thousand.size {
		c.redis, c.redisGoal = st.redis, 0.1
	}
	if s.size > medium.size {
		c.load.connections = 8
	}
	return b.compare(ctx, c)
}

func sizeText(size int) string {
	if size >= 1<<20 {
		return fmt.Sprintf("%d MiB", size>>20)
	}
	return fmt.Sprintf("%d KiB", size>>10)
}

// hitCache is what a cache library alone costs.
func hitCache(ctx context.Context, b *bench) error {
	base, err := b.floor(ctx, thousand)
	if err != nil {
		return err
	}
	p, err := b.floor(ctx, thousand, "-kind", "cache")
	if err != nil {
		return err
	}
	return b.compare(ctx, comparison{
		name: "for comparison: the floor with an otter cache",
		base: base, subject: p, load: load{connections: busy, count: thousand.count},
	})
}

// hitAlone measures what one client on one connection waits for beside the
// floor's time: a round trip to Redis, which is measured by itself.
func hitAlone(ctx context.Context, b *bench) error {
	base, err := b.floor(ctx, thousand)
	if err != nil {
		return err
	}
	st, err := b.stock(ctx, "Redis", thousand)
	if err != nil {
		return err
	}
	p, err := b.openWarm(ctx, st)
	if err != nil {
		return err
	}
	one := load{connections: 1, count: thousand.count}
	var added, trips []float64
	for range b.rounds {
		alone, err := b.turn(ctx, base, one)
		if err != nil {
			return err
		}
		got, err := b.turn(ctx, p, one)
		if err != nil {
			return err
		}
		trip, err := roundTrip(ctx, st.redis[0])
		if err != nil {
			return err
		}
		added = append(added, (got.p50-alone.p50).Seconds()*1e6)
		trips = append(trips, trip.Seconds()*1e6)
	}
	b.table.add(row{
		Name: "HIT, Redis, one connection: added latency against a GET by go-redis", Goal: 1, Values: ratios(added, trips),
		Note: fmt.Sprintf("%.0f us against %.0f us", median(added), median(trips)),
	})
	return nil
}
