package main

import (
	"context"
	"fmt"
)

// A stock is a store full of recordings, and how to start cannery on it.
type stock struct {
	sample
	store string
	state string // directory
	files string // directory of the recordings; "" for Redis
	args  []string
	redis []*process // that the store is on; nil for others
}

// stock fills a store: "directory", "offline", which is a directory of
// fixtures, "Redis" or "Redis Cluster". An origin is there to be named: all
// requests are hits.
func (b *bench) stock(ctx context.Context, store string, s sample) (*stock, error) {
	st := &stock{sample: s, store: store, state: b.dir, args: []string{"--origin", originName + "=http://127.0.0.1:9"}}
	switch store {
	case "directory":
		st.state = b.folder("state")
		st.files = st.state
		return st, s.fillDir(ctx, st.state)
	case "offline":
		st.files = b.folder("fixtures")
		st.args = []string{"--offline", "--fixtures", st.files}
		return st, s.fillFixtures(st.files)
	case "Redis Cluster":
		nodes, err := b.cluster(ctx)
		if err != nil {
			return nil, err
		}
		st.redis = nodes
	default:
		node, err := b.redis(ctx)
		if err != nil {
			return nil, err
		}
		st.redis = []*process{node}
	}
	address := redisURL(st.redis...)
	st.args = append(st.args, "--redis", address)
	return st, s.fillRedis(ctx, address)
}

// open starts cannery on a stock.
func (b *bench) open(ctx context.Context, st *stock, more ...string) (*process, error) {
	return b.cannery(ctx, st.state, append(st.args[:len(st.args):len(st.args)], more...)...)
}

// openWarm starts cannery with memory for all recordings, which it then has in
// it.
func (b *bench) openWarm(ctx context.Context, st *stock) (*process, error) {
	p, err := b.open(ctx, st, st.roomForAll()...)
	if err != nil {
		return nil, err
	}
	return p, b.sweep(ctx, p, st.count)
}

// roomForAll are the arguments that let all recordings stay in memory. Offline
// they do without.
func (st *stock) roomForAll() []string {
	if st.store == "offline" {
		return nil
	}
	return []string{"--cache-size", fmt.Sprint(64<<20 + 2*st.count*(st.size+1024))}
}
