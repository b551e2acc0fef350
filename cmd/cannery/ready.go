package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// removeEarlier removes what an earlier run has left in the file of a setting, "" for
// none: that it is there says that this proxy is ready.
func removeEarlier(setting, path string) error {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil // tell says what is wrong with it
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace %s %q: %w", setting, path, cause(err))
	}
	return nil
}

// tell writes to the file of a setting, "" for none, what others wait for. The reader
// of a FIFO is waited for beside the answering of requests, until end is called.
func (w *world) tell(ctx context.Context, j *journal, setting, path string, text []byte) (end func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	tell := func(ctx context.Context) error {
		err := w.writeOutput(ctx, path, func(out io.Writer) error {
			_, err := out.Write(text)
			return err
		})
		if err != nil {
			return fmt.Errorf("write %s %q: %w", setting, path, err)
		}
		return nil
	}
	if !leadsToFIFO(path) {
		return func() {}, tell(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	told := make(chan struct{})
	go func() {
		defer close(told)
		if err := tell(ctx); err != nil {
			j.say(err.Error())
		}
	}()
	return func() {
		cancel()
		<-told
	}, nil
}
