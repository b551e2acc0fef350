package main

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
)

const mebibyte = 1 << 20

// memoryFiles measures what cannery needs beside its recordings, whose own size
// is that of their files, when all have been asked for.
func (b *bench) memoryFiles(ctx context.Context, store string) error {
	st, err := b.stock(ctx, store, thousand.of(b.many))
	if err != nil {
		return err
	}
	own, err := sizeOf(st.files)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("memory over the recordings' own size, %s, %d", store, st.count)
	if err := b.memoryOver(ctx, st, own, row{Name: name, Goal: 60}); err != nil || store == "offline" {
		return err
	}
	return b.memoryOver(ctx, st, own, row{Name: name + ", --cache-size for all"}, st.roomForAll()...)
}

// memoryCache measures what it needs beside --cache-size, where recordings are
// elsewhere.
func (b *bench) memoryCache(ctx context.Context, store string) error {
	st, err := b.stock(ctx, store, thousand.of(b.many))
	if err != nil {
		return err
	}
	size := int64(st.count) * int64(st.size) / 4
	name := fmt.Sprintf("memory over --cache-size, %s, %d, with a quarter of their size", store, st.count)
	return b.memoryOver(ctx, st, size, row{Name: name}, "--cache-size", fmt.Sprint(size))
}

// memoryOver adds the row of the memory in use beside so many bytes, after all
// recordings have been asked for.
func (b *bench) memoryOver(ctx context.Context, st *stock, allowed int64, r row, args ...string) error {
	p, err := b.open(ctx, st, args...)
	if err != nil {
		return err
	}
	idle, err := p.memory()
	if err != nil {
		return err
	}
	if err := b.sweep(ctx, p, st.count); err != nil {
		return err
	}
	now, err := p.memory()
	if err != nil {
		return err
	}
	r.Unit, r.Values = "MiB", []float64{float64(now-allowed) / mebibyte}
	r.Note = fmt.Sprintf("%d MiB in use, %d MiB of it allowed; %d MiB when it was ready", now/mebibyte, allowed/mebibyte, idle/mebibyte)
	b.table.add(r)
	return p.stop()
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
