package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/file"
	"example.com/cannery/fixtures/localstore"
	"example.com/cannery/fixtures/redisstore"
)

// A stock is a store full of recordings, and how to start cannery on it.
type stock struct {
	sample
	store    string
	state    string     // directory
	fixtures string     // directory of the recordings offline
	origin   string     // URL; not used offline
	redis    []*process // that the store is on; nil for others
}

// nowhere is the origin of a stock whose requests are all hits. It is there to be
// named.
const nowhere = "http://127.0.0.1:9"

// stock fills a store: "directory", "offline", which is a directory of
// fixtures, "Redis" or "Redis Cluster".
func (b *bench) stock(ctx context.Context, store string, s sample) (*stock, error) {
	st := &stock{sample: s, store: store, state: b.dir, origin: nowhere}
	switch store {
	case "directory":
		st.state = b.folder("state")
		return st, s.fillDir(ctx, st.state)
	case "offline":
		st.fixtures = b.folder("fixtures")
		return st, s.fillFixtures(st.fixtures)
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
	return st, s.fillRedis(ctx, redisURL(st.redis...))
}

// open starts cannery on a stock.
func (b *bench) open(ctx context.Context, st *stock, more ...string) (*process, error) {
	args := []string{"--origin", originName + "=" + st.origin}
	switch {
	case st.store == "offline":
		args = []string{"--offline", "--fixtures", st.fixtures}
	case st.redis != nil:
		args = append(args, "--redis", redisURL(st.redis...))
	}
	return b.cannery(ctx, st.state, append(args, more...)...)
}

// openEmpty starts cannery before an origin, on a store without recordings.
func (b *bench) openEmpty(ctx context.Context, store string, origin *process) (*stock, *process, error) {
	st, err := b.stock(ctx, store, sample{})
	if err != nil {
		return nil, nil, err
	}
	st.origin = origin.url
	p, err := b.open(ctx, st)
	return st, p, err
}

// openWarm starts cannery with memory for all recordings, which it then has in
// it. Offline it needs no leave to.
func (b *bench) openWarm(ctx context.Context, st *stock, more ...string) (*process, error) {
	room := more
	if st.store != "offline" {
		room = append(room, "--cache-size", fmt.Sprint(64<<20+2*st.count*(st.size+1024)))
	}
	p, err := b.open(ctx, st, room...)
	if err != nil {
		return nil, err
	}
	return p, b.sweep(ctx, p, st.count)
}

// recordings yields the recordings of all URLs of a sample.
func (s sample) recordings() iter.Seq2[*fixtures.Recording, error] {
	return func(yield func(*fixtures.Recording, error) bool) {
		for i := range s.count {
			if !yield(s.recording(i), nil) {
				return
			}
		}
	}
}

// fillDir makes a store in a directory, below which cannery finds it when
// XDG_STATE_HOME names it.
func (s sample) fillDir(ctx context.Context, state string) error {
	store, err := localstore.Open(filepath.Join(state, "cannery"), 1<<20)
	if err != nil {
		return err
	}
	defer store.Close()
	_, err = store.Import(ctx, fixtures.Rules{}, s.recordings(), false)
	return err
}

// fillRedis makes a store in a Redis.
func (s sample) fillRedis(ctx context.Context, url string) error {
	store, err := redisstore.Open(ctx, redisstore.Config{URL: url})
	if err != nil {
		return err
	}
	defer store.Close()
	_, err = store.Import(ctx, fixtures.Rules{}, s.recordings(), false)
	return err
}

// fillFixtures writes a directory of fixtures, a hundred to a folder.
func (s sample) fillFixtures(dir string) error {
	config := fmt.Sprintf(`{"version": 1, "origins": {%q: %q}, "rules": {}}`, originName, originURL)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "cannery.json"), []byte(config), 0o644); err != nil {
		return err
	}
	for i := range s.count {
		folder := filepath.Join(dir, "GET", "v1", fmt.Sprint(i/100))
		if i%100 == 0 {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
		}
		if err := writeFixture(filepath.Join(folder, fmt.Sprintf("items--%08x", i)), s.recording(i)); err != nil {
			return err
		}
	}
	return nil
}

// writeFixture writes a recording at a path without its extension.
func writeFixture(stem string, rec *fixtures.Recording) error {
	doc, sides, err := file.Encode(rec, func(_ int, ext string) string { return filepath.Base(stem) + ".body-1" + ext })
	if err != nil {
		return err
	}
	for _, side := range sides {
		if err := os.WriteFile(filepath.Join(filepath.Dir(stem), side.Name), side.Content.Bytes, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(stem+".json", doc, 0o644)
}
