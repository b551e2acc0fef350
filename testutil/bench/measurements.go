package main

import "context"

// busy is the load of most measurements: what a test suite in parallel does.
const busy = 64

// measurements are the whole matrix, in the order of the table.
func measurements() []measurement {
	return []measurement{
		{name: "hit/cache", do: hitCache},
		{name: "hit/directory", do: hit("directory", thousand, 1.20, 1.25)},
		{name: "hit/offline", do: hit("offline", thousand, 1.20, 1.25)},
		{name: "hit/redis", do: hit("Redis", thousand, 1.45, noGoal)},
		{name: "hit/redis/alone", do: hitAlone},
		{name: "with/nginx/static", with: "nginx", do: withNginx},
		{name: "with/nginx/proxy_cache", with: "nginx", do: withProxyCache},
		{name: "with/varnish", with: "varnish", do: withVarnish},
		{name: "size/100KiB/directory", do: hit("directory", medium, 1.2, 0)},
		{name: "size/100KiB/offline", do: hit("offline", medium, 1.2, 0)},
		{name: "size/100KiB/redis", do: hit("Redis", medium, 1.2, 0)},
		{name: "size/10MiB/directory", do: hit("directory", large, 1.3, 0)},
		{name: "size/10MiB/offline", do: hit("offline", large, 1.3, 0)},
		{name: "size/10MiB/redis", do: hit("Redis", large, 1.3, 0)},
		{name: "allocs", do: allocs},
		{name: "flat/cache", do: flatCache},
		{name: "flat/directory", do: flat("directory")},
		{name: "flat/offline", do: flat("offline")},
		{name: "flat/redis", do: flat("Redis")},
		{name: "flat/redis/small", do: flatSmall},
		{name: "flat/redis/million", with: million, do: func(ctx context.Context, b *bench) error {
			return b.flat(ctx, "Redis", 1.5, 1_000_000)
		}},
		{name: "miss/directory", do: miss("directory", 1.6)},
		{name: "miss/redis", do: miss("Redis", 1.35)},
		{name: "stream/directory", do: on("directory", (*bench).stream)},
		{name: "stream/redis", do: on("Redis", (*bench).stream)},
		{name: "start", do: startTimes},
		{name: "memory/offline", do: on("offline", (*bench).memoryFiles)},
		{name: "memory/directory", do: on("directory", (*bench).memoryFiles)},
		{name: "memory/redis", do: on("Redis", (*bench).memoryCache)},
		{name: "clear", do: clearTimes},
		{name: "scale/redis", do: on("Redis", (*bench).scale)},
		{name: "scale/cluster", do: on("Redis Cluster", (*bench).scale)},
	}
}

// Each of these makes what a bench does, for a store, a measurement.

func on(store string, do func(*bench, context.Context, string) error) func(context.Context, *bench) error {
	return func(ctx context.Context, b *bench) error { return do(b, ctx, store) }
}

func hit(store string, s sample, goal, tail float64) func(context.Context, *bench) error {
	return func(ctx context.Context, b *bench) error { return b.hit(ctx, store, s, goal, tail) }
}

func flat(store string) func(context.Context, *bench) error {
	return func(ctx context.Context, b *bench) error { return b.flat(ctx, store, 1.25, b.counts()...) }
}

func miss(store string, goal float64) func(context.Context, *bench) error {
	return func(ctx context.Context, b *bench) error { return b.miss(ctx, store, goal) }
}
