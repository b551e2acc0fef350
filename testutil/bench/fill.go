package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/dirstore"
	"example.com/cannery/fixtures/redisstore"
)

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
	store, err := dirstore.Open(filepath.Join(state, "cannery"), 1<<20)
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
	config := fmt.Sprintf(`{"version": 1, "origins": {%q: "http://origin.test"}, "rules": {}}`, originName)
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
	sideName := ""
	doc, side, err := fixtures.EncodeFixture(rec, func(ext string) string {
		sideName = filepath.Base(stem) + ".body-1" + ext
		return sideName
	})
	if err != nil {
		return err
	}
	if sideName != "" {
		if err := os.WriteFile(filepath.Join(filepath.Dir(stem), sideName), side.Bytes, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(stem+".json", doc, 0o644)
}
