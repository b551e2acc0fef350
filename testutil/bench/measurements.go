package main

import (
	"context"
	"fmt"
)

// busy is the load of most measurements: what a test suite in parallel does.
const busy = 64

func measurements() []measurement {
	return []measurement{
		{name: "hit/cache", do: hitCache},
		{name: "hit/directory", do: func(ctx context.Context, b *bench) error { return b.hit(ctx, "directory", thousand, 1.20, 1.25) }},
		{name: "hit/offline", do: func(ctx context.Context, b *bench) error { return b.hit(ctx, "offline", thousand, 1.20, 1.25) }},
		{name: "hit/redis", do: func(ctx context.Context, b *bench) error { return b.hit(ctx, "Redis", thousand, 1.45, 0) }},
		{name: "hit/redis/alone", do: hitAlone},
		{name: "size/100KiB/directory", do: func(ctx context.Context, b *bench) error { return b.hit(ctx, "directory", medium, 1.2, 0) }},
		{name: "size/100KiB/offline", do: func(ctx context.Context, b *bench) error { return b.hit(ctx, "offline", medium, 1.2, 0) }},
		{name: "size/100KiB/redis", do: func(ctx context.Context, b *bench) error { return b.hit(ctx, "Redis", medium, 1.2, 0) }},
		{name: "size/10MiB/directory", do: func(ctx context.Context, b *bench) error { return b.hit(ctx, "directory", large, 1.3, 0) }},
		{name: "size/10MiB/offline", do: func(ctx context.Context, b *bench) error { return b.hit(ctx, "offline", large, 1.3, 0) }},
		{name: "flat/cache", do: flatCache},
		{name: "flat/directory", do: func(ctx context.Context, b *bench) error { return b.flat(ctx, "directory", b.many, 1.25) }},
		{name: "flat/offline", do: func(ctx context.Context, b *bench) error { return b.flat(ctx, "offline", b.many, 1.25) }},
		{name: "flat/redis", do: func(ctx context.Context, b *bench) error { return b.flat(ctx, "Redis", b.many, 1.25) }},
		{name: "flat/redis/million", million: true, do: func(ctx context.Context, b *bench) error { return b.flat(ctx, "Redis", 1_000_000, 1.5) }},
		{name: "miss/directory", do: func(ctx context.Context, b *bench) error { return b.miss(ctx, "directory", 1.6) }},
		{name: "miss/redis", do: func(ctx context.Context, b *bench) error { return b.miss(ctx, "Redis", 1.35) }},
		{name: "start", do: startTimes},
		{name: "clear", do: clearTimes},
	}
}

// subject starts cannery on recordings of a sample. The Redis is nil for the
// others. An origin is there to be named: all requests are hits.
func (b *bench) subject(ctx context.Context, store string, s sample) (p, redis *process, err error) {
	origin := []string{"--origin", originName + "=http://127.0.0.1:9"}
	cache := []string{"--cache-size", fmt.Sprint(64<<20 + 4096*s.count)}
	switch store {
	case "directory":
		state := b.folder("state")
		if err := s.fillDir(ctx, state); err != nil {
			return nil, nil, err
		}
		p, err = b.cannery(ctx, state, append(cache, origin...)...)
	case "offline":
		dir := b.folder("fixtures")
		if err := s.fillFixtures(dir); err != nil {
			return nil, nil, err
		}
		p, err = b.cannery(ctx, b.dir, "--offline", "--fixtures", dir)
	case "Redis":
		if redis, err = b.redis(ctx); err != nil {
			return nil, nil, err
		}
		if err := s.fillRedis(ctx, redisURL(redis)); err != nil {
			return nil, nil, err
		}
		p, err = b.cannery(ctx, b.dir, append(append(cache, origin...), "--redis", redisURL(redis))...)
	}
	return p, redis, err
}

// hit compares hits with the floor.
func (b *bench) hit(ctx context.Context, store string, s sample, goal, tail float64) error {
	base, err := b.floor(ctx, s)
	if err != nil {
		return err
	}
	p, redis, err := b.subject(ctx, store, s)
	if err != nil {
		return err
	}
	if err := same(ctx, base, p); err != nil {
		return err
	}
	c := comparison{
		name: fmt.Sprintf("HIT, %s, %s", store, sizeText(s.size)),
		base: base, subject: p, redis: redis,
		load: load{connections: busy, count: s.count},
		goal: goal, tail: tail,
	}
	if s.size > thousand.size {
		c.redis = nil // its own time is about small hits
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

// flat compares many recordings with a thousand.
func (b *bench) flat(ctx context.Context, store string, many int, goal float64) error {
	base, _, err := b.subject(ctx, store, thousand)
	if err != nil {
		return err
	}
	p, _, err := b.subject(ctx, store, sample{count: many, size: thousand.size, json: true})
	if err != nil {
		return err
	}
	return b.flatter(ctx, store, base, p, many, goal)
}

func flatCache(ctx context.Context, b *bench) error {
	base, err := b.floor(ctx, thousand, "-kind", "cache")
	if err != nil {
		return err
	}
	p, err := b.floor(ctx, sample{count: b.many, size: thousand.size, json: true}, "-kind", "cache")
	if err != nil {
		return err
	}
	return b.flatter(ctx, "for comparison: otter alone", base, p, b.many, 0)
}

// flatter measures each server with its own number of URLs.
func (b *bench) flatter(ctx context.Context, name string, base, many *process, count int, goal float64) error {
	small := load{connections: busy, count: thousand.count}
	big := load{connections: busy, count: count}
	// Every recording is to be in memory before it counts.
	for range 1 + count/50_000 {
		if _, _, err := b.turn(ctx, many, big); err != nil {
			return err
		}
	}
	var ratios []float64
	for range b.rounds {
		one, _, err := b.turn(ctx, base, small)
		if err != nil {
			return err
		}
		other, _, err := b.turn(ctx, many, big)
		if err != nil {
			return err
		}
		ratios = append(ratios, other.cpu/one.cpu)
	}
	b.table.add(row{name: fmt.Sprintf("HIT, %s, %d recordings against 1000, CPU", name, count), goal: goal, values: ratios})
	return nil
}

// miss compares misses with a proxy that records nothing, and that with one
// that keeps each answer in Redis.
func (b *bench) miss(ctx context.Context, store string, goal float64) error {
	origin, err := b.floor(ctx, thousand)
	if err != nil {
		return err
	}
	base, err := b.floor(ctx, thousand, "-kind", "proxy", "-origin", origin.url)
	if err != nil {
		return err
	}
	args := []string{"--origin", originName + "=" + origin.url}
	c := comparison{name: "MISS, " + store, base: base, goal: goal, load: load{connections: busy, fresh: true}}
	if store == "Redis" {
		redis, err := b.redis(ctx)
		if err != nil {
			return err
		}
		set, err := b.floor(ctx, thousand, "-kind", "proxy", "-origin", origin.url, "-redis", redis.url)
		if err != nil {
			return err
		}
		other := c
		other.name, other.subject, other.goal = "for comparison: ReverseProxy with a SET", set, 0
		if err := b.compare(ctx, other); err != nil {
			return err
		}
		args = append(args, "--redis", redisURL(redis))
	}
	if c.subject, err = b.cannery(ctx, b.folder("state"), args...); err != nil {
		return err
	}
	return b.compare(ctx, c)
}
