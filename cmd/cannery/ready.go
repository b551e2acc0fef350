package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// removeReadyFile removes what an earlier run has left: a file that is there says
// that this proxy is ready.
func (o *start) removeReadyFile() error {
	info, err := os.Lstat(o.readyFile)
	if err != nil || !info.Mode().IsRegular() {
		return nil // tellReady says what is wrong with it
	}
	if err := os.Remove(o.readyFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace --ready-file %q: %w", o.readyFile, cause(err))
	}
	return nil
}

// tellReady writes the proxy's URL to --ready-file. The reader of a FIFO is
// waited for beside the answering of requests, until end is called.
func (o *start) tellReady(ctx context.Context, w *world, j *journal, url string) (end func(), err error) {
	if o.readyFile == "" {
		return func() {}, nil
	}
	tell := func(ctx context.Context) error {
		err := w.writeOutput(ctx, o.readyFile, func(out io.Writer) error {
			_, err := fmt.Fprintln(out, url)
			return err
		})
		if err != nil {
			return fmt.Errorf("write --ready-file %q: %w", o.readyFile, err)
		}
		return nil
	}
	if !leadsToFIFO(o.readyFile) {
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
