package main

import "context"

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
	c := comparison{name: "MISS, " + store, base: base, goal: goal, load: load{connections: busy, fresh: true}}
	st, err := b.stock(ctx, store, sample{})
	if err != nil {
		return err
	}
	c.redis = st.redis
	if len(st.redis) > 0 {
		set, err := b.floor(ctx, thousand, "-kind", "proxy", "-origin", origin.url, "-redis", st.redis[0].url)
		if err != nil {
			return err
		}
		other := c
		other.name, other.subject, other.goal = "for comparison: ReverseProxy with a SET", set, 0
		if err := b.compare(ctx, other); err != nil {
			return err
		}
	}
	if c.subject, err = b.open(ctx, st, "--origin", originName+"="+origin.url); err != nil {
		return err
	}
	return b.compare(ctx, c)
}
