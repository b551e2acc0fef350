package main

import "context"

// busy is the load of most measurements: what a test suite in parallel does.
const busy = 64

// measurements are all that README.md tells, in its order.
func measurements() []measurement {
	return []measurement{
		{name: "hit/directory", do: hit("directory", thousand, 1.20, 1.25)},
		{name: "hit/offline", do: hit("offline", thousand, 1.20, 1.25)},
		{name: "hit/redis", do: hit("Redis", thousand, 1.45, 0)},
		{name: "hit/tls", do: hitTLS},
		{name: "tunnel/hit/directory", do: on("directory", (*bench).tunnelHit)},
		{name: "tunnel/hit/offline", do: on("offline", (*bench).tunnelHit)},
		{name: "tunnel/first", do: tunnelFirst},
		{name: "with/nginx/static", needs: "nginx", do: withNginx},
		{name: "with/nginx/proxy_cache", needs: "nginx", do: withProxyCache},
		{name: "with/varnish", needs: "varnish", do: withVarnish},
		{name: "size/100KiB/directory", do: hit("directory", medium, 1.2, 0)},
		{name: "size/100KiB/offline", do: hit("offline", medium, 1.2, 0)},
		{name: "size/100KiB/redis", do: hit("Redis", medium, 1.2, 0)},
		{name: "size/10MiB/directory", do: hit("directory", large, 1.3, 0)},
		{name: "size/10MiB/offline", do: hit("offline", large, 1.3, 0)},
		{name: "size/10MiB/redis", do: hit("Redis", large, 1.3, 0)},
		{name: "flat/directory", do: on("directory", (*bench).flat)},
		{name: "flat/offline", do: on("offline", (*bench).flat)},
		{name: "flat/redis", do: on("Redis", (*bench).flat)},
		{name: "miss/directory", do: miss("directory", 1.6)},
		{name: "miss/redis", do: miss("Redis", 1.35)},
		{name: "stream/directory", do: on("directory", (*bench).stream)},
		{name: "stream/redis", do: on("Redis", (*bench).stream)},
		{name: "alone/redis", do: hitAlone},
		{name: "allocs", do: allocs},
		{name: "start", do: startTimes},
		{name: "memory/offline", do: memoryOffline},
		{name: "clear", do: clearTimes},
		{name: "scale/redis", do: scale},
		{name: "scale/cluster", do: spreadKeys},
		{name: "download/directory", do: on("directory", (*bench).download)},
		{name: "download/redis", do: on("Redis", (*bench).download)},
	}
}

// Each of these makes what a bench does, for a store, a measurement.

func on(store string, do func(*bench, context.Context, string) error) func(context.Context, *bench) error {
	return func(ctx context.Context, b *bench) error { return do(b, ctx, store) }
}

func hit(store string, s sample, goal, tail float64) func(context.Context, *bench) error {
	return func(ctx context.Context, b *bench) error { return b.hit(ctx, store, s, goal, tail) }
}

func miss(store string, goal float64) func(context.Context, *bench) error {
	return func(ctx context.Context, b *bench) error { return b.miss(ctx, store, goal) }
}
