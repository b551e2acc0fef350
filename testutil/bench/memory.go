package main

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
)

const mebibyte = 1 << 20

// memoryOffline measures what cannery needs beside its recordings, whose own size
// is that of their files, when all have been asked for.
func memoryOffline(ctx context.Context, b *bench) error {
	st, err := b.stock(ctx, "offline", thousand.of(b.many))
	if err != nil {
		return err
	}
	own, err := sizeOf(st.fixtures)
	if err != nil {
		return err
	}
	p, err := b.open(ctx, st)
	if err != nil {
		return err
	}
	idle, err := p.memory(inUse)
	if err != nil {
		return err
	}
	if err := b.sweep(ctx, p, st.count); err != nil {
		return err
	}
	now, err := p.memory(inUse)
	if err != nil {
		return err
	}
	b.table.add(row{
		Name: fmt.Sprintf("memory over the recordings' own size, offline, %d", st.count), Unit: "MiB", Goal: 60,
		Values: []float64{float64(now-own) / mebibyte},
		Note:   fmt.Sprintf("%d MiB in use, of recordings %d MiB; %d MiB when it was ready", now/mebibyte, own/mebibyte, idle/mebibyte),
	})
	return nil
}

// sizeOf returns the bytes in all files below a directory.
func sizeOf(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}

// download measures the most memory that one large answer takes while it passes,
// on its MISS and on its HIT, beside that of the idle proxy.
func (b *bench) download(ctx context.Context, store string) error {
	origin, err := b.floor(ctx, sample{count: 1, size: 100_000_000})
	if err != nil {
		return err
	}
	_, p, err := b.openEmpty(ctx, store, origin)
	if err != nil {
		return err
	}
	idle, err := p.memory(inUse)
	if err != nil {
		return err
	}
	for _, want := range []string{"MISS", "HIT"} {
		if err := p.forgetPeak(); err != nil {
			return err
		}
		got, err := cacheHeader(ctx, p.url+target(0))
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("download from %s: X-Cache is %q, not %q", store, got, want)
		}
		most, err := p.memory(peak)
		if err != nil {
			return err
		}
		b.table.add(row{
			Name: fmt.Sprintf("%s of 100 MB, %s: memory over the idle proxy's", want, store), Unit: "MiB",
			Values: []float64{float64(most-idle) / mebibyte}, Note: fmt.Sprintf("%d MiB when it was ready", idle/mebibyte),
		})
	}
	return nil
}
